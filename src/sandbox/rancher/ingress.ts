import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../clock.ts";
import type { ClusterClient, Watch } from "../cluster-client.ts";
import { afterFirstBytes } from "../first-bytes.ts";
import { KEY_EXCHANGE } from "../key-exchange.ts";
import { refuse } from "../message-stream.ts";
import { recordOf } from "./norman.ts";
import type { Replicas } from "./replicas.ts";
import { core } from "./resources.ts";
import { send } from "./response.ts";

export interface IngressOptions {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly port: number;
  /** Where the certificate is: `cattle-system/tls-rancher-ingress`, or a load balancer's own place. */
  readonly secret: { readonly namespace: string; readonly name: string };
  /** How many ingress controllers share the address; connections go to them in turn. */
  readonly replicas: number;
  /** How late an ingress controller notices a new certificate, in milliseconds of sandbox time. */
  readonly delayMs: (replica: number) => number;
}

/**
 * The TLS front of Rancher. It serves what its Secret holds: a changed one shows on new
 * connections at once, while old ones live on (rancher.md §0a row 9). Behind it is whatever Rancher pod serves.
 */
export class Ingress {
  readonly #options: IngressOptions;
  readonly #front: TcpServer;
  readonly #servers: Server[];
  readonly #connections = new Set<Socket>();
  #turn = 0;
  #backends: Replicas | undefined;
  #watch: Watch | undefined;

  constructor(options: IngressOptions) {
    this.#options = options;
    this.#servers = Array.from({ length: options.replicas }, () => this.#controller());
    // One address for several TLS servers: the kernel's connections are handed out in turn, as a load balancer does.
    this.#front = createTcpServer((socket) => this.#dispatch(socket));
  }

  /** @returns the port. Until `serve`, every connection is answered with 503. */
  listen(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#front.once("error", reject);
    this.#front.listen({ host: "127.0.0.1", port: this.#options.port, backlog: 2048 }, () => {
      // A listening TCP server always has an address with a port.
      resolve((this.#front.address() as AddressInfo).port);
    });
    return promise;
  }

  /** Begins to follow the Secret and to pass requests on. Resolves once there is a certificate. */
  serve(backends: Replicas): Promise<void> {
    this.#backends = backends;
    return new Promise((resolve) => {
      const { namespace, name } = this.#options.secret;
      const secrets = core("secrets", namespace);
      const selection = { fieldSelector: `metadata.name=${name}` };
      this.#watch = this.#options.client.watch(
        secrets,
        ({ type, object }) => {
          if (type === "DELETED" || object.metadata.name !== name) return;
          this.#take(recordOf(object.data));
          resolve();
        },
        selection,
      );
    });
  }

  async close(): Promise<void> {
    this.#watch?.close();
    for (const socket of this.#connections) socket.destroy();
    if (this.#front.listening) await new Promise<void>((resolve) => this.#front.close(() => resolve()));
  }

  #take(data: Readonly<Record<string, unknown>>): void {
    const cert = Buffer.from(String(data["tls.crt"] ?? ""), "base64").toString();
    const key = Buffer.from(String(data["tls.key"] ?? ""), "base64").toString();
    for (const [replica, server] of this.#servers.entries()) {
      const apply = () => setContext(server, cert, key);
      const delay = this.#options.delayMs(replica);
      if (delay === 0) apply();
      else this.#options.clock.after(delay, apply);
    }
  }

  #controller(): Server {
    const server = createServer({ keepAliveTimeout: 60_000 });
    server.on("request", (request, response) => this.#proxy(request, response));
    server.on("upgrade", (request, socket, head) => this.#proxyUpgrade(request, socket, head));
    // Clients that break a handshake off are the normal case of a wrong bundle.
    server.on("tlsClientError", () => {});
    server.on("clientError", (_error, socket) => socket.destroy());
    return server;
  }

  #dispatch(socket: Socket): void {
    this.#connections.add(socket);
    socket.once("close", () => this.#connections.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.setNoDelay(true);
    this.#turn += 1;
    const server = this.#servers[this.#turn % this.#servers.length];
    afterFirstBytes(socket, () => server?.emit("connection", socket));
  }

  #proxy(request: IncomingMessage, response: ServerResponse): void {
    const backend = this.#backends?.next();
    if (backend !== undefined) backend.handle(request, response);
    else send(response, { ...this.#noBackend(), type: "text/html" });
  }

  #proxyUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const backend = this.#backends?.next();
    const { status, body } = this.#noBackend();
    if (backend === undefined) refuse(socket, status, body);
    else backend.upgrade(request, socket, head);
  }

  /** An endpoint that refuses is a bad gateway, no endpoint at all an unavailable service. */
  #noBackend(): { status: 502 | 503; body: string } {
    const [status, text] =
      (this.#backends?.starting ?? 0) > 0
        ? ([502, "502 Bad Gateway"] as const)
        : ([503, "503 Service Temporarily Unavailable"] as const);
    const head = `<html>\r\n<head><title>${text}</title></head>\r\n`;
    return {
      status,
      body: `${head}<body>\r\n<center><h1>${text}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`,
    };
  }
}

/** An ingress controller keeps what it has when a Secret holds no usable pair. */
function setContext(server: Server, cert: string, key: string): void {
  try {
    server.setSecureContext({ cert, key, minVersion: "TLSv1.2", ecdhCurve: KEY_EXCHANGE });
  } catch {
    // Reported by nobody, as in reality: the old certificate stays.
  }
}
