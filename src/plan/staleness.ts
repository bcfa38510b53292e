/** Whether a plan still fits the estate that it was made from. */
import type { Estate } from "../estate/estate.ts";
import { leafFingerprint } from "./chain.ts";
import type { Plan } from "./plan.ts";
import { presentBundle } from "./present-bundle.ts";

export interface Difference {
  /** `bundle`, `certificate`, `Rancher's version`, `cluster c-abc12`. */
  readonly what: string;
  readonly planned: string;
  readonly found: string;
}

/** A plan is applied only to the estate that it was made from. */
export function belongsTo(plan: Plan, identity: Estate["identity"]): boolean {
  return plan.estate.kubeSystemUid === identity.kubeSystemUid && plan.estate.serverUrl === identity.serverUrl;
}

/**
 * Everything on which the plan is based and which is no longer so; empty for a fresh plan. Asked when the first step is
 * about to run: later the plan's own doing changes the same facts. Whether a cluster can be reached at the moment is no
 * part of the basis.
 */
export function staleness(plan: Plan, estate: Estate): Difference[] {
  const { basis } = plan;
  const differences = [
    difference("management cluster (UID of kube-system)", plan.estate.kubeSystemUid, estate.identity.kubeSystemUid),
    difference("server URL", plan.estate.serverUrl, estate.identity.serverUrl),
    difference("pin of the served bundle", basis.servedPin, presentBundle(estate).pin),
    difference("certificate (SHA-256)", basis.servingFingerprint, leafFingerprint(estate.serving.chain)),
    difference("Rancher's version", basis.rancherVersion, estate.installation.version),
  ];
  return [...differences.flat(), ...clusterDifferences(plan, estate)];
}

function clusterDifferences({ basis, refreshed }: Plan, estate: Estate): Difference[] {
  const planned = new Map(basis.clusters.map((cluster) => [cluster.id, cluster]));
  const found = new Map(estate.clusters.map((cluster) => [cluster.id, cluster]));
  // A refresh is about the clusters that it names, whatever comes beside them.
  const others = refreshed === undefined ? [...found.keys()] : [];
  const ids = [...new Set([...planned.keys(), ...others])].toSorted();
  return ids.flatMap((id) => {
    const before = planned.get(id);
    const now = found.get(id);
    if (before === undefined) return difference(`cluster ${id}`, "not there", now?.name ?? id);
    if (now === undefined) return difference(`cluster ${id}`, "there", "gone");
    const pin = now.agent?.pin ?? "";
    const pins = before.pin === "" || pin === "" ? [] : difference(`pin of cluster ${id}`, before.pin, pin);
    const refused = before.method === "patch" && now.permissions.patchAgent === "no";
    return [...pins, ...(refused ? difference(`method of cluster ${id}`, "patch", "patching is not permitted") : [])];
  });
}

function difference(what: string, planned: string, found: string): Difference[] {
  return planned === found ? [] : [{ what, planned, found }];
}
