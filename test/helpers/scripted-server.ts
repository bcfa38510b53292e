/** A real HTTPS server whose answers a test writes: for what a well-behaved API server would never do. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { createRoot } from "../../src/pki/issuing/authority.ts";
import { issueServing } from "../../src/pki/issuing/serving.ts";

export interface ScriptedServer {
  readonly origin: string;
  /** The root that signed its certificate, PEM. */
  readonly ca: string;
  /** `METHOD path?query`, in order of arrival. */
  readonly requests: readonly string[];
  /** How many TLS connections were made. */
  readonly connections: () => number;
  stop(): Promise<void>;
}

export interface ScriptedIdentity {
  readonly hostnames?: readonly string[];
  readonly notAfter?: Date;
  /** A certificate and key of somebody else's making, PEM. */
  readonly issued?: { readonly certificate: string; readonly key: string };
}

export type Script = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** Serves `https://localhost:<port>` with a certificate for `hostnames`; `script` answers each request. */
export async function startScriptedServer(script: Script, options: ScriptedIdentity = {}): Promise<ScriptedServer> {
  const now = new Date();
  const day = 24 * 3_600_000;
  const lifetime = { now, notBefore: new Date(now.getTime() - 2 * day), notAfter: new Date(now.getTime() + day) };
  const root = await createRoot({ commonName: "Scripted Root", ...lifetime });
  const serving = await issueServing(root, {
    hostnames: options.hostnames ?? ["localhost", "127.0.0.1"],
    ...lifetime,
    ...(options.notAfter === undefined ? {} : { notAfter: options.notAfter }),
  });
  const issued = options.issued ?? { certificate: serving.certificatePem, key: serving.keyPem };
  const requests: string[] = [];
  const sockets = new Set<Duplex>();
  let connections = 0;
  const server = createServer({ cert: issued.certificate, key: issued.key }, (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => script(request, response, Buffer.concat(chunks).toString("utf8")));
  });
  server.on("secureConnection", () => connections++);
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // A server that listens on TCP has an AddressInfo.
  return {
    origin: `https://localhost:${port}`,
    ca: root.certificatePem,
    requests,
    connections: () => connections,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers with JSON. */
export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
