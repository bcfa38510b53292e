import type { AdmissionHook } from "../api-server/admission.ts";
import type { User } from "../api-server/authorization.ts";
import type { ResourceKind } from "../api-server/kinds.ts";
import type { PodServer } from "../api-server/pod-proxy.ts";
import type { ClusterAuthority } from "../api-server/serving-identity.ts";
import type { Clock } from "../clock.ts";
import type { ClusterClient, NewObject } from "../cluster-client.ts";
import type { Images } from "../controllers/container-program.ts";
import type { NodeDescription } from "../controllers/nodes.ts";
import type { HeldClock } from "../held-clock.ts";
import type { TunnelHandler } from "../rancher/tunnel.ts";
import type { Stalls } from "../stalls.ts";

/** What an estate wants to have as one of its clusters. */
export interface ClusterOptions {
  /** `management`, or the display name of a downstream cluster. */
  readonly name: string;
  readonly kubernetes: string;
  readonly kinds: readonly ResourceKind[];
  readonly clock: Clock;
  /** When this process did not come to its turn; a cluster's time stands still meanwhile. */
  readonly stalls: Stalls;
  readonly random: () => number;
  /** How many changes a watch can go back. */
  readonly historyLimit: number;
  /** Accounts that may do everything, besides the administrator: the people, Rancher, the agent. */
  readonly powerful: readonly string[];
  /** Webhooks that judge what is written. */
  readonly admission: readonly AdmissionHook[];
  /** Who the cluster's API server is, where it has nothing of its own. */
  readonly identity: ClusterAuthority;
}

/** One cluster of an estate, as the estate, Rancher and the agents use it: a simulated one, or a real control plane. */
export interface EstateCluster {
  /** As administrator. */
  readonly client: ClusterClient;
  /** What its nodes live by. */
  readonly clock: HeldClock;
  /** What its API server is verified with. PEM. */
  readonly caPem: string;
  /** Creates the objects one after another, the status of those that have one included. */
  create(objects: readonly NewObject[]): Promise<void>;
  /** Starts the nodes, and the controllers if there are none yet; what is stored begins to run. */
  start(images: Images, nodes: readonly NodeDescription[]): Promise<void>;
  /** What answers when somebody asks a pod through the API server, where there is no network to it. */
  servePods?(server: PodServer): void;
  /** The API as this account reaches it from inside. A request with a token of its own is the token's. */
  handlerFor(account: User): TunnelHandler;
  stop(): Promise<void>;
}
