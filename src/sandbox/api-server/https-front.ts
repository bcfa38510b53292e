/** An API server on the network: HTTP/1.1 with keep-alive over TLS, with bearer tokens and client certificates. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { afterFirstBytes } from "../first-bytes.ts";
import { KEY_EXCHANGE } from "../key-exchange.ts";
import { refuse, tell, type Upgrade } from "../message-stream.ts";
import type { ApiServer } from "./api-server.ts";
import type { User } from "./authorization.ts";
import { ConnectionReset } from "./faults.ts";
import { type ApiResponse, failure } from "./http-exchange.ts";
import { MAX_BODY_BYTES } from "./request-body.ts";
import type { ServingIdentity } from "./serving-identity.ts";
import { entityTooLarge, unauthorized } from "./status-errors.ts";
import type { TextStream } from "./text-stream.ts";

export interface Listener {
  /** `https://127.0.0.1:<port>` */
  readonly url: string;
  /** Stops listening and breaks all connections. */
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly identity: ServingIdentity;
  /** Default 127.0.0.1. */
  readonly host?: string;
}

/** Puts an API server on the network, on any free port. It goes off again when the API server stops. */
export function listen(server: ApiServer, options: ListenOptions): Promise<Listener> {
  return new HttpsFront(options).listen(server);
}

/**
 * The network side of API servers with one identity. Each has a port of its own; behind the ports is one TLS server,
 * since each of those takes some 60 KB.
 */
export class HttpsFront {
  readonly #host: string;
  readonly #tls: Server;
  /** By port. */
  readonly #servers = new Map<number, ApiServer>();

  constructor({ identity, host = "127.0.0.1" }: ListenOptions) {
    this.#host = host;
    this.#tls = createServer(
      {
        ALPNProtocols: ["http/1.1"],
        key: identity.keyPem,
        cert: identity.certificatePem,
        ca: identity.caPem,
        requestCert: true,
        // A client without a certificate may have a token; one with a foreign certificate is told so by a Status.
        rejectUnauthorized: false,
        keepAlive: true,
        ecdhCurve: KEY_EXCHANGE,
        shouldUpgradeCallback: ({ headers, url = "" }) =>
          headers.upgrade?.toLowerCase() === "websocket" && /\/exec(\?|$)/.test(url),
      },
      (request, response) => this.#answer(request, response),
    );
    // Watches are silent for minutes.
    this.#tls.requestTimeout = 0;
    this.#tls.timeout = 0;
    this.#tls.keepAliveTimeout = KEEP_ALIVE_MS;
    this.#tls.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    this.#tls.on("tlsClientError", () => {});
  }

  /** @param port any free one where it is 0 */
  async listen(server: ApiServer, port = 0): Promise<Listener> {
    const open = new Set<Socket>();
    const door = createTcpServer((socket) => {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
      socket.on("error", () => socket.destroy());
      socket.setNoDelay(true);
      afterFirstBytes(socket, () => this.#tls.emit("connection", socket));
    });
    const taken = await portOf(door, this.#host, port);
    this.#servers.set(taken, server);
    const close = async () => {
      stopping.remove();
      this.#servers.delete(taken);
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => door.close(() => resolve()));
    };
    const stopping = server.onStop(() => void close());
    const named = this.#host.includes(":") ? `[${this.#host}]` : this.#host;
    return { url: `https://${named}:${taken}`, close };
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const server = this.#servers.get(request.socket.localPort ?? 0);
    if (server === undefined) request.socket.destroy();
    else void exchange(server, request, response);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const server = this.#servers.get(request.socket.localPort ?? 0);
    if (server === undefined) socket.destroy();
    else void upgraded(server, { request, socket, head });
  }
}

/** k8s.io/apiserver/pkg/server/secure_serving.go: idle connections live as long as Go's clients keep them. */
const KEEP_ALIVE_MS = 90_000;

function portOf(door: TcpServer, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    door.once("error", reject);
    door.listen(port, host, () => {
      door.off("error", reject);
      // A listener on a host and port has an address of this shape.
      resolve((door.address() as AddressInfo).port);
    });
  });
}

/** Without a reason, each signal would make an exception of its own, with its stack. */
const GONE = new Error("the client has gone");

async function exchange(server: ApiServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort(GONE));
  if (server.clockAheadMs !== 0) response.setHeader("date", new Date(Date.now() + server.clockAheadMs).toUTCString());
  try {
    await send(response, await answered(server, request, gone.signal));
  } catch (error) {
    // Without an answer there is only one thing left to tell the client.
    request.socket.destroy(error instanceof ConnectionReset ? error : undefined);
  }
}

async function upgraded(server: ApiServer, upgrade: Upgrade): Promise<void> {
  const { request, socket } = upgrade;
  const gone = new AbortController();
  socket.on("close", () => gone.abort(GONE));
  socket.on("error", () => socket.destroy());
  try {
    const { status, headers, body } = await answered(server, request, gone.signal);
    if (typeof body === "string") return refuse(socket, status, body, headers["content-type"]);
    tell(upgrade, { protocol: headers["sec-websocket-protocol"] ?? "", messages: body });
  } catch {
    socket.destroy();
  }
}

async function answered(server: ApiServer, request: IncomingMessage, signal: AbortSignal): Promise<ApiResponse> {
  const certificate = certificateUser(request);
  if (certificate.kind === "foreign") return failure(unauthorized());
  const body = await bodyOf(request);
  if (body === undefined) return failure(entityTooLarge(MAX_BODY_BYTES));
  return server.handle({
    method: request.method ?? "GET",
    path: request.url ?? "/",
    headers: { ...request.headers, "impersonate-group": request.headersDistinct["impersonate-group"] },
    body,
    signal,
    ...(certificate.kind === "user" && request.headers.authorization === undefined ? { user: certificate.user } : {}),
  });
}

async function send(response: ServerResponse, { status, headers, body }: ApiResponse): Promise<void> {
  if (typeof body === "string") {
    response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
    response.end(body);
    return;
  }
  response.writeHead(status, headers);
  // A watcher wants to know that the watch has begun, long before anything happens.
  response.flushHeaders();
  await pump(body, response);
  response.end();
}

async function pump(body: TextStream, response: ServerResponse): Promise<void> {
  response.on("close", () => void body.return());
  for await (const chunk of body) {
    if (!response.write(chunk) && !response.destroyed) await drained(response);
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      response.off("drain", settle).off("close", settle);
      resolve();
    };
    response.on("drain", settle).on("close", settle);
  });
}

/** Undefined if there is more than the API takes: the rest is read and dropped, so that the answer gets through. */
async function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  if (!hasBody(request)) return NO_BODY;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return size > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks);
}

const NO_BODY = new Uint8Array();

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

type CertificateUser = { readonly kind: "none" | "foreign" } | { readonly kind: "user"; readonly user: User };

/** As Kubernetes: CN is the name, every O a group. */
function certificateUser({ socket }: IncomingMessage): CertificateUser {
  if (!(socket instanceof TLSSocket)) return { kind: "none" };
  const known = users.get(socket);
  if (known !== undefined) return known;
  const user = userOf(socket);
  users.set(socket, user);
  return user;
}

/** A connection's certificate never changes, and to have it decoded takes longer than many a request. */
const users = new WeakMap<TLSSocket, CertificateUser>();

function userOf(socket: TLSSocket): CertificateUser {
  const subject = socket.getPeerCertificate().subject;
  if (subject === undefined) return { kind: "none" };
  if (!socket.authorized) return { kind: "foreign" };
  // The runtime gives a string for one value and an array for several.
  const organizations: string | string[] | undefined = subject.O;
  const groups = organizations === undefined ? [] : [organizations].flat();
  return {
    kind: "user",
    user: { name: [subject.CN].flat()[0] ?? "", groups: [...new Set([...groups, "system:authenticated"])] },
  };
}
