/** Rancher's own endpoints: its bundle, its API tokens, and the way through it to downstream clusters. */
import { z } from "zod";
import { type Api, createApi } from "../kubernetes/api.ts";
import { ApiError, type Asked, errorOfAnswer, errorOfBody } from "../kubernetes/api-error.ts";
import { patiently } from "../kubernetes/patience.ts";
import { systemRoots, Transport } from "../kubernetes/transport.ts";
import type { Answer } from "../kubernetes/whole-answer.ts";
import { agentsPool } from "../pki/agents-pool.ts";
import { Secret } from "../pki/secret.ts";
import { type Presented, presentedBy } from "./handshake.ts";

/** What connections to Rancher verify against. */
export interface RancherTrust {
  /** Bundles, PEM, byte for byte: the one of the moment, and those of the epochs to come. */
  readonly bundles: readonly string[];
  /** Also the system's roots: where agents use theirs too, or no CA is configured. */
  readonly systemRoots: boolean;
}

export interface RancherConnection {
  /** `https://rancher.example.com`, from the setting `server-url` or given. */
  readonly serverUrl: string;
  readonly token: Secret;
  readonly trust: RancherTrust;
}

/** The setting `cacerts` as Rancher serves it. */
export interface ServedBundle {
  readonly value: string;
  /** `db`, `env` or `default`. */
  readonly source: string;
}

export interface TokenFacts {
  readonly valid: boolean;
  readonly user?: string;
  /** ISO 8601; absent when the token never expires. */
  readonly expiresAt?: string;
}

export class RancherServer {
  readonly serverUrl: URL;
  readonly #transport: Transport;
  readonly #token: Secret;
  #ca: string | undefined;
  #leaf: string | undefined;

  constructor(connection: RancherConnection) {
    this.serverUrl = new URL(connection.serverUrl);
    this.#token = connection.token;
    this.#ca = anchorsOf(connection.trust);
    this.#transport = new Transport({
      origin: this.serverUrl.origin,
      tls: () => ({
        ...(this.#ca === undefined ? {} : { ca: this.#ca }),
        ...(this.#leaf === undefined ? {} : { leaf: this.#leaf }),
      }),
    });
  }

  /** New connections verify against this from now on; those that live, live on. */
  setTrust(trust: RancherTrust): void {
    this.#ca = anchorsOf(trust);
  }

  /** A certificate by whose SHA-256 (lower-case hex) Rancher is known, even where no bundle verifies it. */
  trustLeaf(fingerprint: string | undefined): void {
    this.#leaf = fingerprint;
  }

  /**
   * The bundle as agents are given it (`GET /v3/settings/cacerts`, no token needed), over a fresh connection, so that
   * each call may meet another replica. While Rancher restarts this throws a transient `ApiError`.
   */
  async cacerts(signal?: AbortSignal): Promise<ServedBundle> {
    const asked = this.#asked("read the setting cacerts");
    const request = { method: "GET", path: this.#path("/v3/settings/cacerts"), timeoutMs: 10_000 } as const;
    return await patiently(async () => {
      const answer = await this.#transport.sendFresh(asked, {
        ...request,
        ...(signal === undefined ? {} : { signal }),
      });
      const { value, source } = parsed(settingSchema, asked, answer);
      return { value, source };
    });
  }

  /** The API server of a cluster, through Rancher's tunnel. All clusters share one pool of connections. */
  downstream(clusterId: string, options: { readonly timeoutMs?: number } = {}): Api {
    return createApi({
      ...options,
      transport: this.#transport,
      server: `cluster ${clusterId}`,
      basePath: this.#path(`/k8s/clusters/${encodeURIComponent(clusterId)}`),
      headers: async () => this.#authorization(),
    });
  }

  /** Whose token this is and until when. An invalid token is a fact, not an error; no answer is an error. */
  async tokenFacts(): Promise<TokenFacts> {
    const name =
      this.#token
        .reveal()
        .split(":")[0]
        ?.replace(/^ext\//, "") ?? "";
    const asked = this.#asked("say whose token this is");
    const me = await this.#get(asked, "/v3/users?me=true");
    if (me.status === 401) return { valid: false };
    const users = parsed(collectionSchema(userSchema), asked, me).data;
    const own = await this.#get(asked, `/v3/tokens/${encodeURIComponent(name)}`);
    // A token need not be allowed to look at itself; its end is then not known.
    const expiresAt = own.status === 200 ? parsed(tokenSchema, asked, own).expiresAt : "";
    const user = users[0]?.username ?? users[0]?.id;
    return { valid: true, ...(user === undefined ? {} : { user }), ...(expiresAt === "" ? {} : { expiresAt }) };
  }

  /** Ids of the clusters that the token's user sees. */
  async visibleClusters(): Promise<string[]> {
    const asked = this.#asked("list the clusters that the token sees");
    const ids: string[] = [];
    let path: string | undefined = "/v3/clusters?limit=1000";
    while (path !== undefined) {
      const page: NormanCollection = parsed(collectionSchema(idSchema), asked, await this.#get(asked, path));
      ids.push(...page.data.map(({ id }) => id));
      path = this.#sameServer(page.pagination?.next);
    }
    return ids.sort();
  }

  /**
   * The manifest that makes a cluster's agent (`/v3/import/<token>_<cluster>.yaml`). It holds the token: a secret.
   * The token is in the path, which no sentence repeats.
   */
  async registrationManifest(token: Secret, clusterId: string, signal?: AbortSignal): Promise<string> {
    const asked = { ...this.#asked(`give the registration manifest of cluster ${clusterId}`), secret: true };
    const name = `${encodeURIComponent(token.reveal())}_${encodeURIComponent(clusterId)}.yaml`;
    const request = { method: "GET", path: this.#path(`/v3/import/${name}`) } as const;
    const answer = await this.#transport.send(asked, { ...request, ...(signal === undefined ? {} : { signal }) });
    if (answer.status !== 200) throw errorOfAnswer(asked, answer);
    return answer.body;
  }

  /**
   * The kubeconfig that Rancher makes for a cluster (action generateKubeconfig), with a new token in it where the cluster
   * has an authorized endpoint: a secret.
   */
  async kubeconfig(clusterId: string): Promise<Secret> {
    const asked = { ...this.#asked(`make a kubeconfig for cluster ${clusterId}`), secret: true };
    const path = this.#path(`/v3/clusters/${encodeURIComponent(clusterId)}?action=generateKubeconfig`);
    const headers = this.#authorization();
    const answer = await this.#transport.send(asked, { method: "POST", path, headers });
    return Secret.of(parsed(kubeconfigSchema, asked, answer).config);
  }

  /** Deletes a token of the same user, with its counterpart in the cluster that it is for; that there is none is as well. */
  async deleteToken(name: string): Promise<void> {
    const asked = this.#asked(`delete token ${name}`);
    const path = this.#path(`/v3/tokens/${encodeURIComponent(name)}`);
    const answer = await this.#transport.send(asked, { method: "DELETE", path, headers: this.#authorization() });
    if (answer.status >= 300 && answer.status !== 404) throw errorOfAnswer(asked, answer);
  }

  /** What each address of the server's name presents. Throws when the name does not resolve. */
  async presented(): Promise<Presented[]> {
    return await presentedBy(this.serverUrl);
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }

  #asked(what: string): Asked {
    return { server: `Rancher at ${this.serverUrl.host}`, what };
  }

  #path(path: string): string {
    return this.serverUrl.pathname.replace(/\/+$/, "") + path;
  }

  #authorization(): Readonly<Record<string, string>> {
    return { authorization: `Bearer ${this.#token.reveal()}` };
  }

  /** An answer of whatever status, once the server is not merely busy. */
  async #get(asked: Asked, path: string): Promise<Answer> {
    const request = { method: "GET", path: this.#path(path), headers: this.#authorization() } as const;
    return await patiently(async () => {
      const answer = await this.#transport.send(asked, request);
      if (answer.status === 429 || answer.status >= 500) throw errorOfAnswer(asked, answer);
      return answer;
    });
  }

  /** A page's successor, only where it is on the same server: the token goes nowhere else. */
  #sameServer(next: string | undefined): string | undefined {
    if (next === undefined || !URL.canParse(next)) return undefined;
    const url = new URL(next);
    return url.origin === this.serverUrl.origin ? url.pathname + url.search : undefined;
  }
}

/** Rancher answered, but not as Rancher does: this is another kind of server. */
export function isForeignAnswer(error: unknown): boolean {
  return error instanceof ApiError && (error.reason === "UnexpectedBody" || error.status === 404);
}

const settingSchema = z.object({
  id: z.literal("cacerts"),
  value: z
    .string()
    .nullish()
    .transform((value) => value ?? ""),
  source: z.string().default(""),
});
const kubeconfigSchema = z.object({ config: z.string() });
const idSchema = z.object({ id: z.string() });
const userSchema = z.object({ id: z.string(), username: z.string().optional() });
const tokenSchema = z.object({
  expiresAt: z
    .string()
    .nullish()
    .transform((value) => value ?? ""),
});
const collectionSchema = <T extends z.ZodType>(item: T) =>
  z.object({ data: z.array(item), pagination: z.object({ next: z.string().optional() }).nullish() });
type NormanCollection = z.infer<ReturnType<typeof collectionSchema<typeof idSchema>>>;

function parsed<T extends z.ZodType>(schema: T, asked: Asked, answer: Answer): z.infer<T> {
  if (answer.status !== 200) throw errorOfAnswer(asked, answer);
  let body: unknown;
  try {
    body = JSON.parse(answer.body);
  } catch {
    throw errorOfBody(asked, answer.status, "something that is not JSON");
  }
  const result = schema.safeParse(body);
  if (!result.success) throw errorOfBody(asked, answer.status, "something that Rancher would not say");
  return result.data;
}

/** The certificates that the agents would get out of the same bytes; undefined means the system's roots alone. */
function anchorsOf(trust: RancherTrust): string | undefined {
  const own = trust.bundles.flatMap((bundle) => agentsPool(bundle).anchors.map(({ pem }) => pem));
  if (own.length === 0) return undefined;
  return [...new Set([...own, ...(trust.systemRoots ? systemRoots() : [])])].join("");
}
