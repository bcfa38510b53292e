/** Ports for programs that cannot choose one themselves, and that are started again on the same one. */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Below those that the system gives to connections, and to servers that leave the choice to it. */
const RANGE = { from: 18_000, to: 30_000 } as const;
const ATTEMPTS = 50;

/**
 * A port of 127.0.0.1 where nothing listens. No connection that somebody opens meanwhile takes it, neither before the
 * program listens nor while it is started again, as happens to a port that the system has chosen.
 */
export async function steadyPort(): Promise<number> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const port = randomInt(RANGE.from, RANGE.to);
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${RANGE.from} on is free`);
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
