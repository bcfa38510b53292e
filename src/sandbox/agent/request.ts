import { lookup } from "node:dns";
import { Agent, type RequestOptions, request } from "node:https";
import type { LookupFunction } from "node:net";
import { createSecureContext } from "node:tls";
import { KEY_EXCHANGE } from "../key-exchange.ts";
import type { ClusterLink } from "./link.ts";
import { inTurn } from "./opening.ts";
import type { Trust } from "./trust.ts";

export interface FetchOptions {
  readonly link: ClusterLink;
  /** Without it the server's certificate is not looked at, as with `curl --insecure`. */
  readonly trust?: Trust;
  readonly signal: AbortSignal;
  /** Wall milliseconds after which the attempt is given up. */
  readonly timeoutMs?: number;
}

export interface Fetched {
  readonly status: number;
  readonly body: string;
}

/**
 * One GET. Where the certificate matters it is made over a connection of its own, in which no session is resumed, so
 * that every request is a full handshake with a verdict of its own. Where it does not, connections are shared among
 * the agents of this process: there is nothing to be judged in them, and they would be half of an agent's start.
 */
export async function fetchOnce(url: string, options: FetchOptions): Promise<Fetched> {
  if (!options.link.up) throw unreachable(url);
  const { trust } = options;
  if (trust !== undefined) return await inTurn(() => exchange(url, options, { agent: verifying, ...trust }));
  try {
    return await exchange(url, options, UNVERIFIED);
  } catch (error) {
    // The other end closed a shared connection just when it was to be used again: a new one decides.
    if (options.signal.aborted || !isStale(error)) throw error;
    return await exchange(url, options, { ...UNVERIFIED, agent: unverified });
  }
}

const verifying = new Agent({ keepAlive: false, maxCachedSessions: 0 });
const sharing = new Agent({ keepAlive: true, maxSockets: 12, scheduling: "fifo" });
const unverified = new Agent({ keepAlive: false });
/** Without a context of its own, every connection would load the runtime's roots anew. */
const UNVERIFIED = {
  agent: sharing,
  rejectUnauthorized: false,
  secureContext: createSecureContext({ ca: [], ecdhCurve: KEY_EXCHANGE }),
};

function isStale(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ECONNRESET" || error.code === "EPIPE");
}

function exchange(url: string, options: FetchOptions, tls: RequestOptions): Promise<Fetched> {
  const { signal, link, timeoutMs: timeout = 10_000 } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { ...tls, signal, timeout, lookup: loopbackLookup });
    if (options.trust !== undefined) outgoing.on("socket", (socket) => link.track(socket));
    outgoing.on("timeout", () => outgoing.destroy(new Error("Connection timed out")));
    outgoing.on("error", reject);
    outgoing.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        // A shared connection does not break with the link, so the link is asked once more.
        if (!link.up) return reject(unreachable(url));
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
      });
    });
    outgoing.end();
  });
}

/** The error of a connection that cannot be made, in curl's words. */
export function unreachable(url: string): Error {
  const { hostname, port } = new URL(url);
  return new Error(`Failed to connect to ${hostname} port ${port || 443} after 0 ms: Couldn't connect to server`);
}

/** What curl would say about an error of the runtime's. */
export function asCurlSaysIt(error: unknown, url: string): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ECONNREFUSED") return unreachable(url).message;
  if (code === "ENOTFOUND") return `Could not resolve host: ${new URL(url).hostname}`;
  return error instanceof Error ? error.message : String(error);
}

/** Name resolution as the sandbox's clusters have it: the ingress listens on IPv4's loopback address alone. */
export const loopbackLookup: LookupFunction = (hostname, options, callback) => {
  if (hostname !== "localhost") return lookup(hostname, options, callback);
  if (options.all) callback(null, [{ address: "127.0.0.1", family: 4 }]);
  else callback(null, "127.0.0.1", 4);
};
