/** An API server on the network: HTTP/1.1 with keep-alive over TLS, with bearer tokens and client certificates. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { TLSSocket } from "node:tls";
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
  /** Default: any that is free. */
  readonly port?: number;
}

/** Puts an API server on the network. It goes off again when the API server stops. */
export async function listen(server: ApiServer, options: ListenOptions): Promise<Listener> {
  const { identity, host = "127.0.0.1", port = 0 } = options;
  const front = createServer(
    {
      ALPNProtocols: ["http/1.1"],
      key: identity.keyPem,
      cert: identity.certificatePem,
      ca: identity.caPem,
      requestCert: true,
      // A client without a certificate may have a token; one with a foreign certificate is told so by a Status.
      rejectUnauthorized: false,
      keepAlive: true,
    },
    (request, response) => void exchange(server, request, response),
  );
  // Watches are silent for minutes.
  front.requestTimeout = 0;
  front.timeout = 0;
  front.on("tlsClientError", () => {});
  await listening(front, host, port);
  const stopping = server.onStop(() => void close());
  const close = () => {
    stopping.remove();
    front.closeAllConnections();
    return new Promise<void>((resolve) => front.close(() => resolve()));
  };
  // A listener on a host and port has an address of this shape.
  const address = front.address() as AddressInfo;
  const named = host.includes(":") ? `[${host}]` : host;
  return { url: `https://${named}:${address.port}`, close };
}

async function exchange(server: ApiServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  try {
    await send(response, await answered(server, request, gone.signal));
  } catch (error) {
    // Without an answer there is only one thing left to tell the client.
    request.socket.destroy(error instanceof ConnectionReset ? error : undefined);
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
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return size > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks);
}

type CertificateUser = { readonly kind: "none" | "foreign" } | { readonly kind: "user"; readonly user: User };

/** As Kubernetes: CN is the name, every O a group. */
function certificateUser({ socket }: IncomingMessage): CertificateUser {
  if (!(socket instanceof TLSSocket)) return { kind: "none" };
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

function listening(front: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    front.once("error", reject);
    front.listen(port, host, () => {
      front.off("error", reject);
      resolve();
    });
  });
}
