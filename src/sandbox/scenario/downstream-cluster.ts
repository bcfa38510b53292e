import { createHash } from "node:crypto";
import { agentProgram } from "../agent/agent-program.ts";
import { FaultyLink } from "../agent/link.ts";
import { serviceAccount } from "../api-server/authorization.ts";
import type { ResourceKind } from "../api-server/kinds.ts";
import { AUTH_TOKEN_KIND } from "../api-server/rancher-kinds.ts";
import type { ClusterAuthority } from "../api-server/serving-identity.ts";
import type { Clock } from "../clock.ts";
import type { KubeObject } from "../cluster-client.ts";
import type { Images } from "../controllers/container-program.ts";
import { textOf } from "../rancher/account-secret.ts";
import type { ManifestFacts } from "../rancher/agent-manifest.ts";
import { IMPERSONATION } from "../rancher/impersonation.ts";
import { core } from "../rancher/resources.ts";
import type { Stalls } from "../stalls.ts";
import { type ClusterFacts, clusterObjects } from "./cluster-objects.ts";
import { downstreamObjects } from "./downstream-objects.ts";
import type { ClusterOptions, EstateCluster } from "./estate-cluster.ts";
import type { Fault } from "./faults.ts";
import { ADMIN_USER } from "./management-objects.ts";
import { type Random, randomSuffix } from "./random.ts";
import type { ScenarioCluster } from "./scenario.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import type { StatisticsKeeper } from "./statistics.ts";
import { waitUntil } from "./waiting.ts";

export interface DownstreamOptions<C extends EstateCluster> {
  readonly id: string;
  readonly description: ScenarioCluster;
  readonly kinds: readonly ResourceKind[];
  readonly clock: Clock;
  readonly stalls: Stalls;
  readonly random: Random;
  readonly statistics: StatisticsKeeper;
  /** The registration token with which its agent connects. */
  readonly token: string;
  /** The pin in the agent's spec, where the scenario wants it to be another than what is served. */
  readonly drift: Extract<Fault, { kind: "drifted" }>["pin"] | undefined;
  /** Public roots, PEM: what the store of an up-to-date image holds. */
  readonly publicRoots: string;
  /** Who the cluster's API server is, where it has nothing of its own. */
  readonly identity: ClusterAuthority;
  readonly makeCluster: (options: ClusterOptions) => C;
}

/**
 * How many changes are remembered, whatever their kind. A real API server has room for a hundred of each kind at least
 * (k8s.io/apiserver/pkg/storage/cacher); here hundreds of them are in one process.
 */
const HISTORY = 50;

const AGENT = { namespace: "cattle-system", name: "cattle" };

/** A cluster that Rancher manages, with the network between them and its agents. */
export class DownstreamCluster<C extends EstateCluster = SimulatedCluster> {
  readonly id: string;
  readonly description: ScenarioCluster;
  readonly token: string;
  readonly link: FaultyLink;
  readonly cluster: C;
  /** The agent's image cannot be pulled any more. */
  imageMissing = false;
  /** Its authorized endpoint on the network, where it has one. */
  endpoint: { close(): Promise<void> } | undefined;
  readonly #options: DownstreamOptions<C>;
  readonly #leases = new Set<() => void>();
  readonly #brokenNodes = new Set<string>();
  #unchecked: number;

  constructor(options: DownstreamOptions<C>) {
    const { id, description, token, clock, random, kinds, drift } = options;
    this.id = id;
    this.description = description;
    this.token = token;
    this.link = new FaultyLink(description.latencyMs);
    this.#unchecked = drift === undefined ? 0 : description.agents;
    this.#options = options;
    const impersonation = { namespace: IMPERSONATION.namespace, name: `${IMPERSONATION.prefix}${ADMIN_USER}` };
    const powerful = [ADMIN_USER, serviceAccount(AGENT).name, serviceAccount(impersonation).name];
    const { name, kubernetes } = description;
    const { identity, stalls } = options;
    const all = description.authorizedEndpoint ? [...kinds, AUTH_TOKEN_KIND] : kinds;
    const common = { name, kubernetes, kinds: all, clock, stalls, random, powerful, identity };
    this.cluster = options.makeCluster({ ...common, historyLimit: HISTORY, admission: [] });
  }

  get name(): string {
    return this.description.name;
  }

  /** Its objects in the management cluster, once it is prepared: Rancher holds its CA and its agent's token. */
  async managementObjects(
    facts: Omit<ClusterFacts, "id" | "description" | "token" | "defaultToken" | "caCert" | "credential">,
  ) {
    const { id, description, token, cluster } = this;
    const { caPem: caCert } = cluster;
    return clusterObjects({
      ...facts,
      caCert,
      credential: await this.#agentToken(),
      id,
      description,
      token,
      defaultToken: registrationToken(this.#options.random),
    });
  }

  /** Puts in what a managed cluster has. */
  async prepare(manifest: Omit<ManifestFacts, "features" | "token" | "namespace">): Promise<void> {
    const facts = { ...manifest, token: this.token, namespace: this.id };
    const { random, drift } = this.#options;
    const suffix = () => randomSuffix(random, 5);
    const pin = drift === undefined ? undefined : driftedPin(drift, manifest.bundle);
    const { description } = this;
    const { caPem: caCert } = this.cluster;
    await this.cluster.create(downstreamObjects({ manifest: facts, description, caCert, pin, suffix }));
  }

  /** Lets it run. */
  start(): Promise<void> {
    const nodes = Array.from({ length: this.description.nodes }, (_, index) => ({ name: `node-${index + 1}` }));
    return this.cluster.start(this.#images(), nodes);
  }

  /** Agents that start on the node from now on end at once, or no more. */
  breakNode({ node, mended }: { readonly node: string; readonly mended: boolean }): void {
    if (mended) this.#brokenNodes.delete(node);
    else this.#brokenNodes.add(node);
  }

  /** The agents that run cannot renew their leases: the API server takes none of their tokens. */
  loseLeases(): void {
    for (const lost of [...this.#leases]) lost();
  }

  #holdLease(onLost: () => void): () => void {
    this.#leases.add(onLost);
    return () => this.#leases.delete(onLost);
  }

  /** The token that the agent reports; Kubernetes puts it into its Secret. */
  async #agentToken(): Promise<string> {
    let token: string | undefined;
    const look = async () => {
      const { items } = await this.cluster.client.list(core("secrets", AGENT.namespace));
      token = textOf(items.find(isAgentToken), "token");
      return token !== undefined;
    };
    await waitUntil(look, { what: `the token of ${this.name}'s agent` });
    return token ?? "";
  }

  #images(): Images {
    const api = this.cluster.handlerFor(serviceAccount(AGENT));
    const { random, statistics, publicRoots } = this.#options;
    const observer = statistics.observer(this.id);
    const startedEarlier = () => {
      this.#unchecked -= 1;
      return this.#unchecked >= 0;
    };
    const standingStill = <T>(work: Promise<T>) => this.cluster.clock.during(work);
    const holdLease = (onLost: () => void) => this.#holdLease(onLost);
    const agent = agentProgram({
      link: this.link,
      observer,
      api,
      systemRoots: this.description.systemStore === "public" ? publicRoots : "",
      random,
      startedEarlier,
      standingStill,
      holdLease,
      isBroken: (node) => this.#brokenNodes.has(node),
    });
    const isAgent = (image: string) => image.includes("rancher/rancher-agent");
    return {
      programs: { "rancher/rancher-agent": agent },
      unpullable: (image) => /(^|\/)missing([:@]|$)/.test(image) || (this.imageMissing && isAgent(image)),
    };
  }
}

function isAgentToken({ metadata: { annotations } }: KubeObject): boolean {
  return annotations?.["kubernetes.io/service-account.name"] === AGENT.name;
}

/** A registration token as Rancher makes it: 54 letters and digits. */
export function registrationToken(random: Random): string {
  return randomSuffix(random, 54);
}

/** A pin that would not survive a restart: of some earlier bundle, or of the present one with a newline too many. */
function driftedPin(drift: "other" | "trailing-newline", bundle: string): string {
  const text = drift === "other" ? `an earlier bundle\n` : `${bundle}\n\n`;
  return createHash("sha256").update(text).digest("hex");
}
