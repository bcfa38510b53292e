/** Would the ways that the configuration names besides Rancher's tunnel work? Found before anything is changed. */
import type { Cluster, GivenReach, ReachFault } from "../estate/cluster.ts";
import { type Finding, type FindingCode, finding } from "../findings.ts";
import { type CheckInput, clusterTarget, downstreamClusters } from "./check.ts";

export function givenWays({ estate }: CheckInput): Finding[] {
  return downstreamClusters(estate).flatMap((cluster) => cluster.given.flatMap((way) => wayFindings(cluster, way)));
}

const CODES = {
  invalid: "reach.invalid",
  "through-rancher": "reach.through-rancher",
  "host-key": "reach.host-key",
  unreachable: "reach.unreachable",
  expired: "reach.expired",
  forbidden: "reach.forbidden",
  "other-cluster": "reach.other-cluster",
  unproved: "reach.unproved",
} as const satisfies Record<ReachFault, FindingCode>;

function wayFindings(cluster: Cluster, { reach, called, state }: GivenReach): Finding[] {
  const target = clusterTarget(cluster);
  // Nobody asked for it: whatever is wrong with it forbids nothing.
  if (reach === "endpoint" && state.kind === "unusable") {
    return [finding("reach.endpoint", target, `Its ${called} cannot be used: ${state.why}`)];
  }
  if (state.kind === "unusable") {
    return [finding(CODES[state.fault], target, `Its ${called} cannot be used: ${state.why}`)];
  }
  const { patchAgent, deletePods, listPods } = state.permissions;
  const missing = [
    ...(patchAgent === "no" ? ["patch deployments.apps cattle-system"] : []),
    ...(deletePods === "no" ? ["delete pods cattle-system"] : []),
    ...(listPods === "no" ? ["list pods cattle-system"] : []),
  ];
  if (missing.length === 0) return [];
  return [finding("reach.may-not", target, `The account of its ${called} may not: ${missing.join(", ")}.`)];
}
