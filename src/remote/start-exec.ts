/**
 * The request by which a container engine starts a command and hands its connection over. The HTTP library that asks
 * everything else throws away what an engine says when it refuses to.
 */
import { request } from "node:http";
import type { Duplex } from "node:stream";

/** The connection, or the engine's words. */
export type StartedExec = { readonly stream: Duplex } | { readonly text: string };

/** @param path of a command that the engine was told of. @throws what the system says of the socket */
export async function startExec(socketPath: string, path: string): Promise<StartedExec> {
  const body = JSON.stringify({ Detach: false, Tty: false });
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    connection: "Upgrade",
    upgrade: "tcp",
  };
  return await new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, method: "POST", headers, agent: false });
    asked.on("error", reject);
    asked.on("upgrade", (_, stream, head) => {
      if (head.length > 0) stream.unshift(head);
      resolve({ stream });
    });
    asked.on("response", (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (more: string) => {
        text += more;
      });
      answer.on("error", reject);
      answer.on("end", () => resolve({ text }));
    });
    asked.end(body);
  });
}
