/** How each cluster's agent gets its pins, and why so. */

import { livePods } from "../estate/agent-state.ts";
import { type Cluster, type GivenReach, whyUnreachable } from "../estate/cluster.ts";
import type { NodeAgentBefore } from "../estate/node-agent.ts";
import type { PlannedCluster } from "./plan.ts";

export interface MethodChoice {
  readonly method: PlannedCluster["method"];
  readonly reach: PlannedCluster["reach"];
  readonly why: string;
}

/** @param wanted what the person asked for, if anything */
export function chooseMethod(cluster: Cluster, wanted?: "patch" | "redeploy"): MethodChoice {
  if (cluster.local) {
    const why = "It is the management cluster: since Rancher 2.5 no cluster agent runs in it.";
    return { method: "none", reach: "none", why };
  }
  const { patchAgent, patchNodeAgents } = cluster.permissions;
  const mayNot = patchAgent === "no" || patchNodeAgents === "no";
  const method = wanted === "redeploy" || mayNot ? "redeploy" : "patch";
  if (cluster.reach === "none") {
    const why = `Its API did not answer when this was planned (${unended(whyUnreachable(cluster))}); it gets its steps when it answers, and holds the gates until then.`;
    return { method, reach: "none", why };
  }
  return method === "redeploy" ? redeployed(cluster, wanted) : patched(cluster);
}

/** Rancher re-applies an agent through its tunnel and in no other way. */
function redeployed(cluster: Cluster, wanted: "patch" | "redeploy" | undefined): MethodChoice {
  const why =
    wanted === "redeploy"
      ? "The configuration asks for redeploy."
      : `This account may not patch the ${cluster.permissions.patchAgent === "no" ? "agent's Deployment" : "node agents' DaemonSets"} in it.`;
  if (cluster.tunnel.kind === "answering") return { method: "redeploy", reach: "rancher", why };
  const tunnel = `Redeploying needs Rancher's tunnel, which does not answer (${unended(cluster.tunnel.why)}).`;
  return { method: "redeploy", reach: "none", why: `${why} ${tunnel}` };
}

function patched(cluster: Cluster): MethodChoice {
  const { reach, tunnel, given } = cluster;
  if (reach === "rancher") {
    const spare = given.find(mayPatchOver);
    const unusable = unusableBefore(given, spare?.reach);
    const because = unusable.length === 0 ? "" : `: ${unusable.join(", and ")}`;
    const also = spare === undefined ? "" : ` Should its tunnel end, its ${spare.called} stands in${because}.`;
    return { method: "patch", reach, why: `Its agent can be patched through Rancher.${also}${firstOf(cluster)}` };
  }
  const way = given.find((one) => one.reach === reach)?.called ?? reach;
  const instead =
    tunnel.kind === "unreachable"
      ? `the tunnel does not answer (${unended(tunnel.why)})`
      : "this account may not patch the agent through Rancher";
  const earlier = unusableBefore(given, reach)
    .map((one) => `, and ${one}`)
    .join("");
  return {
    method: "patch",
    reach,
    why: `Its agent is patched past Rancher, over its ${way}: ${instead}${earlier}.${firstOf(cluster)}`,
  };
}

/** What must be made good before anything else can be done about the agent. */
function firstOf({ agent, missingCredentials, reach }: Cluster): string {
  const tunnelled = reach === "rancher";
  if (agent === undefined) {
    return tunnelled ? "" : " Its Deployment is missing: it is made anew from Rancher's registration manifest first.";
  }
  if (missingCredentials === undefined) return "";
  const how = tunnelled
    ? "Rancher redeploys it first"
    : "it is made anew from Rancher's registration manifest first, and Rancher redeploys the agent once its tunnel is up";
  return ` The Secret ${missingCredentials} that its pods mount is missing, so that none can start: ${how}.`;
}

function mayPatchOver({ state }: GivenReach): boolean {
  return state.kind === "answering" && state.permissions.patchAgent !== "no";
}

/** Why none of the ways that would come before the chosen one does. */
function unusableBefore(given: readonly GivenReach[], chosen: Cluster["reach"] | undefined): string[] {
  const index = given.findIndex(({ reach }) => reach === chosen);
  const earlier = given.slice(0, Math.max(index, 0));
  return earlier.map(({ called, state }) => `its ${called} does not do (${whyNot(state)})`);
}

function whyNot(state: GivenReach["state"]): string {
  return state.kind === "unusable" ? unended(state.why) : "its account may not patch the agent";
}

/** The last resort: the agent, or what it registers with, is gone, and Rancher cannot bring it back without its tunnel. */
export function needsReapplying(live: Cluster, { method, reach }: Pick<PlannedCluster, "method" | "reach">): boolean {
  const gone = live.agent === undefined || live.missingCredentials !== undefined;
  return method === "patch" && reach !== "rancher" && reach !== "none" && gone;
}

/** Through its tunnel Rancher brings back by itself what its agent registers with. */
export function needsRedeploying(live: Cluster, { method, reach }: Pick<PlannedCluster, "method" | "reach">): boolean {
  return method !== "none" && reach === "rancher" && live.agent !== undefined && live.missingCredentials !== undefined;
}

/** A sentence that is put in brackets. */
function unended(sentence: string): string {
  return sentence.replace(/\.$/, "");
}

export interface PlannedClusterOptions {
  readonly wanted?: "patch" | "redeploy";
  readonly acceptUnarmed: boolean;
  /** `minReadySeconds` before anything was armed. */
  readonly minReadySecondsBefore: number;
  /** Its node agents' DaemonSets before any was armed. */
  readonly nodeAgentsBefore: readonly NodeAgentBefore[];
}

/** The plan's line for one cluster. */
export function plannedClusterOf(cluster: Cluster, options: PlannedClusterOptions): PlannedCluster {
  const choice = chooseMethod(cluster, options.wanted);
  const { nodeAgentsBefore } = options;
  const unarmedAccepted = options.acceptUnarmed && choice.method !== "none";
  const risk = riskOf(choice, unarmedAccepted);
  return {
    id: cluster.id,
    name: cluster.name,
    ...(cluster.kubeSystemUid === undefined ? {} : { kubeSystemUid: cluster.kubeSystemUid }),
    ...choice,
    unarmedAccepted,
    ...(risk === undefined ? {} : { risk }),
    minReadySecondsBefore: options.minReadySecondsBefore,
    ...(nodeAgentsBefore.length === 0 ? {} : { nodeAgentsBefore: [...nodeAgentsBefore] }),
    unproved: cluster.consumers.flatMap(({ id, gating, movable }) => (gating && !movable ? [id] : [])).toSorted(),
  };
}

/** The same line where certificate and bundle are replaced at once: what the flag day costs this cluster. */
export function underFlagDay(planned: PlannedCluster, live: Cluster): PlannedCluster {
  const { risk: _, ...rest } = planned;
  if (planned.method === "none") return rest;
  const later = "farrier rescue-kit, or its own kubeconfig in farrier.yaml, brings it back";
  if (planned.reach === "none") {
    return { ...rest, risk: `It is cut off from the flag day until somebody gives its agent the new pin: ${later}.` };
  }
  if (planned.method === "redeploy") {
    const why = "Rancher cannot redeploy a cluster that is cut off, and this account may not patch its agent";
    return { ...rest, risk: `It is cut off from the flag day on: ${why}; ${later}.` };
  }
  if (live.agent === undefined) return { ...rest, risk: "Its agent is missing: it is made anew after the flag day." };
  return canStraddle(live, needsRedeploying(live, planned))
    ? { ...rest, risk: "It is cut off at the flag day for as long as its waiting pod takes to start." }
    : { ...rest, risk: "Its agent is not well, so it is not armed: it gets its pin after the flag day." };
}

/**
 * The same line where Rancher is to serve no bundle in the end: whom it redeploys only then has nothing to show before.
 * Agents verify with their system's own store from there on, and what that holds cannot be seen from here.
 */
export function withoutBundle(planned: PlannedCluster): PlannedCluster {
  if (planned.method !== "redeploy" || planned.risk === undefined) return planned;
  const unshown =
    "And whether its agent accepts the certificate with its system's own store is not shown before Rancher serves no bundle any more; one that does not may be cut off then.";
  return { ...planned, risk: `${planned.risk} ${unshown}` };
}

/**
 * Whether arming can succeed: it needs pods that serve under the present bundle.
 * @param redeployed what its agent lacks is brought back before
 */
export function canStraddle(
  { agent, missingCredentials }: Pick<Cluster, "agent" | "missingCredentials">,
  redeployed = false,
): boolean {
  if (agent === undefined || (missingCredentials !== undefined && !redeployed)) return false;
  return livePods(agent).filter(({ ready, deleting }) => ready && !deleting).length >= agent.replicas;
}

/** Rancher ≥ 2.6: an agent whose pin is not the served one ends at its start check, and its tunnel with it. */
function riskOf(choice: MethodChoice, unarmedAccepted: boolean): string | undefined {
  if (choice.method === "none") return undefined;
  if (choice.method === "patch" && choice.reach !== "none" && !unarmedAccepted) return undefined;
  const repair =
    choice.method === "redeploy"
      ? "Rancher can redeploy it only while it is connected"
      : "its pin can be set only while it is connected";
  return `It is not armed: if its agent restarts after the next bundle is served and before it has the new pin, it is cut off, and ${repair}.`;
}
