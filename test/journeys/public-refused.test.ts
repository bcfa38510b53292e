/** What stands against a public certificate is said before anything changes. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CommandLab, expectRefusal, startCommandLab } from "../helpers/command-lab.ts";
import { TO_PUBLIC, withPublicFiles } from "../helpers/public-files.ts";
import { expectWorld, restingWorld } from "../helpers/world-dump.ts";

const ROOTS = ["--public-roots", "roots.pem"];
const OUT = ["--out", "rotation"];

describe("an estate whose agents may use their system's store", () => {
  let lab: CommandLab;
  let filesBefore: unknown;
  let worldBefore: Record<string, unknown>;
  beforeAll(async () => {
    lab = await startCommandLab({ tls: { mode: "system-store" } });
    await withPublicFiles(lab);
    lab.put("garbage.pem", "no certificate\n");
    filesBefore = await lab.files();
    worldBefore = await restingWorld(lab.sandbox);
  });
  afterAll(() => lab?.stop());

  const found: readonly (readonly [name: string, args: readonly string[], code: string, says: RegExp])[] = [
    [
      "a chain that ends at a private CA",
      ["--cert", "tls.crt", "--key", "tls.key", "--public", ...ROOTS],
      "chain.unknown-authority",
      /Example Root Tomorrow|Example Issuing Tomorrow/,
    ],
    ["a root that is missing among those that Node brings", TO_PUBLIC, "chain.unknown-authority", /Example .* Public/],
    [
      "a chain without its intermediate",
      ["--cert", "leaf.crt", "--key", "public.key", "--public", ...ROOTS],
      "chain.unknown-authority",
      /Example Issuing Public/,
    ],
    [
      "a key of another certificate",
      ["--cert", "public.crt", "--key", "tls.key", "--public", ...ROOTS],
      "key.mismatch",
      /tls\.key/,
    ],
  ];
  it.concurrent.each(found)("%s is a finding: exit 3", async (_name, args, code, says) => {
    const ended = await lab.farrier(["plan", ...args, ...OUT]);
    expect(ended).toMatchObject({ code: 3, stderr: "" });
    const line = ended.stdout.split("\n").find((text) => text.startsWith("error ") && text.endsWith(`[${code}]`));
    expect(line, ended.stdout).toMatch(says);
  });

  const usage: readonly (readonly [name: string, args: readonly string[], code: string, says: RegExp])[] = [
    ["a bundle beside --public", [...TO_PUBLIC, "--cacerts", "cacerts.pem"], "input.usage", /--public and --cacerts/],
    ["--public alone", ["--public"], "input.usage", /--cert and --key/],
    ["roots that are not there", [...TO_PUBLIC, "--public-roots", "none.pem"], "input.file-missing", /none\.pem/],
    ["roots that are none", [...TO_PUBLIC, "--public-roots", "garbage.pem"], "input.not-pem", /garbage\.pem/],
    ["a flag day", [...TO_PUBLIC, ...ROOTS, "--replace"], "plan.no-procedure", /flag day does not lead to a public/],
  ];
  it.concurrent.each(usage)("%s is refused: exit 2", async (_name, args, code, says) => {
    expectRefusal(await lab.farrier(["plan", ...args, ...OUT]), { exit: 2, code, says });
  });

  it("and afterwards no directory was made, and the estate saw no write", async () => {
    const { "config/farrier/identity.txt": _, ...files } = (await lab.files()) as Record<string, string>;
    expect(files).toEqual(filesBefore);
    expect(lab.writes).toEqual([]);
    await expectWorld(lab.sandbox, worldBefore);
  });

  it("names the person's own list of roots in the settings as well", async () => {
    const settings = await readFile(lab.path("farrier.yaml"), "utf8");
    lab.put("with-roots.yaml", `${settings}publicRoots: roots.pem\n`);
    const ended = await lab.farrier(["check", ...TO_PUBLIC, "--config", "with-roots.yaml"]);
    expect(ended.stdout).not.toContain("chain.unknown-authority");
    expect(ended).toMatchObject({ code: 0 });
  });
});

describe("an estate whose agents verify strictly", () => {
  let lab: CommandLab;
  beforeAll(async () => {
    lab = await startCommandLab();
    await withPublicFiles(lab);
  });
  afterAll(() => lab?.stop());

  it("is refused with the reason, for the setting and for every agent: exit 3", async () => {
    const ended = await lab.farrier(["plan", ...TO_PUBLIC, ...ROOTS, ...OUT]);
    expect(ended).toMatchObject({ code: 3, stderr: "" });
    const errors = ended.stdout.split("\n").filter((line) => line.startsWith("error "));
    expect(errors).toHaveLength(1 + lab.sandbox.clusters.length);
    expect(errors[0]).toMatch(/agent-tls-mode is strict: agents trust nothing but Rancher's own bundle/);
    for (const { id } of lab.sandbox.clusters) expect(ended.stdout).toContain(id);
    expect(ended.stdout).toContain("STRICT_VERIFY=true");
    expect(lab.writes).toEqual([]);
  });
});
