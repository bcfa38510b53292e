import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GivenValues } from "./given-values.ts";
import { isHelmRunning, lookAtHelm, runHelm } from "./helm-program.ts";
import type { StoredRelease } from "./stored-releases.ts";
import { upgradeByHand, upgradeRelease } from "./upgrade.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-program-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A program in place of helm: what it says and does is what is looked at here. */
async function program(name: string, ...lines: readonly string[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${lines.join("\n")}\n`);
  await chmod(path, 0o700);
  return path;
}

const RELEASE: StoredRelease = {
  name: "rancher",
  namespace: "cattle-system",
  revision: 3,
  status: "deployed",
  description: "",
  driver: "configmap",
  chart: {
    metadata: { name: "rancher", version: "2.15.1" },
    templates: [{ name: "templates/x.yaml", content: Buffer.from("") }],
    values: { privateCA: false, ingress: { tls: { source: "rancher" } } },
    files: [],
  },
  values: GivenValues.of({}),
  record: { resource: { group: "", version: "v1", plural: "configmaps" }, name: "", uid: "" },
};

describe("the program", () => {
  it.each([
    { name: "Helm 3", lines: ["echo v3.22.0"], is: { kind: "usable", version: "v3.22.0" } },
    { name: "Helm 4", lines: ["echo v4.3.1+g1234"], is: { kind: "usable", version: "v4.3.1+g1234" } },
    { name: "warnings before it", lines: ["echo WARNING: x", "echo v3.9.4"], is: { kind: "usable" } },
    { name: "Helm 2", lines: ["echo v2.17.0"], is: { kind: "unsuitable", version: "v2.17.0" } },
    { name: "a Helm of the future", lines: ["echo v5.0.0"], is: { kind: "unsuitable", version: "v5.0.0" } },
    { name: "another program", lines: ["echo who are you; exit 1"], is: { kind: "unsuitable" } },
  ])("$name", async ({ name, lines, is }) => {
    const path = await program(name.replaceAll(" ", "-"), ...lines);
    expect(await lookAtHelm({ program: path })).toMatchObject(is);
  });

  it("that is not there is missing", async () => {
    expect(await lookAtHelm({ program: join(folder, "none") })).toEqual({
      kind: "missing",
      program: join(folder, "none"),
    });
  });

  it("is told which cluster is meant, and gets its input", async () => {
    const path = await program("echo", 'echo "$@"', "cat");
    const end = await runHelm({ program: path, kubeconfig: "k.yaml", context: "c" }, { args: ["list"], input: "in" });
    expect(end).toEqual({ code: 0, stdout: "list --kubeconfig k.yaml --kube-context c\nin", stderr: "" });
  });

  it("is ended when nobody wants it any more, and until then can be seen by its arguments", async () => {
    const path = await program("slow", `mkfifo ${join(folder, "never")}`, `read line < ${join(folder, "never")}`);
    const ending = new AbortController();
    const mark = `farrier-test-${process.pid}-0.5`;
    const running = runHelm({ program: path }, { args: ["upgrade", mark], signal: ending.signal });
    await expect.poll(() => isHelmRunning(mark), { timeout: 60_000 }).toBe(true);
    ending.abort();
    expect((await running).code).not.toBe(0);
    expect(await isHelmRunning(mark)).toBe(false);
  });
});

describe("an upgrade", () => {
  const upgrade = (values: GivenValues) => ({
    release: RELEASE,
    values,
    description: "farrier r-1: a step",
    signal: new AbortController().signal,
  });

  it("gives all values through standard input, and the storage that the release is in", async () => {
    const said = join(folder, "said");
    const path = await program(
      "keeps",
      '[ "$1" = version ] && echo v3.22.0 && exit',
      '[ "$1" = show ] && echo "name: rancher\nversion: 2.15.1" && exit',
      `{ echo "$@"; echo "$HELM_DRIVER"; cat; } > ${said}`,
    );
    await upgradeRelease({ program: path, chart: "stable/rancher" }, upgrade(GivenValues.of({ password: "s3cr3t" })));
    const end = await runHelm({ program: "cat" }, { args: [said] });
    const [args = "", driver, input] = end.stdout.split("\n");
    expect(args).toContain("upgrade rancher stable/rancher --version 2.15.1 --namespace cattle-system --reset-values");
    expect(args).not.toContain("s3cr3t");
    expect(driver).toBe("configmap");
    expect(JSON.parse(input ?? "")).toEqual({ password: "s3cr3t" });
  });

  it("that fails repeats no value that was given", async () => {
    const path = await program(
      "fails",
      '[ "$1" = version ] && echo v4.3.1 && exit',
      "cat > /dev/null",
      'echo "WARNING: kubeconfig is readable" >&2; echo "Error: UPGRADE FAILED: bad value hunter2 in list" >&2; exit 1',
    );
    const failing = upgradeRelease({ program: path }, upgrade(GivenValues.of({ deep: [{ password: "hunter2" }] })));
    await expect(failing).rejects.toMatchObject({
      code: "helm.upgrade-failed",
      message:
        "helm upgrade of release cattle-system/rancher failed: Error: UPGRADE FAILED: bad value [redacted] in list",
    });
  });

  it.each([
    {
      name: "a value that is a part of another",
      given: { a: "s3cr3t", b: "s3cr3t-and-more" },
      says: "s3cr3t-and-more",
    },
    { name: "a number", given: { pin: 31_415_926 }, says: "31415926" },
    { name: "a line of a text", given: { key: "-----BEGIN KEY-----\nMIIEvQIBADANBg\n" }, says: "MIIEvQIBADANBg" },
    {
      name: "a value where the sentence is cut off",
      given: { a: "z".repeat(40) },
      says: "x".repeat(570) + "z".repeat(40),
    },
  ])("that fails repeats nothing of $name", async ({ name, given, says }) => {
    const path = await program(
      name.replaceAll(" ", "-"),
      '[ "$1" = version ] && echo v4.3.1 && exit',
      `cat > /dev/null; echo "Error: bad ${says}" >&2; exit 1`,
    );
    const failing = upgradeRelease({ program: path }, upgrade(GivenValues.of(given)));
    await expect(failing).rejects.toMatchObject({
      message: expect.stringMatching(
        /^helm upgrade of release cattle-system\/rancher failed: Error: bad x*\[redacted\]$/,
      ),
    });
  });

  it("by hand is one line, and gives the chart's default where a value is taken away", () => {
    const changes = [{ path: "privateCA" }, { path: "ingress.tls.source" }, { path: "tls", to: "external" }];
    expect(upgradeByHand(RELEASE, changes)).toBe(
      "helm upgrade rancher CHART --namespace cattle-system --version 2.15.1 --reuse-values --set privateCA=false --set ingress.tls.source=rancher --set tls=external",
    );
  });
});
