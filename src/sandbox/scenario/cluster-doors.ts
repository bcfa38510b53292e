import { type AccessRule, ADMINISTRATOR, type User } from "../api-server/authorization.ts";
import { HttpsFront, type Listener } from "../api-server/https-front.ts";
import type { KubeconfigEntry } from "../api-server/kubeconfig.ts";
import { AUTH_TOKEN_KIND } from "../api-server/rancher-kinds.ts";
import { createClusterAuthority, type ServingIdentity } from "../api-server/serving-identity.ts";
import { AUTH_TOKENS, kubeApiAuth } from "../rancher/kube-api-auth.ts";
import { CLUSTERS } from "../rancher/resources.ts";
import type { DownstreamCluster } from "./downstream-cluster.ts";
import type { Estate } from "./estate.ts";
import { randomSuffix } from "./random.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";

/** Whoever comes over the network: an account apart, so that faults can meet it and not the sandbox's own parts. */
const PERSON: User = { ...ADMINISTRATOR, name: "estate-admin" };

/** The clusters' own API servers on the network: what a person's kubeconfigs lead to, past Rancher. */
export class ClusterDoors {
  readonly #estate: Estate;
  readonly #entries = new Map<string, KubeconfigEntry>();
  readonly #listeners = new Map<string, Listener>();

  constructor(estate: Estate) {
    this.#estate = estate;
  }

  /** @returns the entry of the management cluster, and then one per downstream cluster */
  async open(): Promise<readonly KubeconfigEntry[]> {
    const { management, downstream, authority, hosting } = this.#estate;
    const front = new HttpsFront({ identity: authority });
    await this.#listen(front, "management", management);
    if (hosting !== undefined) await this.#listen(front, "hosting", hosting.cluster);
    for (const { name, cluster } of downstream) await this.#listen(front, name, cluster);
    for (const cluster of downstream) if (cluster.description.authorizedEndpoint) await this.#openEndpoint(cluster);
    return this.entries;
  }

  /** The same API server at an address of its own, with another certificate, where Rancher's tokens are taken as well. */
  async #openEndpoint(downstream: DownstreamCluster): Promise<void> {
    const { id, name, cluster } = downstream;
    const { clock, management } = this.#estate;
    const identity = await createClusterAuthority({ name: `${name}-endpoint`, now: clock.now() });
    const { server } = cluster;
    server.tokenWebhook = kubeApiAuth(
      (token) => server.store.get(AUTH_TOKEN_KIND, AUTH_TOKENS.namespace ?? "", token),
      () => clock.now(),
    );
    const listener = await new HttpsFront({ identity }).listen(server);
    this.#listeners.set(`${name}-endpoint`, listener);
    downstream.endpoint = listener;
    const fqdn = `localhost:${new URL(listener.url).port}`;
    const body = { spec: { localClusterAuthEndpoint: { enabled: true, fqdn, caCerts: identity.caPem } } };
    await management.client.patch(CLUSTERS, id, { type: "merge", body });
  }

  /** As they are now: a cluster may have got another CA. */
  get entries(): readonly KubeconfigEntry[] {
    return [...this.#entries.values()];
  }

  /** @param name the display name of a downstream cluster, or `management` */
  entry(name: string): KubeconfigEntry {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new Error(`the API server of ${name} is not on the network`);
    return entry;
  }

  /** The same door for somebody else, who may do this and no more. */
  entryAs(
    { name: of, server }: Pick<SimulatedCluster, "server"> & { readonly name: string },
    rules: readonly AccessRule[],
  ): KubeconfigEntry {
    const token = randomSuffix(this.#estate.random, 32);
    const name = `guest-${token.slice(0, 5)}`;
    server.tokens.add(token, { name, groups: ["system:authenticated"] });
    server.access.grant({ kind: "user", name }, rules);
    return { ...this.entry(of), credentials: { kind: "token", token } };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#listeners.values()].map((listener) => listener.close()));
  }

  async #listen(front: HttpsFront, name: string, cluster: SimulatedCluster): Promise<void> {
    const { authority, random } = this.#estate;
    const listener = await front.listen(cluster.server);
    this.#listeners.set(name, listener);
    const token = randomSuffix(random, 32);
    cluster.server.tokens.add(token, PERSON);
    const { caPem } = authority;
    this.#entries.set(name, { name, server: listener.url, caPem, credentials: { kind: "token", token } });
    cluster.whenIdentityChanges((identity) => this.#listenAgain(name, cluster, identity));
  }

  /** At the same address with another certificate; whoever was connected must connect anew. */
  async #listenAgain(name: string, { server }: SimulatedCluster, identity: ServingIdentity): Promise<void> {
    const port = Number(new URL(this.entry(name).server).port);
    await this.#listeners.get(name)?.close();
    this.#listeners.set(name, await new HttpsFront({ identity }).listen(server, port));
    this.#entries.set(name, { ...this.entry(name), caPem: identity.caPem });
  }
}
