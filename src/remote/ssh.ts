/**
 * Commands on a node, by the system's own `ssh`: the user's configuration, agents, jump hosts and hardware keys just work.
 * It never asks (batch mode, and no terminal), never takes a host key that is not known, and the remote command is always
 * the same; what is to be done there goes through stdin, so that nothing is quoted twice and nothing shows in a list of
 * processes.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { FarrierError } from "../errors.ts";

export interface SshTarget {
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
  /** Private key file; its passphrase must be in an agent. */
  readonly key?: string;
  /** `[user@]host[:port]`, several with commas: as `ssh -J`. */
  readonly jump?: string;
  /** The commands need root: `sudo -n`. */
  readonly become?: boolean;
  /** Another configuration file than the user's. */
  readonly config?: string;
}

/** `root@10.0.0.5`: how sentences call a node. */
export function nodeCalled({ user, host, port }: SshTarget): string {
  return `${user === undefined ? "" : `${user}@`}${host}${port === undefined ? "" : `:${port}`}`;
}

const OPTIONS = [
  "BatchMode=yes",
  "StrictHostKeyChecking=yes",
  "ConnectTimeout=10",
  "ServerAliveInterval=15",
  "ServerAliveCountMax=3",
  "ForwardAgent=no",
  "ForwardX11=no",
  "PermitLocalCommand=no",
  "ExitOnForwardFailure=yes",
  "ControlPath=none",
  "LogLevel=ERROR",
];

/** The arguments of `ssh`, the remote command last. @param more such as `-L`. */
function sshArguments(target: SshTarget, more: readonly string[]): string[] {
  const { host, user, port, key, jump, config, become = false } = target;
  return [
    ...(config === undefined ? [] : ["-F", config]),
    "-T",
    // ssh takes the first value that it is given.
    ...more,
    ...OPTIONS.flatMap((option) => ["-o", option]),
    ...(key === undefined ? [] : ["-i", key, "-o", "IdentitiesOnly=yes"]),
    ...(user === undefined ? [] : ["-l", user]),
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...(jump === undefined ? [] : ["-J", jump]),
    "--",
    host,
    become ? "sudo -n sh -s" : "sh -s",
  ];
}

/**
 * A session whose script is still to be written to stdin; it ends when that does. It has no terminal: the `ssh` to a jump
 * host is started by this one, which does not hand batch mode on, and would ask there whether to take an unknown key. Nor
 * does Ctrl-C at Farrier's terminal end it before Farrier has finished what it is at.
 */
export function startSession(target: SshTarget, more: readonly string[] = []): ChildProcessWithoutNullStreams {
  return spawn("ssh", sshArguments(target, more), {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
    env: { ...process.env, SSH_ASKPASS_REQUIRE: "never" },
  });
}

/** More than any kubeconfig, or any `full-cluster-state`, is long. */
const MOST_BYTES = 8 * 1024 * 1024;
const DEADLINE_MS = 60_000;

/** For how long a script may run on a node, and what ends the session before; left out: a minute, and nothing. */
export interface Running {
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * What a script prints on the node. What the script has begun there may go on when the session is ended.
 * @throws FarrierError `ssh.*`; the message never repeats what the script printed
 */
export async function runOnNode(target: SshTarget, script: string, running: Running = {}): Promise<string> {
  const { deadlineMs = DEADLINE_MS, signal } = running;
  signal?.throwIfAborted();
  const session = startSession(target);
  const end = (): void => void session.kill();
  const late = setTimeout(end, deadlineMs);
  signal?.addEventListener("abort", end);
  let printed = "";
  session.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
    if (printed.length > MOST_BYTES) session.kill();
  });
  const complaints = complaintsOf(session);
  // A session that could not be opened is told of by its end.
  session.stdin.on("error", () => {});
  session.stdin.end(script);
  try {
    const code = await endOf(session);
    if (code === 0) return printed;
    throw errorOfSession(target, complaints(), code);
  } finally {
    clearTimeout(late);
    signal?.removeEventListener("abort", end);
  }
}

/** What `ssh` has complained of so far. */
export function complaintsOf(session: ChildProcessWithoutNullStreams): () => string {
  let text = "";
  session.stderr.setEncoding("utf8").on("data", (more: string) => {
    text = (text + more).slice(-10_000);
  });
  return () => text;
}

/** Its exit code. @throws FarrierError `ssh.missing` */
export async function endOf(session: ChildProcessWithoutNullStreams): Promise<number | null> {
  return await new Promise((resolve, reject) => {
    session.once("error", (cause) => {
      reject(new FarrierError("ssh.missing", "The program ssh could not be started.", { cause }));
    });
    session.once("close", resolve);
  });
}

/** OpenSSH's own words, which it does not translate. */
const COMPLAINTS = [
  {
    says: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    code: "ssh.host-key",
    why: "the key of the host, or of its jump host, has changed",
  },
  {
    says: /Host key verification failed|No .* host key is known/,
    code: "ssh.host-key",
    why: "the key of the host, or of its jump host, is not known",
  },
  {
    says: /Permission denied|Too many authentication failures/,
    code: "ssh.refused",
    why: "it does not accept the key",
  },
  {
    says: /a password is required|not in the sudoers|sudo: .*not found/,
    code: "ssh.refused",
    why: "sudo wants a password, or is not allowed",
  },
] as const;

export function errorOfSession(target: SshTarget, complaints: string, code: number | null): FarrierError {
  const node = nodeCalled(target);
  const known = COMPLAINTS.find(({ says }) => says.test(complaints));
  if (known !== undefined) return new FarrierError(known.code, `SSH to ${node} failed: ${known.why}.`);
  // 255 is ssh's own failure; what a script says there is not repeated, since it may hold what is secret.
  const last = complaints.trim().split("\n").at(-1)?.trim() ?? "";
  if (code === 255 || code === null) {
    return new FarrierError("ssh.unreachable", `SSH to ${node} failed: ${last === "" ? "it did not answer" : last}.`);
  }
  return new FarrierError("ssh.failed", `What was run on ${node} by SSH ended with exit code ${code}.`);
}
