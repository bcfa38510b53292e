/**
 * HTTPS to one server: one pool of kept-alive connections for everything that is asked of it. Certificates are always
 * verified; neither an environment variable nor a kubeconfig can turn that off.
 */
import { X509Certificate } from "node:crypto";
import { lookup } from "node:dns";
import type { Socket } from "node:net";
import type { Duplex, Readable } from "node:stream";
import { createSecureContext, getCACertificates, type SecureContext, TLSSocket } from "node:tls";
import { buildConnector, type Dispatcher, Pool } from "undici";
import { type Asked, errorOfConnection } from "./api-error.ts";
import { rememberingLookup } from "./name-lookup.ts";
import { type Answer, single, wholeAnswer } from "./whole-answer.ts";

/** What a TLS connection needs, PEM. `ca` absent means the roots of the system and of the runtime. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
  /**
   * SHA-256 of a leaf, lower-case hex, that is accepted although no CA verifies it: another way that is trusted has said
   * that it is the server's. Any other certificate must still be verified.
   */
  readonly leaf?: string;
  /** The name to verify, where it is not the URL's. */
  readonly servername?: string;
}

export interface TransportRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path and query, from the server's root. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** How long the server may stay silent. Default 30 s. */
  readonly timeoutMs?: number;
}

export interface StreamedAnswer extends Omit<Answer, "body"> {
  readonly body: Readable & { text(): Promise<string> };
}

export interface TransportOptions {
  /** `https://host:port`, without a path. */
  readonly origin: string;
  /** Asked before each new connection, so that trust can grow while connections live. */
  readonly tls: () => TlsMaterial;
  /** Most connections at a time for requests that end. Default 48. */
  readonly connections?: number;
  /** Makes what carries each connection, in place of one over the network. TLS is verified through it all the same. */
  readonly dial?: Dial;
}

/** @throws what becomes the reason why the server could not be reached */
export type Dial = () => Promise<Duplex>;

const DEFAULT_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;
const MOST_STREAMS = 512;

/** What an API is asked through: connections of one's own, or somebody else's program. */
export type Exchange = Pick<Transport, "origin" | "send" | "stream" | "connect">;

/** A pool of connections to one server. Close it, or it keeps the process alive for a few seconds. */
export class Transport {
  readonly origin: string;
  readonly #options: TransportOptions;
  readonly #contextOf: (material: TlsMaterial) => SecureContext;
  readonly #pool: Pool;
  /** Watches hold a connection each for as long as they last, and end it when they are cut off. */
  readonly #streams: Pool;

  constructor(options: TransportOptions) {
    this.origin = options.origin;
    this.#options = options;
    this.#contextOf = rememberingContext();
    const connect = this.#connector("resumed");
    const pool = { connect, pipelining: 1, keepAliveTimeout: 30_000, keepAliveMaxTimeout: 60_000 };
    this.#pool = new Pool(options.origin, { ...pool, connections: options.connections ?? 48 });
    this.#streams = new Pool(options.origin, { ...pool, connections: MOST_STREAMS });
  }

  /** Sends a request and reads the whole answer, whatever its status. Throws an `ApiError` when there is none. */
  async send(asked: Asked, request: TransportRequest): Promise<Answer> {
    return await exchange(this.#pool, asked, request);
  }

  /** The same over a connection (and TLS handshake) of its own, so that a load balancer may choose another replica. */
  async sendFresh(asked: Asked, request: TransportRequest): Promise<Answer> {
    const connect = this.#connector("whole");
    const pool = new Pool(this.origin, { connect, connections: 1, pipelining: 0 });
    try {
      return await exchange(pool, asked, request);
    } finally {
      await pool.destroy();
    }
  }

  /** Opens an answer that goes on: the caller reads or destroys its body. */
  async stream(asked: Asked, request: TransportRequest): Promise<StreamedAnswer> {
    try {
      const { signal } = request;
      const answer = await this.#streams.request({
        ...dispatched(request),
        ...(signal === undefined ? {} : { signal }),
      });
      return {
        status: answer.statusCode,
        contentType: single(answer.headers["content-type"]) ?? "",
        retryAfter: single(answer.headers["retry-after"]),
        date: single(answer.headers.date),
        body: answer.body,
      };
    } catch (error) {
      throw rethrowable(asked, request, error);
    }
  }

  /** A verified connection of its own, for another protocol than requests and answers; the caller ends it. */
  connect(asked: Asked): Promise<Socket> {
    const { protocol, host, hostname, port } = new URL(this.origin);
    const connect = this.#connector("whole");
    return new Promise((resolve, reject) => {
      connect(
        { protocol, host, hostname: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? "443" : port },
        (error, socket) => {
          if (error === null) resolve(socket);
          else reject(errorOfConnection(asked, error));
        },
      );
    });
  }

  #connector(handshakes: Handshakes): buildConnector.connector {
    const { tls, dial } = this.#options;
    const verifying = verifyingConnector(tls, { handshakes, contextOf: this.#contextOf });
    return dial === undefined ? verifying : dialing(dial, verifying);
  }

  /** Ends every connection at once, also those that still wait for an answer. */
  async close(): Promise<void> {
    await Promise.all([this.#pool.destroy(), this.#streams.destroy()]);
  }
}

async function exchange(pool: Pool, asked: Asked, request: TransportRequest): Promise<Answer> {
  try {
    return await wholeAnswer(pool, dispatched(request), request.signal);
  } catch (error) {
    throw rethrowable(asked, request, error);
  }
}

/** The request as the library takes it, but for its signal. */
function dispatched({ method, path, headers, body, timeoutMs = DEFAULT_TIMEOUT_MS }: TransportRequest) {
  return {
    path,
    method,
    headers: { "user-agent": "farrier", accept: "application/json", ...headers },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    ...(body === undefined ? {} : { body }),
  } satisfies Dispatcher.DispatchOptions;
}

/** A caller that gave up is told so in its own words; everything else is a failure of the connection. */
function rethrowable(asked: Asked, request: TransportRequest, error: unknown): unknown {
  return request.signal?.aborted === true ? request.signal.reason : errorOfConnection(asked, error);
}

/** TLS over what was dialled. */
function dialing(dial: Dial, connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) => {
    dial().then(
      // The library hands it to node:tls as it is, which takes any duplex stream; its declaration names sockets alone.
      (carrier) => connect({ ...options, httpSocket: carrier as Socket }, callback),
      (error: unknown) => callback(error instanceof Error ? error : new Error("nothing was dialled"), null),
    );
  };
}

const LOOKUP = rememberingLookup(lookup);

/** Whether a handshake may resume the session of an earlier one, which costs a third. */
type Handshakes = "resumed" | "whole";

interface Ways {
  readonly handshakes: Handshakes;
  readonly contextOf: (material: TlsMaterial) => SecureContext;
}

/** To parse the system's roots takes as long as dozens of requests, so it is done once for the same material. */
function rememberingContext(): (material: TlsMaterial) => SecureContext {
  let known: { readonly material: TlsMaterial; readonly context: SecureContext } | undefined;
  return (material) => {
    if (known === undefined || !sameMaterial(known.material, material)) {
      known = { material, context: secureContextOf(material) };
    }
    return known.context;
  };
}

/**
 * Verifies with the material of the moment. The parsed certificates are kept until the material changes; so is the
 * latest TLS session, and a session that was verified with other material is never resumed.
 */
function verifyingConnector(tls: () => TlsMaterial, ways: Ways): buildConnector.connector {
  let known: { material: TlsMaterial; connector: buildConnector.connector } | undefined;
  return (options, callback) => {
    const material = tls();
    if (known === undefined || !sameMaterial(known.material, material)) {
      try {
        known = { material, connector: connectorWith(material, ways) };
      } catch (error) {
        callback(error instanceof Error ? error : new Error("unusable TLS material"), null);
        return;
      }
    }
    known.connector(options, callback);
  };
}

function connectorWith(material: TlsMaterial, { handshakes, contextOf }: Ways): buildConnector.connector {
  const settings = {
    secureContext: contextOf(material),
    rejectUnauthorized: material.leaf === undefined,
    allowH2: false,
    // The library keeps sessions by weak references, which are gone before they are of use.
    maxCachedSessions: 0,
    timeout: CONNECT_TIMEOUT_MS,
    lookup: LOOKUP,
    ...(material.servername === undefined ? {} : { servername: material.servername }),
  };
  let connect = buildConnector(settings);
  if (material.leaf !== undefined) return acceptingLeaf(connect, material.leaf);
  if (handshakes === "whole") return connect;
  return (options, callback) => {
    connect(options, (...result) => {
      const [, socket] = result;
      if (socket instanceof TLSSocket) {
        socket.on("session", (session: Buffer) => {
          connect = buildConnector({ ...settings, session });
        });
      }
      callback(...result);
    });
  };
}

/** Nothing is sent over a connection before its certificate was verified, or found to be that one. */
function acceptingLeaf(connect: buildConnector.connector, leaf: string): buildConnector.connector {
  return (options, callback) => {
    connect(options, (...result) => {
      const [, socket] = result;
      if (!(socket instanceof TLSSocket) || socket.authorized || fingerprintOf(socket) === leaf) {
        callback(...result);
        return;
      }
      socket.destroy();
      callback(Object.assign(new Error("untrusted"), { code: String(socket.authorizationError) }), null);
    });
  };
}

function fingerprintOf(socket: TLSSocket): string {
  return socket.getPeerX509Certificate()?.fingerprint256.replaceAll(":", "").toLowerCase() ?? "";
}

/** Throws what the TLS library throws when a certificate or key cannot be read, or when they don't belong together. */
export function proveUsable(material: TlsMaterial): void {
  // The library passes over a CA that it cannot read. The system's roots can be read, and it takes a moment.
  if (material.ca !== undefined) new X509Certificate(material.ca);
  secureContextOf({ ...material, ca: material.ca ?? "" });
}

function secureContextOf(material: TlsMaterial): SecureContext {
  return createSecureContext({
    ca: material.ca ?? systemRoots(),
    minVersion: "TLSv1.2",
    ...(material.cert === undefined ? {} : { cert: material.cert }),
    ...(material.key === undefined ? {} : { key: material.key }),
    ...(material.passphrase === undefined ? {} : { passphrase: material.passphrase }),
  });
}

/** The roots that the operating system and the runtime bring, PEM. Reading them takes a moment: only where needed. */
export function systemRoots(): string[] {
  return [...new Set([...getCACertificates("default"), ...getCACertificates("system")])];
}

function sameMaterial(a: TlsMaterial, b: TlsMaterial): boolean {
  return (
    a.ca === b.ca &&
    a.cert === b.cert &&
    a.key === b.key &&
    a.passphrase === b.passphrase &&
    a.leaf === b.leaf &&
    a.servername === b.servername
  );
}
