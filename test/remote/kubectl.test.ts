/**
 * A node whose SSH server forwards no ports: the real `kubectl` asks the API server there, wherever it is found. Engines
 * are stand-ins that run what the container would run.
 */
import { execFileSync } from "node:child_process";
import { chmod, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Api } from "../../src/kubernetes/api.ts";
import type { Connection } from "../../src/kubernetes/connection.ts";
import { deployments, namespaces, secrets } from "../../src/kubernetes/resource.ts";
import { sshWay } from "../../src/observe/ssh-way.ts";
import { type NodeFiles, readNodeKubeconfig } from "../../src/remote/node-kubeconfig.ts";
import type { SshTarget } from "../../src/remote/ssh.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { type SshLab, sshInstalled, startSshLab } from "../helpers/ssh-server.ts";

const NO_FORWARDING = ["AllowTcpForwarding no"];
const SYSTEM = "cattle-system";
const AGENT = "cattle-cluster-agent";

function programsThere(...names: readonly string[]): boolean {
  try {
    for (const name of names) execFileSync("which", [name]);
    return true;
  } catch {
    process.stderr.write("kubectl is not installed: the tests of kubectl on a node are left out\n");
    return false;
  }
}

describe.skipIf(!sshInstalled() || !programsThere("kubectl"))("a node that forwards no ports", () => {
  let lab: SshLab;
  let sandbox: Sandbox;
  let node: SshTarget;
  let bin: string;
  const open: Connection[] = [];

  const script = async (file: string, text: string): Promise<void> => {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `#!/bin/sh\n${text}\n`);
    await chmod(file, 0o755);
  };
  /** A node's file system with a kubeconfig, and programs on the path besides the ones that every host has. */
  const nodeWith = async (name: string, programs: Readonly<Record<string, string>>): Promise<NodeFiles> => {
    const root = join(lab.folder, name);
    const kubeconfig = join(root, "etc/rancher/rke2/rke2.yaml");
    await mkdir(dirname(kubeconfig), { recursive: true });
    await writeFile(kubeconfig, sandbox.cluster("paris").kubeconfig, { mode: 0o600 });
    bin = join(root, "bin");
    await mkdir(bin);
    for (const usual of ["sh", "cat", "grep", "head", "ls", "mktemp", "rm", "sed"]) {
      await symlink(execFileSync("which", [usual], { encoding: "utf8" }).trim(), join(bin, usual));
    }
    for (const [file, text] of Object.entries(programs)) await script(join(root, file), text);
    await lab.restartNode({ PATH: bin, HOME: root }, NO_FORWARDING);
    return { root };
  };
  const apiOver = async (files: NodeFiles, target: SshTarget = node): Promise<Api> => {
    const connection = await sshWay("c-paris", target, files).open();
    open.push(connection);
    return connection.api;
  };
  const kubectl = execFileSync("sh", ["-c", "command -v kubectl || true"], { encoding: "utf8" }).trim();
  /** What a container would run: everything from `kubectl` on. */
  const runs = `while [ "$1" != kubectl ]; do shift; done; shift; exec ${kubectl} "$@"`;
  const image = "registry.example.test/rancher/rancher-agent:v2.15.1";

  beforeAll(async () => {
    lab = await startSshLab();
    sandbox = await startSandbox({ clusters: [{ name: "paris" }], speed: 200 });
    node = { host: "127.0.0.1", port: lab.port, user: lab.user, key: lab.key, config: lab.config };
  });
  afterAll(async () => {
    await Promise.all(open.map((connection) => connection.close()));
    await sandbox?.stop();
    await lab?.stop();
  });

  describe("is asked through kubectl, which is found", () => {
    const rows: [string, Readonly<Record<string, string>>][] = [
      ["on the path", { "bin/kubectl": `exec ${kubectl} "$@"` }],
      ["where RKE2 puts it", { "var/lib/rancher/rke2/bin/kubectl": `exec ${kubectl} "$@"` }],
      ["in K3s", { "bin/k3s": `[ "$1" = kubectl ] || exit 1; shift; exec ${kubectl} "$@"` }],
      [
        "in the agent's image, by docker",
        {
          "bin/docker": `case "$1" in images) echo ${image};; run) while [ "$1" != --entrypoint ]; do shift; done; [ "$2 $3" = "kubectl ${image}" ] || exit 1; shift 3; exec ${kubectl} "$@";; esac`,
        },
      ],
      [
        "in the agent's image, by nerdctl",
        {
          "bin/nerdctl": `[ "$1 $2" = "-n k8s.io" ] || exit 1; shift 2; case "$1" in images) echo ${image};; run) while [ "$1" != --entrypoint ]; do shift; done; [ "$2 $3" = "kubectl ${image}" ] || exit 1; shift 3; exec ${kubectl} "$@";; esac`,
        },
      ],
      [
        "in the agent's image, by RKE2's ctr",
        {
          "run/k3s/containerd/containerd.sock": "",
          "var/lib/rancher/rke2/bin/ctr": `case "$*" in *"images ls -q") echo ${image};; *" run --rm --net-host "*" ${image} farrier-"*) ${runs};; *) exit 1;; esac`,
        },
      ],
      [
        "in the agent's container, by crictl",
        {
          "bin/crictl": `case "$1" in ps) echo 0123abcd;; exec) [ "$3" = 0123abcd ] || exit 1; KUBECONFIG=$HOME/etc/rancher/rke2/rke2.yaml; export KUBECONFIG; ${runs};; esac`,
        },
      ],
    ];
    it.each(rows)("%s", async (name, programs) => {
      const api = await apiOver(await nodeWith(name.replaceAll(/\W+/g, "-"), programs));
      expect((await api.get(namespaces, "kube-system"))?.metadata.name).toBe("kube-system");
      const secret = {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: name.toLowerCase().replaceAll(/\W+/g, "-") },
      };
      expect((await api.create(secrets(SYSTEM), secret)).metadata.uid).not.toBe("");
    });
  });

  it("is asked by docker where RKE1 keeps the kubeconfig in the cluster, and none is left on the node", async () => {
    const config = sandbox.cluster("paris").kubeconfig;
    const [server = ""] = /https:\/\/127\.0\.0\.1:\d+/.exec(config) ?? [];
    const state = { currentState: { certificatesBundle: { "kube-admin": { config } } } };
    const map = JSON.stringify({ data: { "full-cluster-state": JSON.stringify(state) } });
    // The API server of a node of RKE1 is at port 6443, this one's is where the system has put it.
    const docker = `case "$1" in
exec) cat "$HOME/state";;
images) echo ${image};;
run) while [ "$1" != --kubeconfig ]; do shift; done; ls -l "$2" >>"$HOME/seen"; exec ${kubectl} "$@" --server ${server};;
esac`;
    const files = await nodeWith("rke1", { "bin/docker": docker });
    await rm(join(lab.folder, "rke1/etc/rancher/rke2/rke2.yaml"));
    await writeFile(join(lab.folder, "rke1/state"), map);
    const api = await apiOver(files);
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "by-rke1" } };
    expect((await api.create(secrets(SYSTEM), secret)).metadata.uid).not.toBe("");
    const seen = (await readFile(join(lab.folder, "rke1/seen"), "utf8")).trim().split("\n");
    expect(seen).toContainEqual(expect.stringMatching(/^-rw------- .* \/dev\/shm\/farrier\.\w{10}$/));
    for (const line of seen) {
      await expect(readFile(line.slice(line.indexOf("/dev/shm")))).rejects.toMatchObject({ code: "ENOENT" });
    }
  });

  it("says so where there is none", async () => {
    const opened = sshWay("c-paris", node, await nodeWith("bare", {})).open();
    await expect(opened).rejects.toMatchObject({
      code: "ssh.no-kubectl",
      message: expect.stringContaining("127.0.0.1"),
    });
  });

  it("is not blamed where it is the API server that is away", async () => {
    const files = await nodeWith("away", {});
    await lab.restartNode({ PATH: bin });
    const away = sandbox.cluster("paris").kubeconfig.replace(/127\.0\.0\.1:\d+/, "127.0.0.1:1");
    await writeFile(join(lab.folder, "away/etc/rancher/rke2/rke2.yaml"), away);
    const api = await apiOver(files);
    await expect(api.get(namespaces, "kube-system")).rejects.toMatchObject({ code: "api.unreachable" });
  });

  it("goes on through the port where ports are forwarded", async () => {
    const files = await nodeWith("open", {});
    await lab.restartNode({ PATH: bin });
    expect(await (await apiOver(files)).get(namespaces, "kube-system")).toBeDefined();
  });

  describe("and its API", () => {
    let api: Api;
    const secret = (name: string, value: string) => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name },
      data: { key: Buffer.from(value).toString("base64") },
    });
    beforeAll(async () => {
      api = await apiOver(await nodeWith("verbs", { "bin/kubectl": `exec ${kubectl} "$@"` }));
    });
    beforeEach(async () => {
      for (const { metadata } of (await api.list(secrets(SYSTEM))).items) {
        if (metadata.name.startsWith("test-")) await api.delete(secrets(SYSTEM), metadata.name);
      }
    });

    it("has nothing where there is nothing", async () => {
      expect(await api.get(secrets(SYSTEM), "test-none")).toBeUndefined();
      expect(await api.delete(secrets(SYSTEM), "test-none")).toBe(false);
    });

    it("creates, lists, replaces and deletes", async () => {
      const created = await api.create(secrets(SYSTEM), secret("test-a", "it's 'quoted' $HOME"));
      const { items } = await api.list(secrets(SYSTEM));
      expect(items.map(({ metadata }) => metadata.name)).toContain("test-a");
      const again = await api.replace(secrets(SYSTEM), { ...created, ...secret("test-a", "second") });
      expect(again.metadata.uid).toBe(created.metadata.uid);
      expect(Buffer.from(Object(again.data).key, "base64").toString()).toBe("second");
      expect(await api.delete(secrets(SYSTEM), "test-a", { uid: created.metadata.uid ?? "" })).toBe(true);
    });

    it("refuses what the server refuses, in the same words", async () => {
      const first = await api.create(secrets(SYSTEM), secret("test-b", "one"));
      await expect(api.create(secrets(SYSTEM), secret("test-b", "two"))).rejects.toMatchObject({
        kind: "conflict",
        reason: "AlreadyExists",
        status: 409,
      });
      const stale = { ...first, metadata: { ...first.metadata, resourceVersion: "1" } };
      await expect(api.replace(secrets(SYSTEM), stale)).rejects.toMatchObject({ kind: "conflict", status: 409 });
      const other = api.delete(secrets(SYSTEM), "test-b", { uid: "another" });
      await expect(other).rejects.toMatchObject({ kind: "conflict" });
      const unknown = { group: "example.test", version: "v1", plural: "gadgets" };
      await expect(api.list(unknown)).rejects.toMatchObject({ code: "api.not-found" });
    });

    it("patches against the version that was read", async () => {
      const at = await api.get(deployments(SYSTEM), AGENT);
      const body = (resourceVersion: string) => ({ metadata: { resourceVersion }, spec: { minReadySeconds: 7 } });
      const patched = await api.patch(deployments(SYSTEM), AGENT, {
        kind: "strategic",
        body: body(at?.metadata.resourceVersion ?? ""),
      });
      expect(Object(patched.spec).minReadySeconds).toBe(7);
      const late = api.patch(deployments(SYSTEM), AGENT, { kind: "strategic", body: body("1") });
      await expect(late).rejects.toMatchObject({ kind: "conflict", status: 409 });
    });

    it("watches", async () => {
      const seen = api.watchUntil(
        secrets(SYSTEM),
        { name: "test-watched" },
        ([found]) => (found === undefined ? undefined : found.metadata.name),
        { deadlineMs: 30_000 },
      );
      await sandbox
        .cluster("paris")
        .client.create(
          { group: "", version: "v1", resource: "secrets", namespace: SYSTEM },
          secret("test-watched", "here"),
        );
      expect(await seen).toBe("test-watched");
    });

    it("says what may be done", async () => {
      expect(await api.allowed("patch", deployments(SYSTEM), AGENT)).toBe("yes");
    });
  });
});

describe.skipIf(!sshInstalled())("a node where only root reads the kubeconfig", () => {
  let lab: SshLab;
  let node: SshTarget;
  const TEXT = "apiVersion: v1\nkind: Config\n";
  /** Stands in for sudo: the file is there for as long as what it runs. */
  const sudo = (folder: string) => `#!/bin/sh
[ "$1" = -n ] || exit 1
shift
printf '%s' "$*" > ${folder}/asked
cp ${folder}/secret ${folder}/admin.conf
"$@"
code=$?
rm ${folder}/admin.conf
exit $code
`;
  const withSudo = async (text: string): Promise<void> => {
    const programs = join(lab.folder, "sudo");
    await mkdir(programs, { recursive: true });
    await writeFile(join(programs, "sudo"), text);
    await chmod(join(programs, "sudo"), 0o755);
    await lab.restartNode({ PATH: `${programs}:${process.env.PATH}` });
  };
  const read = (become: boolean) =>
    readNodeKubeconfig({ ...node, become }, { kubeconfig: join(lab.folder, "admin.conf") });

  beforeAll(async () => {
    lab = await startSshLab();
    node = { host: "127.0.0.1", port: lab.port, user: lab.user, key: lab.key, config: lab.config };
    await writeFile(join(lab.folder, "secret"), TEXT, { mode: 0o600 });
  });
  afterAll(() => lab?.stop());

  it("gives it to sudo, and to nobody else", async () => {
    await withSudo(sudo(lab.folder));
    expect(await read(true)).toEqual({ text: TEXT, isFile: true });
    await expect(read(false)).rejects.toMatchObject({ code: "ssh.no-kubeconfig" });
  });

  it("runs the same command as ever, and everything else through stdin", async () => {
    await withSudo(sudo(lab.folder));
    await read(true);
    expect(await readFile(join(lab.folder, "asked"), "utf8")).toBe("sh -s");
  });

  it.each([
    ["wants a password", "sudo: a password is required"],
    ["does not know the user", "deploy is not in the sudoers file."],
  ])("is refused where sudo %s", async (_, words) => {
    await withSudo(`#!/bin/sh\necho '${words}' >&2\nexit 1\n`);
    const message = expect.stringMatching(/sudo wants a password, or is not allowed/);
    await expect(read(true)).rejects.toMatchObject({ code: "ssh.refused", message });
  });
});
