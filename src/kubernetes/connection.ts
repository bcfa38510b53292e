/** Opens a cluster's own API server with a kubeconfig. */
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
  close(): Promise<void>;
}

/** Credentials are asked for again after this time; a plugin keeps its own until they expire. */
const CREDENTIALS_MS = 60_000;

export interface ConnectionOptions {
  /** How sentences call the cluster. Default `the management cluster`. */
  readonly name?: string;
  /** How long the server may stay silent before a request has failed. */
  readonly timeoutMs?: number;
}

/**
 * Connects to the cluster that a kubeconfig's context names. Nothing is asked of the server yet, but an exec plugin is
 * run. Throws `kubeconfig.*` and `input.file-*` errors.
 */
export async function connectKubeconfig(
  choice: KubeconfigChoice,
  { name = "the management cluster", ...limits }: ConnectionOptions = {},
): Promise<Connection> {
  const chosen = await chooseContext(choice);
  const credentials = await chosen.credentials();
  refuseUnreadable(chosen.context, credentials);
  const source = new CredentialSource(chosen, credentials);
  const transport = new Transport({ origin: chosen.server.origin, tls: () => source.current.tls });
  const place = { ...limits, server: name, basePath: chosen.server.pathname.replace(/\/+$/, "") };
  const api = createApi({ ...place, transport, headers: async () => (await source.fresh()).headers });
  const nameless = new Transport({ origin: chosen.server.origin, tls: () => withoutIdentity(source.current.tls) });
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
    close: async () => {
      await Promise.all([transport.close(), nameless.close()]);
    },
  };
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
