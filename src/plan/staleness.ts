/** Whether a plan still fits the estate that it was made from. */
import type { Cluster } from "../estate/cluster.ts";
import type { Estate } from "../estate/estate.ts";
import { leafFingerprint } from "./chain.ts";
import type { Plan } from "./plan.ts";
import { presentBundle } from "./present-bundle.ts";

export interface Difference {
  /** `certificate (SHA-256)`, `Rancher's version`, `pin of cluster`. */
  readonly what: string;
  /** Id of the cluster that it is about, if it is about one. */
  readonly cluster?: string;
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
    const said =
      before === undefined
        ? difference("cluster", "not there", now?.name ?? id)
        : now === undefined
          ? difference("cluster", "there", "gone")
          : [...pins(before, now), ...methods(before, now)];
    return said.map((one) => ({ ...one, cluster: id }));
  });
}

type Planned = Plan["basis"]["clusters"][number];

function pins(before: Planned, now: Cluster): Difference[] {
  const pin = now.agent?.pin ?? "";
  return before.pin === "" || pin === "" ? [] : difference("pin of cluster", before.pin, pin);
}

function methods(before: Planned, now: Cluster): Difference[] {
  const refused = before.method === "patch" && now.permissions.patchAgent === "no";
  return refused ? difference("method of cluster", "patch", "patching is not permitted") : [];
}

/**
 * The differences as the end of a sentence. What many clusters have in common is said once, with some of their ids, and
 * of their pins the beginning: an estate of hundreds does not fill the screen.
 */
export function describeDifferences(differences: readonly Difference[]): string {
  const groups = Map.groupBy(differences, ({ what, planned, found }) => JSON.stringify([what, planned, found]));
  return [...groups.values()]
    .flatMap(([first, ...others]) => (first === undefined ? [] : [describeAlike(first, others)]))
    .join("; ");
}

/** How many clusters are named where more are alike. */
const NAMED = 3;

function describeAlike(first: Difference, others: readonly Difference[]): string {
  const ids = [first, ...others].flatMap(({ cluster }) => cluster ?? []);
  const named = ids.length > NAMED + 1 ? [...ids.slice(0, NAMED), `${ids.length - NAMED} more`] : ids;
  const of =
    named.length > 1 ? `s ${named.slice(0, -1).join(", ")} and ${named.at(-1)}` : named.map((id) => ` ${id}`).join("");
  const shown = (value: string): string => (ids.length > 0 ? value.replace(PIN, "$1") : value);
  return `${first.what}${of}: planned ${shown(first.planned)}, found ${shown(first.found)}`;
}

const PIN = /^([0-9a-f]{12})[0-9a-f]{52}$/;

function difference(what: string, planned: string, found: string): Difference[] {
  return planned === found ? [] : [{ what, planned, found }];
}
