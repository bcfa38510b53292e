/** Reading a node's kubeconfig, and reaching its API server, through a real `sshd`. */
import { spawnSync } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { namespaces } from "../../src/kubernetes/resource.ts";
import { sshWay } from "../../src/observe/ssh-way.ts";
import { openForward } from "../../src/remote/forward.ts";
import { readNodeKubeconfig } from "../../src/remote/node-kubeconfig.ts";
import { runOnNode, type SshTarget } from "../../src/remote/ssh.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { farrierBeside } from "../helpers/run-farrier.ts";
import { type SshLab, sshInstalled, startSshLab } from "../helpers/ssh-server.ts";

/** Gives a command a terminal of its own, where programs ask people (util-linux). */
const AT_A_TERMINAL = ["bash", "-c", 'exec script -qec "$(printf "%q " "$@")" /dev/null', "bash"];
const withoutTerminal = !/util-linux/.test(spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "");

describe.skipIf(!sshInstalled())("SSH to a node", () => {
  let lab: SshLab;
  let sandbox: Sandbox;
  let node: SshTarget;
  const own = (): string => sandbox.cluster("paris").kubeconfig;
  const put = async (name: string, text: string): Promise<void> => {
    await mkdir(dirname(join(lab.folder, name)), { recursive: true });
    await writeFile(join(lab.folder, name), text, { mode: 0o600 });
  };

  beforeAll(async () => {
    lab = await startSshLab();
    sandbox = await startSandbox({ clusters: [{ name: "paris" }], speed: 200 });
    node = { host: "127.0.0.1", port: lab.port, user: lab.user, key: lab.key, config: lab.config };
    await put("rke2/etc/rancher/rke2/rke2.yaml", own());
    await put("k3s/etc/rancher/k3s/k3s.yaml", own());
    await put("kubeadm/etc/kubernetes/admin.conf", own());
    await mkdir(join(lab.folder, "bare"));
  });
  afterAll(async () => {
    await sandbox?.stop();
    await lab?.stop();
  });

  it.each(["rke2", "k3s", "kubeadm"])("finds the kubeconfig of %s", async (kind) => {
    expect(await readNodeKubeconfig(node, { root: join(lab.folder, kind) })).toEqual({ text: own(), isFile: true });
  });

  it("finds it at a place that a person names", async () => {
    await put("with a 'quote'.yaml", own());
    expect(await readNodeKubeconfig(node, { kubeconfig: join(lab.folder, "with a 'quote'.yaml") })).toEqual({
      text: own(),
      isFile: true,
    });
  });

  it("goes through a jump host", async () => {
    const behind = { host: "node", config: lab.config };
    expect(await readNodeKubeconfig(behind, { root: join(lab.folder, "rke2") })).toEqual({ text: own(), isFile: true });
    const named = { ...node, jump: "gate" };
    expect(await readNodeKubeconfig(named, { root: join(lab.folder, "k3s") })).toEqual({ text: own(), isFile: true });
  });

  it("reaches the API server through the node, verified as ever", async () => {
    const way = sshWay("c-paris", node, { root: join(lab.folder, "rke2") });
    const connection = await way.open();
    try {
      expect((await connection.api.get(namespaces, "kube-system"))?.metadata.name).toBe("kube-system");
      const port = new URL(connection.server).port;
      expect(port).toBe(new URL(/server: (.*)/.exec(own())?.[1] ?? "").port);
    } finally {
      await connection.close();
    }
  });

  it("refuses a server that the kubeconfig's CA does not verify, through the node as well", async () => {
    const other = await sandbox.pki.newAuthority("Stranger");
    const ca = Buffer.from(other.bundle).toString("base64");
    await put("wrong-ca.yaml", own().replace(/certificate-authority-data: .*/, `certificate-authority-data: ${ca}`));
    const connection = await sshWay("c-paris", node, { kubeconfig: join(lab.folder, "wrong-ca.yaml") }).open();
    try {
      await expect(connection.api.get(namespaces, "kube-system")).rejects.toMatchObject({ code: "api.untrusted" });
    } finally {
      await connection.close();
    }
  });

  it.each([
    ["runs a program here", "exec:\n        command: touch\n"],
    ["names a file here", "tokenFile: /etc/hostname\n"],
  ])("takes no kubeconfig from a node that %s", async (_, member) => {
    await put("hostile.yaml", own().replace(/token: .*\n/, member));
    const opened = sshWay("c-paris", node, { kubeconfig: join(lab.folder, "hostile.yaml") }).open();
    await expect(opened).rejects.toMatchObject({ code: "kubeconfig.invalid" });
  });

  it("leaves no session behind", async () => {
    const forward = await openForward(node, "127.0.0.1:1");
    await forward.close();
    const { connect } = await import("node:net");
    const refused = new Promise((resolve) => connect(forward.port, "127.0.0.1").once("error", resolve));
    expect(await refused).toMatchObject({ code: "ECONNREFUSED" });
  });

  describe("that cannot be had says which node and why", () => {
    it.each([
      [
        "a key that is not accepted",
        () => ({ ...node, key: lab.strangersKey, config: `${lab.config}-bare` }),
        "ssh.refused",
        /does not accept the key/,
      ],
      [
        "a host whose key nobody knows",
        () => ({ ...node, config: `${lab.config}-unknown` }),
        "ssh.host-key",
        /is not known/,
      ],
      ["nobody there", () => ({ ...node, port: 1 }), "ssh.unreachable", /refused/i],
      ["no kubeconfig on it", () => node, "ssh.no-kubeconfig", /rke2\.yaml/],
    ])("%s", async (_, target, code, says) => {
      const options = (known: string) => `Host *\n  UserKnownHostsFile ${known}\n  GlobalKnownHostsFile /dev/null\n`;
      await put("config-bare", options(lab.knownHosts));
      await put("config-unknown", options("/dev/null"));
      const read = readNodeKubeconfig(target(), { root: join(lab.folder, "bare") });
      await expect(read).rejects.toMatchObject({ code, message: expect.stringMatching(says) });
      await expect(read).rejects.toMatchObject({ message: expect.stringContaining("127.0.0.1") });
    });
  });

  it.skipIf(withoutTerminal)(
    "a jump host whose key nobody knows is refused: nobody is asked at the terminal",
    async () => {
      const known = await readFile(lab.config, "utf8");
      const strange = known.replace("  StrictHostKeyChecking yes\n", "").replaceAll(lab.knownHosts, "/dev/null");
      await put("config-strange-gate", strange);
      const flags = ["--container", "rancher", "--engine-socket", "ssh://node/run/docker.sock"];
      const { code, stdout } = await farrierBeside(
        lab.folder,
        ["backup", ...flags, "--ssh-config", join(lab.folder, "config-strange-gate")],
        { through: AT_A_TERMINAL },
      );
      expect(stdout).toMatch(/of its jump host, is not known.*\[ssh\.host-key\]/);
      expect(stdout).not.toMatch(/continue connecting|yes\/no/);
      expect(code).toBe(1);
    },
  );

  it("a script that fails is told of without its words", async () => {
    const failed = runOnNode(node, "echo 'the secret' >&2; exit 3\n");
    await expect(failed).rejects.toMatchObject({ code: "ssh.failed", message: expect.not.stringContaining("secret") });
  });

  it("a host key that has changed is refused, and nothing is run there", async () => {
    await lab.changeHostKey();
    const read = readNodeKubeconfig(node, { root: join(lab.folder, "rke2") });
    await expect(read).rejects.toMatchObject({ code: "ssh.host-key", message: expect.stringMatching(/has changed/) });
  });
});

describe.skipIf(!sshInstalled())("SSH to a node of RKE1", () => {
  let lab: SshLab;
  beforeAll(async () => {
    lab = await startSshLab();
  });
  afterAll(() => lab?.stop());

  it("reads the state of its cluster, from the kubelet's container", async () => {
    const programs = join(lab.folder, "bin");
    await mkdir(programs);
    const config = 'apiVersion: v1\nclusters:\n- cluster:\n    server: "https://192.0.2.7:6443"\n  name: local\n';
    const state = { currentState: { certificatesBundle: { "kube-admin": { config } } } };
    const map = JSON.stringify({ data: { "full-cluster-state": JSON.stringify(state) } });
    await writeFile(
      join(programs, "docker"),
      `#!/bin/sh\ncase "$*" in "exec kubelet kubectl --kubeconfig "*) cat <<'END'\n${map}\nEND\n;; *) exit 1 ;; esac\n`,
    );
    await chmod(join(programs, "docker"), 0o755);
    const node = { host: "127.0.0.1", port: lab.port, user: lab.user, key: lab.key, config: lab.config };
    await lab.restartNode({ PATH: `${programs}:${process.env.PATH}` });
    const read = await readNodeKubeconfig(node, { root: join(lab.folder, "none") });
    const text = config.replace('"https://192.0.2.7:6443"', "https://127.0.0.1:6443");
    expect(read).toEqual({ text, isFile: false });
  });
});
