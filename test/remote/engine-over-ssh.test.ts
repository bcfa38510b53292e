/** A container's backup and restore through a real `sshd`, from a machine that has no engine of its own. */
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectRefusal } from "../helpers/command-lab.ts";
import { type EngineLab, missingForEngine, startContainerEngine } from "../helpers/container-engine.ts";
import { type Ended, farrierBeside } from "../helpers/run-farrier.ts";
import { type SshLab, sshInstalled, startSshLab } from "../helpers/ssh-server.ts";

const missing = missingForEngine();
const possible = missing === "" && sshInstalled();

describe.skipIf(!possible)("a container's backup over SSH (left out without sshd or a container engine)", () => {
  let engine: EngineLab;
  let ssh: SshLab;

  const farrier = (...args: readonly string[]): Promise<Ended> =>
    farrierBeside(engine.folder, args, {
      environment: { XDG_CONFIG_HOME: join(engine.folder, "config"), DOCKER_HOST: "unix:///nowhere", TMPDIR: own() },
    });
  const over = (host: string, socket = engine.socket): string[] => [
    "--engine-socket",
    `ssh://${host}${socket}`,
    "--ssh-config",
    ssh.config,
  ];
  /** Its temporary files, and nobody else's. */
  const own = (): string => join(engine.folder, "own");
  const forwards = async (): Promise<string[]> =>
    (await readdir(own())).filter((name) => name.startsWith("farrier-forward-"));

  beforeAll(async () => {
    [engine, ssh] = await Promise.all([startContainerEngine(), startSshLab()]);
    await mkdir(own());
    await engine.rancher("rancher", { script: "echo saved > state.db" });
  });
  afterAll(async () => {
    await engine?.stop();
    await ssh?.stop();
  });

  it("is made and put back, also behind a jump host, and leaves no socket here", async () => {
    const made = await farrier("backup", "--container", "rancher", "--out", "backup", "--yes", ...over("node"));
    expect(made.code, made.stderr).toBe(0);
    await engine.inData("rancher", "echo changed > state.db");
    const direct = over(`127.0.0.1:${ssh.port}`);
    const restored = await farrier("restore", "backup", "--overwrite-newer", "--yes", ...direct);
    expect(restored.code, restored.stderr).toBe(0);
    expect(await engine.inData("rancher", "cat state.db starts")).toBe("saved\nstarted\nstarted\n");
    expect(await forwards()).toEqual([]);
  });

  it("is refused where the host's key is not known, or nothing listens there, and nothing is left", async () => {
    const flags = ["backup", "--container", "rancher", "--out", "none", "--yes"];
    const nowhere = await farrier(...flags, ...over("node", "/nowhere.sock"));
    expectRefusal(nowhere, { exit: 1, code: "engine.unreachable", says: /\/nowhere\.sock of node does not answer/ });
    await ssh.changeHostKey();
    const strange = await farrier(...flags, ...over(`127.0.0.1:${ssh.port}`));
    expectRefusal(strange, { exit: 1, code: "ssh.host-key", says: /has changed|is not known/ });
    expect(await engine.inData("rancher", "cat starts")).toBe("started\nstarted\n");
    expect(await forwards()).toEqual([]);
  });
});
