/** Opens a cluster's own API server with a kubeconfig. */
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { FarrierError } from "../errors.ts";
import type { Secret } from "../pki/secret.ts";
import { type Api, createApi } from "./api.ts";
import { type ChosenContext, type Credentials, chooseContext, type KubeconfigChoice } from "./kubeconfig.ts";
import { proveUsable, type TlsMaterial, Transport } from "./transport.ts";

export interface Connection {
  readonly api: Api;
  /** The API server's URL, for people. */
  readonly server: string;
  readonly context: string;
  /** The same server for the bearer of a token alone: nothing of the kubeconfig's own identity goes with it. */
  bearing(token: Secret): Api;
  /** How far the server's clock is ahead of this machine's, to the second; undefined where it does not tell. */
  secondsAhead(): Promise<number | undefined>;
  close(): Promise<void>;
}

/** Credentials are asked for again after this time; a plugin keeps its own until they expire. */
const CREDENTIALS_MS = 60_000;

export interface ConnectionOptions {
  /** How sentences call the cluster. Default `the management cluster`. */
  readonly name?: string;
  /** How long the server may stay silent before a request has failed. */
  readonly timeoutMs?: number;
  /**
   * Opens another way to the server's `host:port`, and gives the port on 127.0.0.1 at which it begins. The certificate is
   * verified for the server's own name all the same.
   */
  readonly detour?: (to: string) => Promise<number>;
  /** Makes what carries each connection to the server's host and port. */
  readonly dial?: (to: { readonly host: string; readonly port: string }) => Promise<Duplex>;
}

/**
 * Connections at a time. One cluster is asked little at once, and each connection costs a handshake, which takes as much as
 * several requests; one that is dialled costs a process somewhere.
 */
const MOST_CONNECTIONS = 8;

/**
 * Connects to the cluster that a kubeconfig's context names. Nothing is asked of the server yet, but an exec plugin is
 * run. Throws `kubeconfig.*` and `input.file-*` errors.
 */
export async function connectKubeconfig(
  choice: KubeconfigChoice,
  { name = "the management cluster", detour, dial, ...limits }: ConnectionOptions = {},
): Promise<Connection> {
  const chosen = await chooseContext(choice);
  const credentials = await chosen.credentials();
  refuseUnreadable(chosen.context, credentials);
  const source = new CredentialSource(chosen, credentials);
  const { origin, servername } = await placeOf(chosen.server, detour);
  const tls = (): TlsMaterial => ({ ...servername, ...source.current.tls });
  const carried = dial === undefined ? {} : { dial: () => dial(hostOf(chosen.server)) };
  const shared = { origin, connections: MOST_CONNECTIONS, ...carried };
  const transport = new Transport({ ...shared, tls });
  const place = { ...limits, server: name, basePath: chosen.server.pathname.replace(/\/+$/, "") };
  const api = createApi({ ...place, transport, headers: async () => (await source.fresh()).headers });
  const nameless = new Transport({ ...shared, tls: () => withoutIdentity(tls()) });
  return {
    api,
    server: chosen.server.href,
    context: chosen.context,
    bearing: (token) =>
      createApi({
        ...place,
        transport: nameless,
        headers: async () => ({ authorization: `Bearer ${token.reveal()}` }),
      }),
    secondsAhead: () => secondsAhead(nameless, { server: name, path: `${place.basePath}/version` }),
    close: async () => {
      await Promise.all([transport.close(), nameless.close()]);
    },
  };
}

/** By the date that every answer bears, also a refusal: nothing is sent that says who asks. */
async function secondsAhead(
  transport: Transport,
  { server, path }: { readonly server: string; readonly path: string },
): Promise<number | undefined> {
  const before = Date.now();
  const { date = "" } = await transport.send({ server, what: "read its clock" }, { method: "GET", path });
  const told = Date.parse(date);
  return Number.isNaN(told) ? undefined : Math.round((told - (before + Date.now()) / 2) / 1000);
}

/** Where to connect to, and which name to verify where that is not the URL's. */
async function placeOf(
  server: URL,
  detour: ConnectionOptions["detour"],
): Promise<{ readonly origin: string; readonly servername: Pick<TlsMaterial, "servername"> }> {
  if (detour === undefined) return { origin: server.origin, servername: {} };
  const { host, port: own } = hostOf(server);
  const port = await detour(`${server.hostname}:${own}`);
  const origin = `https://127.0.0.1:${port}`;
  if (host === "127.0.0.1") return { origin, servername: {} };
  // Every API server's certificate names `kubernetes` (kubeadm, RKE, RKE2 and K3s); TLS has no way to ask for an address.
  return { origin, servername: { servername: isIP(host) === 0 ? host : "kubernetes" } };
}

function hostOf({ hostname, port }: URL): { readonly host: string; readonly port: string } {
  return { host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? "443" : port };
}

/** A client certificate would speak before any token does. */
function withoutIdentity({ ca, servername }: TlsMaterial): TlsMaterial {
  return { ...(ca === undefined ? {} : { ca }), ...(servername === undefined ? {} : { servername }) };
}

function refuseUnreadable(context: string, { tls }: Credentials): void {
  try {
    proveUsable(tls);
  } catch {
    // The library's message may repeat a part of the key.
    throw new FarrierError(
      "kubeconfig.credentials",
      `Context "${context}" holds a CA, a client certificate or a key that cannot be read, or that do not belong together.`,
    );
  }
}

class CredentialSource {
  current: Credentials;
  readonly #chosen: ChosenContext;
  #madeAt = performance.now();
  #renewing: Promise<void> | undefined;

  constructor(chosen: ChosenContext, first: Credentials) {
    this.#chosen = chosen;
    this.current = first;
  }

  async fresh(): Promise<Credentials> {
    if (performance.now() - this.#madeAt > CREDENTIALS_MS) {
      this.#renewing ??= this.#renew().finally(() => {
        this.#renewing = undefined;
      });
      await this.#renewing;
    }
    return this.current;
  }

  async #renew(): Promise<void> {
    this.current = await this.#chosen.credentials();
    this.#madeAt = performance.now();
  }
}
