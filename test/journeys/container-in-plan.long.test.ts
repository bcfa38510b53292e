/**
 * A rotation that first copies the data of the container that Rancher runs in, through a real container engine. The
 * container is beside the estate that is rotated, and what runs in it is a shell.
 */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  appeared,
  type EngineLab,
  grown,
  missingForEngine,
  startContainerEngine,
} from "../helpers/container-engine.ts";
import { trustSecret } from "../helpers/estate-facts.ts";
import { type Journey, json, startJourney } from "../helpers/journey.ts";

const missing = missingForEngine();
const VERSION = "v2.15.1";
const DATA = "mkdir -p k3s; echo saved > k3s/state.db";

describe.skipIf(missing !== "")("a rotation with the copy of a container (left out without an engine)", () => {
  let lab: EngineLab;
  let own: Journey;
  const environment = { CATTLE_SERVER_VERSION: VERSION, CATTLE_AGENT_IMAGE: `rancher/rancher-agent:${VERSION}` };
  const starts = (name: string): Promise<string> => lab.inData(name, "cat starts; ls running");
  const container = (name: string, more: object = {}) => ({
    estateBackup: { container: { name, engineSocket: lab.socket, ...more } },
  });
  const names = async (): Promise<string[]> =>
    (await lab.podman("ps", "--all", "--format", "{{.Names}}")).trim().split("\n").sort();

  beforeAll(async () => {
    lab = await startContainerEngine();
    await lab.rancher("rancher", { script: DATA, environment });
  });
  afterAll(() => lab?.stop());
  afterEach(() => own?.stop());

  async function start(settings: Readonly<Record<string, unknown>>): Promise<Journey> {
    own = await startJourney({ clusters: [{ name: "paris" }], rancher: { version: "2.15.1" } }, settings);
    return own;
  }

  /** From now on the management cluster breaks every connection of people. */
  const silent = () =>
    own.sandbox.managementServer.faults.add(({ user }) =>
      user.name.startsWith("system:") || user.name === "kubernetes-admin" ? undefined : { kind: "reset" },
    );

  it("says that tunnels drop meanwhile, stops it for the copy, starts it again, and goes on (M2.1)", async () => {
    await start(container("rancher"));
    const { stdout } = await own.plan("rotation");
    expect(stdout).toMatch(
      /All data of container rancher, encrypted, copied while it stands still: every cluster's tunnel/,
    );
    const before = await starts("rancher");
    const applied = await own.farrier("apply", "rotation", "--yes");
    expect(applied.code, applied.stderr).toBe(0);
    expect(await starts("rancher")).toBe(before.replace("running", "started\nrunning"));
    expect(await own.farrier("apply", "rotation", "--yes")).toMatchObject({ code: 0 });
    expect(
      (await readdir(join(own.folder, "rotation/backups"))).filter((name) => /^rancher-data/.test(name)),
    ).toHaveLength(1);
    expect(await names()).toEqual(["rancher"]);
  });

  it("can be put back from the rotation's directory, where the container is named", async () => {
    await start(container("rancher"));
    await own.plan("rotation");
    expect((await own.farrier("apply", "rotation", "--yes")).code).toBe(0);
    await lab.inData("rancher", "echo changed > k3s/state.db");
    const flags = ["--container", "rancher", "--engine-socket", lab.socket, "--overwrite-newer", "--yes"];
    const restored = await own.farrier("restore", "rotation", ...flags);
    expect(restored.code, restored.stderr).toBe(0);
    expect(await lab.inData("rancher", "cat k3s/state.db")).toBe("saved\n");
  });

  it("killed in the middle of the copy: apply starts the container again, and copies anew", async () => {
    await lab.rancher("large", { script: `${DATA}; truncate -s 7G large`, environment });
    await start(container("large"));
    await own.plan("rotation");
    const begun = grown(join(own.folder, "rotation/backups"), /\.draft-\d+-/, 64 * 1024);
    const first = own.start("apply", "rotation", "--yes");
    await begun;
    first.process.kill("SIGKILL");
    await first.ended;
    expect(await lab.podman("inspect", "--format", "{{.State.Running}}", "large")).toBe("false\n");
    const trust = await trustSecret(own.sandbox);
    // The estate is in the container: nobody answers until that runs, and for a while after.
    const silence = silent();
    const second = own.start("apply", "rotation", "--yes");
    await second.line((line) => /Started large again/.test(line));
    await lab.inData("large", "rm large");
    silence.remove();
    expect((await second.ended).code).toBe(0);
    expect(await lab.inData("large", "ls running; cat k3s/state.db")).toBe("running\nsaved\n");
    expect(await trustSecret(own.sandbox)).not.toBe(trust);
    expect(await names()).toEqual(["large", "rancher"]);
    await lab.podman("rm", "--force", "--time", "0", "large");
  });

  it("waits for the estate, which does not answer while the container stands still, and goes on with it", async () => {
    await lab.rancher("alone", { script: `${DATA}; truncate -s 300M large`, environment });
    await start(container("alone"));
    await own.plan("rotation");
    const begun = grown(join(own.folder, "rotation/backups"), /\.draft-\d+-/, 64 * 1024);
    const applying = own.start("apply", "rotation", "--yes");
    await begun;
    const silence = silent();
    await appeared(join(own.folder, "rotation/estate-backup.json"));
    expect(await lab.inData("alone", "ls running")).toBe("running\n");
    silence.remove();
    const { code, stderr } = await applying.ended;
    expect(code, stderr).toBe(0);
    await lab.podman("rm", "--force", "--time", "0", "alone");
  });

  it("says that a copy of what runs may not be consistent, and stops nothing", async () => {
    await start(container("rancher", { hot: true }));
    expect((await own.plan("rotation")).stdout).toMatch(/while it runs: the copy may not be consistent/);
    const before = await starts("rancher");
    expect((await own.farrier("apply", "rotation", "--yes")).code).toBe(0);
    expect(await starts("rancher")).toBe(before);
    expect(json(await readFile(join(own.folder, "rotation/estate-backup.json"), "utf8")).copy).toBe("hot");
  });

  it("leaves out what is a directory of the host that is said to be covered, with the reason", async () => {
    const flags = ["--volume", `${lab.folder}:/var/lib/rancher`];
    await lab.rancher("mounted", { environment, flags });
    await start(container("mounted", { hostDirectoryCovered: true }));
    const { stdout } = await own.plan("rotation");
    expect(stdout).toContain(`the host's directory ${lab.folder}, which is said to be covered`);
    expect(stdout).not.toContain("copy-container");
    await lab.podman("rm", "--force", "--time", "0", "mounted");
  });

  describe("that cannot be made is said in the plan", () => {
    const rows: [string, object, Record<string, string>, RegExp][] = [
      ["no such container", { name: "gone" }, environment, /has no container gone/],
      [
        "no engine",
        { engineSocket: "/nowhere/engine.sock" },
        environment,
        /engine at \/nowhere\/engine\.sock does not/,
      ],
      ["no Rancher", {}, {}, /Container other is no Rancher server/],
      [
        "another Rancher's",
        {},
        { ...environment, CATTLE_SERVER_VERSION: "v2.9.0" },
        /runs Rancher v2\.9\.0, and this is/,
      ],
      ["a volume said to be covered", { hostDirectoryCovered: true }, environment, /are in the engine's volume/],
    ];
    it.each(rows)("%s, and a person can go on without", async (_, more, variables, says) => {
      await lab.rancher("other", { environment: variables });
      await start(container("other", more));
      const files = ["--cert", "tls.crt", "--key", "tls.key", "--cacerts", "cacerts.pem"];
      const refused = await own.farrier("plan", ...files, "--out", "rotation");
      expect([refused.code, refused.stdout]).toEqual([3, expect.stringMatching(says)]);
      expect(existsSync(join(own.folder, "rotation"))).toBe(false);
      const { stdout } = await own.plan("rotation", "--without-estate-backup", "-o", "json");
      expect(json(stdout).estateBackup).toEqual({ kind: "none", why: expect.stringMatching(says) });
      await lab.podman("rm", "--force", "--time", "0", "other");
    });
  });
});
