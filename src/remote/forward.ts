/** A port or a socket of this machine that leads, through SSH, to one that a node reaches. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { complaintsOf, endOf, errorOfSession, type SshTarget, startSession } from "./ssh.ts";

export interface Forward {
  /** On 127.0.0.1. */
  readonly port: number;
  /** Whether the node has refused to let a connection through, so far: it listens here all the same. */
  readonly refused: () => boolean;
  close(): Promise<void>;
}

const READY = "farrier-ready";
/** Forwards listen before the remote command starts; it ends with its stdin. */
const SCRIPT = `echo ${READY}\ncat >/dev/null\n`;
const DEADLINE_MS = 30_000;

/** @param to `host:port` as the node reaches it. @throws FarrierError `ssh.*` */
export async function openForward(target: SshTarget, to: string): Promise<Forward> {
  const port = await freePort();
  return { port, ...(await forwarding(target, `127.0.0.1:${port}:${to}`)) };
}

export interface SocketForward {
  /** In a directory that nobody else may enter: who reaches a container engine is root on its host. */
  readonly socket: string;
  close(): Promise<void>;
}

/** @param to a Unix socket of the node. @throws FarrierError `ssh.*` */
export async function openSocketForward(target: SshTarget, to: string): Promise<SocketForward> {
  const directory = await mkdtemp(join(tmpdir(), "farrier-forward-"));
  const removed = (): Promise<void> => rm(directory, { recursive: true, force: true });
  const socket = join(directory, "engine.sock");
  try {
    const { close } = await forwarding(target, `${socket}:${to}`);
    return { socket, close: () => close().finally(removed) };
  } catch (error) {
    await removed();
    throw error;
  }
}

async function forwarding(target: SshTarget, way: string): Promise<Pick<Forward, "close" | "refused">> {
  // What becomes of a connection is told at this level only.
  const session = startSession(target, ["-o", "LogLevel=INFO", "-L", way]);
  const complaints = complaintsOf(session);
  session.stdin.on("error", () => {});
  session.stdin.write(SCRIPT);
  const ended = endOf(session);
  const late = setTimeout(() => session.kill(), DEADLINE_MS);
  try {
    const ready = new Promise<void>((resolve) => {
      let printed = "";
      session.stdout.setEncoding("utf8").on("data", (text: string) => {
        printed = (printed + text).slice(-1_000);
        if (printed.includes(READY)) resolve();
      });
    });
    const outcome = await Promise.race([ready.then(() => "ready" as const), ended]);
    if (outcome !== "ready") throw errorOfSession(target, complaints(), outcome);
  } finally {
    clearTimeout(late);
  }
  // From now on its end shows in the connections that are made through it.
  ended.catch(() => {});
  return {
    // OpenSSH's words where the server has AllowTcpForwarding or PermitOpen against it.
    refused: () => complaints().includes("administratively prohibited"),
    close: async () => {
      session.stdin.end();
      session.kill();
      await ended.catch(() => {});
    },
  };
}
