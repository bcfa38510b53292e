import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import WebSocket from "ws";
import { inTurn } from "./opening.ts";
import { PlainStream } from "./plain-stream.ts";
import type { AgentProcess } from "./process.ts";
import { loopbackLookup, unreachable } from "./request.ts";
import type { Trust } from "./trust.ts";

/** Why a session could not be opened: either there was an answer over HTTP, or there was none. */
export interface DialFailure {
  readonly error: Error;
  readonly response?: { readonly status: number; readonly statusText: string; readonly body: string };
}

export type Dialled =
  | { readonly kind: "open"; readonly socket: WebSocket }
  | ({ readonly kind: "failed" } & DialFailure);

interface DialOptions {
  readonly trust: Trust;
  readonly headers: Readonly<Record<string, string>>;
}

/** Opens one WebSocket to Rancher in a new, fully verified TLS connection. It never rejects. */
export function dial(agent: AgentProcess, url: string, options: DialOptions): Promise<Dialled> {
  return inTurn(() => open(agent, url, options));
}

function open(agent: AgentProcess, url: string, { trust, headers }: DialOptions): Promise<Dialled> {
  const { link } = agent.surroundings;
  // Either may have come about while it waited for its turn.
  if (agent.signal.aborted || !link.up) {
    return Promise.resolve({ kind: "failed", error: unreachable(url.replace(/^wss/, "https")) });
  }
  const { promise, resolve } = Promise.withResolvers<Dialled>();
  const socket = new WebSocket(url, {
    headers,
    createConnection: () => verifiedConnection(new URL(url), trust),
    perMessageDeflate: false,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    autoPong: false,
  });
  const onStop = () => socket.terminate();
  agent.signal.addEventListener("abort", onStop, { once: true });
  socket.once("close", () => agent.signal.removeEventListener("abort", onStop));
  socket.on("upgrade", (response) => link.track(response.socket));
  // A link that swallows everything swallows the answers to Rancher's pings, too.
  socket.on("ping", (data) => link.halfOpen || socket.pong(data));
  socket.on("open", () => resolve({ kind: "open", socket }));
  socket.on("error", (error) => resolve({ kind: "failed", error }));
  socket.on("unexpected-response", (_request, response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("end", () => {
      const { statusCode: status = 0, statusMessage: statusText = "" } = response;
      const body = Buffer.concat(chunks).toString().trim();
      resolve({ kind: "failed", error: new Error("websocket: bad handshake"), response: { status, statusText, body } });
      socket.terminate();
    });
  });
  return promise;
}

/** Wall milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Resolves when the connection has ended, however it did. */
export function closed(socket: WebSocket): Promise<void> {
  if (socket.readyState === socket.CLOSED) return Promise.resolve();
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

/** TLS over a connection that takes little memory. */
function verifiedConnection({ hostname, port }: URL, trust: Trust): TLSSocket {
  const socket = new PlainStream({ host: hostname, port: Number(port || 443), lookup: loopbackLookup });
  return connect({ ...trust, socket, servername: isIP(hostname) === 0 ? hostname : "" });
}
