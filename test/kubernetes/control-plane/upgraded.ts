/** A WebSocket to an API server that only tells, such as that of `exec`: in the form in which the sandbox's answers one. */

import { on } from "node:events";
import type { IncomingMessage } from "node:http";
import WebSocket from "ws";
import type { TunnelResponse } from "../../../src/sandbox/rancher/tunnel.ts";

export interface Upgrading {
  readonly url: string;
  readonly caPem: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Headers that belong to the connection of whoever asks. */
const OF_THE_CONNECTION = /^(upgrade|connection|sec-websocket-.*)$/;

/** @returns status 101 with a chunk for each message, or whatever the server answers instead */
export function upgraded({ url, caPem, headers, signal }: Upgrading): Promise<TunnelResponse> {
  const kept = Object.entries(headers).filter(([name]) => !OF_THE_CONNECTION.test(name));
  const protocols = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  const socket = new WebSocket(url.replace(/^http/, "ws"), protocols, {
    ca: caPem,
    headers: Object.fromEntries(kept),
    perMessageDeflate: false,
  });
  // From the beginning: the first message may come with the answer.
  const messages = on(socket, "message", { close: ["close"] });
  const { promise, resolve, reject } = Promise.withResolvers<TunnelResponse>();
  socket.on("error", reject);
  socket.once("open", () => {
    resolve({ status: 101, headers: { "sec-websocket-protocol": socket.protocol }, body: contents(messages) });
  });
  socket.once("unexpected-response", (_request, response: IncomingMessage) => {
    const { statusCode: status = 0, headers: said } = response;
    response.once("close", () => socket.terminate());
    resolve({ status, headers: { "content-type": said["content-type"] ?? "text/plain" }, body: response });
  });
  if (signal.aborted) socket.terminate();
  else signal.addEventListener("abort", () => socket.terminate(), { once: true });
  return promise;
}

async function* contents(messages: AsyncIterable<readonly unknown[]>): AsyncGenerator<Uint8Array> {
  for await (const [data] of messages) if (Buffer.isBuffer(data)) yield data;
}
