/** A port of this machine that leads, through SSH, to one that a node reaches. */
import { createServer } from "node:net";
import { FarrierError } from "../errors.ts";
import { complaintsOf, endOf, errorOfSession, type SshTarget, startSession } from "./ssh.ts";

export interface Forward {
  /** On 127.0.0.1. */
  readonly port: number;
  close(): Promise<void>;
}

const READY = "farrier-ready";
/** Forwards listen before the remote command starts; it ends with its stdin. */
const SCRIPT = `echo ${READY}\ncat >/dev/null\n`;
const DEADLINE_MS = 30_000;

/** @param to `host:port` as the node reaches it. @throws FarrierError `ssh.*` */
export async function openForward(target: SshTarget, to: string): Promise<Forward> {
  const port = await freePort();
  const session = startSession(target, ["-L", `127.0.0.1:${port}:${to}`]);
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
    port,
    close: async () => {
      session.stdin.end();
      session.kill();
      await ended.catch(() => {});
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  return await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === "object" && address !== null) resolve(address.port);
        else reject(new FarrierError("internal.unexpected", "The system gave no port."));
      });
    });
  });
}
