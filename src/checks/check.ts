/** What a check is: a pure function from what was observed to what is wrong with it. */
import type { Cluster } from "../estate/cluster.ts";
import type { Estate } from "../estate/estate.ts";
import type { Finding } from "../findings.ts";
import type { Target } from "./target.ts";

export interface CheckInput {
  readonly estate: Estate;
  /** The certificate and bundle to change to; absent when only the estate is checked. */
  readonly target?: Target;
  readonly now: Date;
  /** When the rotation ends at the latest: what must last, must last until then. */
  readonly until: Date;
}

/** Returns every finding of its kind; never throws. */
export type Check = (input: CheckInput) => readonly Finding[];

/** `cluster c-abc12 (paris)`: the target of findings about a cluster. */
export function clusterTarget({ id, name }: Pick<Cluster, "id" | "name">): string {
  return name === id ? `cluster ${id}` : `cluster ${id} (${name})`;
}

/** Clusters that have agents: all but `local`. */
export function downstreamClusters({ clusters }: Estate): Cluster[] {
  return clusters.filter(({ local }) => !local);
}

/** `2026-11-23 08:46 UTC`. */
export function timeText(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** The name or address of Rancher's URL, without port; empty when it is no URL. */
export function hostnameOf(estate: Estate): string {
  const { serverUrl } = estate.identity;
  return URL.canParse(serverUrl) ? new URL(serverUrl).hostname.replace(/^\[|\]$/g, "") : "";
}
