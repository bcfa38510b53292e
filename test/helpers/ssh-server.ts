/** The real `sshd` (Debian's openssh-server) on a high loopback port, with host and user keys of its own. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { steadyPort } from "./steady-port.ts";

const SSHD = "/usr/sbin/sshd";
const KEYGEN = "ssh-keygen";

/** Whether the servers can be started here: run as root, sshd wants its directory. */
export function sshInstalled(): boolean {
  const there = existsSync(SSHD) && spawnSync("ssh", ["-V"]).status === 0;
  if (!there) process.stderr.write("sshd is not installed (openssh-server): the tests of SSH are left out\n");
  return there;
}

export interface SshLab {
  readonly folder: string;
  /** Of the node. */
  readonly port: number;
  readonly user: string;
  /** The key that the servers accept. */
  readonly key: string;
  /** For `ssh -F`: known hosts of its own, and `node` behind `gate`. */
  readonly config: string;
  readonly knownHosts: string;
  /** A key that no server accepts. */
  readonly strangersKey: string;
  /** The node comes back with another host key. */
  changeHostKey(): Promise<void>;
  /** What sessions on the node find in their environment from now on. @param lines of its server's configuration */
  restartNode(environment: Readonly<Record<string, string>>, lines?: readonly string[]): Promise<void>;
  /** Ends the node's server and every session of it. */
  stopNode(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A node, and a jump host before it.
 * @param through a program that the node's server is run by, such as `unshare`
 */
export async function startSshLab(through: readonly string[] = []): Promise<SshLab> {
  const folder = await mkdtemp(join(tmpdir(), "farrier-ssh-"));
  if (userInfo().uid === 0) mkdirSync("/run/sshd", { recursive: true });
  const path = (name: string) => join(folder, name);
  for (const name of ["node-host", "new-host", "gate-host", "person", "stranger"]) makeKey(path(name));
  await writeFile(path("authorized"), await readFile(path("person.pub")), { mode: 0o600 });
  const [port, gatePort] = [await steadyPort(), await steadyPort()];
  const node = new Daemon(folder, "node", port, through);
  const gate = new Daemon(folder, "gate", gatePort);
  await Promise.all([node.start("node-host"), gate.start("gate-host")]);
  const known = async (at: number, key: string) =>
    `[127.0.0.1]:${at} ${(await readFile(path(`${key}.pub`), "utf8")).split(" ").slice(0, 2).join(" ")}\n`;
  await writeFile(path("known_hosts"), (await known(port, "node-host")) + (await known(gatePort, "gate-host")));
  const user = userInfo().username;
  const common = `  User ${user}\n  IdentityFile ${path("person")}\n  IdentitiesOnly yes\n  UserKnownHostsFile ${path("known_hosts")}\n  GlobalKnownHostsFile /dev/null\n`;
  await writeFile(
    path("config"),
    `Host gate\n  HostName 127.0.0.1\n  Port ${gatePort}\n  StrictHostKeyChecking yes\n${common}Host node\n  HostName 127.0.0.1\n  Port ${port}\n  ProxyJump gate\n${common}Host *\n${common}`,
  );
  return {
    folder,
    port,
    user,
    key: path("person"),
    config: path("config"),
    knownHosts: path("known_hosts"),
    strangersKey: path("stranger"),
    changeHostKey: async () => {
      await node.stop();
      await node.start("new-host");
    },
    restartNode: async (environment, lines = []) => {
      await node.stop();
      await node.start("node-host", environment, lines);
    },
    stopNode: () => node.stop(),
    stop: async () => {
      await Promise.all([node.stop(), gate.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function makeKey(file: string): void {
  execFileSync(KEYGEN, ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file]);
}

class Daemon {
  readonly #folder: string;
  readonly #name: string;
  readonly #port: number;
  readonly #through: readonly string[];
  #process: ChildProcess | undefined;

  constructor(folder: string, name: string, port: number, through: readonly string[] = []) {
    this.#folder = folder;
    this.#name = name;
    this.#port = port;
    this.#through = through;
  }

  async start(
    hostKey: string,
    environment: Readonly<Record<string, string>> = {},
    more: readonly string[] = [],
  ): Promise<void> {
    const file = join(this.#folder, `${this.#name}.conf`);
    const lines = [
      `HostKey ${join(this.#folder, hostKey)}`,
      "ListenAddress 127.0.0.1",
      `AuthorizedKeysFile ${join(this.#folder, "authorized")}`,
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "StrictModes no",
      "UsePAM no",
      "PidFile none",
      // The first SetEnv is the one that counts: all names are in it.
      ...(Object.keys(environment).length === 0
        ? []
        : [
            `SetEnv ${Object.entries(environment)
              .map(([name, value]) => `${name}=${value}`)
              .join(" ")}`,
          ]),
      ...more,
    ];
    await writeFile(file, `${lines.join("\n")}\n`);
    // A group of its own: its sessions are processes of their own, and end with it.
    const command = [...this.#through, SSHD, "-D", "-e", "-f", file, "-p", String(this.#port)];
    this.#process = spawn(command[0] ?? SSHD, command.slice(1), {
      stdio: "ignore",
      detached: true,
    });
    await listening(this.#port);
  }

  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child?.pid === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("close", resolve));
    // Sessions have sessions of their own (setsid): they are its children, and are ended by name of their parent.
    for (const pid of childrenOf(child.pid)) endProcess(pid);
    endProcess(child.pid);
    await ended;
  }
}

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
  const own = stdout
    .split(/\s+/)
    .filter((word) => word !== "")
    .map(Number);
  return own.flatMap((child) => [...childrenOf(child), child]);
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch {
    // It has ended by itself.
  }
}

/** Resolves when an SSH server greets those who connect there: while it starts, the port may be somebody else's. */
async function listening(port: number): Promise<void> {
  const end = Date.now() + 60_000;
  for (;;) {
    if (await greets(port)) return;
    if (Date.now() > end) throw new Error(`no sshd greets on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("data", (greeting) => {
      socket.destroy();
      resolve(greeting.toString("latin1").startsWith("SSH-"));
    });
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
  });
}
