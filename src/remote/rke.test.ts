import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { etcdNodesOf, isRke, saveByRke } from "./rke.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-rke-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, text: string, mode = 0o600): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  await chmod(path, mode);
  return path;
}
const program = (script: string): Promise<string> => file("rke", `#!/bin/sh\n${script}\n`, 0o755);

describe("the nodes with etcd of a cluster file", () => {
  const rows: [string, string, object[]][] = [
    [
      "are those with that role, among others or alone",
      "nodes:\n- {address: a, role: [controlplane, etcd]}\n- {address: b, role: [worker]}\n- {address: c, role: etcd}\n",
      [{ host: "a" }, { host: "c" }],
    ],
    [
      "are reached by their own user, port and key",
      "nodes: [{address: a, role: [etcd], user: rke, port: '2222', ssh_key_path: /keys/a}]\nssh_key_path: /keys/all\n",
      [{ host: "a", user: "rke", port: 2222, key: "/keys/a" }],
    ],
    [
      "are reached by the key of all, below the home directory",
      "nodes: [{address: a, role: [etcd]}]\nssh_key_path: ~/.ssh/id_rsa\n",
      [{ host: "a", key: `${homedir()}/.ssh/id_rsa` }],
    ],
    [
      "take a tilde elsewhere as it is",
      "nodes: [{address: a, role: [etcd], ssh_key_path: /keys/~/a}]\n",
      [{ host: "a", key: "/keys/~/a" }],
    ],
    [
      "are reached over the bastion host",
      "nodes: [{address: a, role: [etcd]}]\nbastion_host: {address: jump, user: ana, port: 2200}\n",
      [{ host: "a", jump: "ana@jump:2200" }],
    ],
    [
      "are reached over one without user and port",
      "nodes: [{address: a, role: [etcd]}]\nbastion_host: {address: jump, user: '', port: null}\n",
      [{ host: "a", jump: "jump" }],
    ],
    [
      "are reached without one where it is written empty, as RKE does",
      "nodes: [{address: a, role: [etcd], user: '', ssh_key_path: '', port: null}]\nbastion_host: {address: '', port: '', user: ''}\n",
      [{ host: "a" }],
    ],
  ];
  it.each(rows)("%s", async (_, text, expected) => {
    expect(await etcdNodesOf(await file("cluster.yml", text))).toEqual(expected);
  });

  it.each([
    ["another file", "kind: Secret\n"],
    ["a node without an address", "nodes: [{role: [etcd]}]\n"],
    ["a port that is none", "nodes: [{address: a, role: [etcd], port: 70000}]\n"],
  ])("are not known of %s", async (_, text) => {
    await expect(etcdNodesOf(await file("cluster.yml", text))).rejects.toThrow();
  });
});

describe("a program", () => {
  const rows: [string, string, boolean][] = [
    ["is RKE by what it says of its version", "echo 'rke version v1.8.1'", true],
    ["is another one", "echo 'rke2 version v1.30.1+rke2r1'", false],
    ["is another one that speaks of RKE", "echo 'this is no rke version at all'", false],
    ["does not work", "echo 'rke version v1.8.1'; exit 1", false],
  ];
  it.each(rows)("%s: %s is %s", async (_, script, expected) => {
    expect(await isRke(await program(script))).toBe(expected);
  });

  it("is not there", async () => {
    expect(await isRke(join(folder, "none"))).toBe(false);
  });
});

describe("a snapshot by RKE", () => {
  const running = () => ({ deadlineMs: 20_000, signal: new AbortController().signal });
  const wanted = { name: "farrier-r-1", clusterFile: "/etc/cluster.yml" };

  it("is asked for by its name, of that cluster", async () => {
    const asked = join(folder, "asked");
    await saveByRke(await program(`echo "$@" >'${asked}'`), wanted, running());
    expect(await readFile(asked, "utf8")).toBe("etcd snapshot-save --name farrier-r-1 --config /etc/cluster.yml\n");
  });

  it("that fails says the last that the program said", async () => {
    const failing = await program("echo first >&2; echo 'level=fatal msg=\"no etcd\"' >&2; exit 3");
    await expect(saveByRke(failing, wanted, running())).rejects.toMatchObject({
      code: "backup.incomplete",
      message: expect.stringContaining('level=fatal msg="no etcd"'),
    });
  });

  it("is ended with its program when a person stops", async () => {
    const giveUp = new AbortController();
    const saving = saveByRke(await program("exec sleep 600"), wanted, { deadlineMs: 60_000, signal: giveUp.signal });
    giveUp.abort(new Error("stopped"));
    await expect(saving).rejects.toMatchObject({ code: "backup.incomplete" });
  });

  it("is not begun once a person has stopped", async () => {
    const asked = join(folder, "never");
    const stopped = { deadlineMs: 20_000, signal: AbortSignal.abort(new Error("stopped")) };
    await expect(saveByRke(await program(`echo >'${asked}'`), wanted, stopped)).rejects.toThrow("stopped");
    await expect(readFile(asked)).rejects.toThrow("ENOENT");
  });
});
