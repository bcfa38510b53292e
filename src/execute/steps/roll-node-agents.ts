/**
 * Brings a cluster's node agents over to the bundle that is served, one node after the other: a pod is deleted, its
 * successor awaited, then the next. The first node that is not well stops it.
 *
 *   a pod that has the pin and is not well? ──yes──► awaited ──too long──► blocked, named
 *        └──no──► one with another pin? ──yes──► deleted, then looked at again
 *                      └──no──► every DaemonSet content? ──► done
 */
import { livePods } from "../../estate/agent-state.ts";
import { type NodeAgentSet, podsToRoll, successorObstacles } from "../../estate/node-agent.ts";
import type { Api } from "../../kubernetes/api.ts";
import { ApiError } from "../../kubernetes/api-error.ts";
import { pods } from "../../kubernetes/resource.ts";
import { plannedCluster } from "../../plan/reading.ts";
import { AGENT } from "../../rancher/agent-workload.ts";
import { Hindrance } from "../hindrance.ts";
import type { AwaitedPin } from "../node-agent-sight.ts";
import {
  type NodeAgentsBefore,
  nodeAgentsBeforeSchema,
  nodeEvidence,
  pinOnDelete,
  recorded,
  startMissing,
} from "../node-agents.ts";
import { redeployInstead } from "../redeploy.ts";
import { epochOf, erased, type Obstruction, type StepContext, type Verification } from "../step-action.ts";

/** How long a node may take before it is named; the bundle is served, so that one that fails so often will not succeed. */
const NODE_MS = 180_000;
const MOST_RESTARTS = 5;

export const rollNodeAgents = erased<NodeAgentsBefore>({
  before: nodeAgentsBeforeSchema,
  deadlineSeconds: 7200,
  readsAnew: true,

  async observe(context) {
    const sets = await context.nodeAgents.look();
    const lost = plannedSets(context).find((name) => sets.every((set) => set.name !== name));
    if (lost !== undefined) return { kind: "blocked", by: gone(lost) };
    return started(context, sets)
      ? { kind: "done", evidence: [nodeEvidence(context, "started")] }
      : { kind: "todo", before: recorded(sets) };
  },

  async apply(context, { sets }) {
    const { pin } = epochOf(context);
    try {
      for (const set of sets.filter((one) => one.pin !== pin)) await pinOnDelete(context, set);
    } catch (error) {
      await redeployInstead(context, error);
    }
    await nudgeWaiting(context);
  },

  // What each look shows decides which pod ends next, so that they end while it is waited.
  async verify(context, { sets }): Promise<Verification> {
    for (const { name } of sets) {
      const by = await rollSet(context, name, { pin: epochOf(context).pin, before: sets });
      if (by !== undefined) return { kind: "blocked", by };
    }
    return { kind: "verified", evidence: [nodeEvidence(context, "started")] };
  },
});

/** The DaemonSets that the plan found. */
function plannedSets({ plan, step }: StepContext): string[] {
  return plannedCluster(plan, step.target)?.nodeAgentsBefore?.map(({ name }) => name) ?? [];
}

function started(context: StepContext, sets: readonly NodeAgentSet[]): boolean {
  return sets.every((set) => startMissing(context, set).length === 0);
}

/** Pods that were made anew while another bundle was served are in a back-off of up to five minutes. */
async function nudgeWaiting(context: StepContext): Promise<void> {
  const { pin } = epochOf(context);
  const api = context.downstream(context.step.target);
  for (const set of await context.nodeAgents.look()) {
    const waiting = livePods(set).filter((pod) => pod.pin === pin && !pod.deleting && !pod.ready && pod.restarts > 0);
    for (const pod of waiting) await end(api, pod);
  }
}

async function rollSet(context: StepContext, name: string, awaited: AwaitedPin): Promise<Obstruction | undefined> {
  const api = context.downstream(context.step.target);
  const { pin } = awaited;
  for (;;) {
    const set = (await context.nodeAgents.lookFor(awaited)).find((one) => one.name === name);
    if (set === undefined) return gone(name);
    if (startMissing(context, set).length === 0) return undefined;
    const begun = livePods(set).find((pod) => pod.pin === pin && !pod.deleting && !pod.ready);
    const [next] = podsToRoll(set, pin);
    // Under a template with another pin, a node's next pod would be none of those that are waited for.
    const ready = begun === undefined && set.updateStrategy.type === "OnDelete" && set.pin === pin;
    const ends = ready ? next : undefined;
    const node = (begun ?? ends)?.node;
    if (ends !== undefined) await end(api, ends);
    const available = set.available - Number(ends?.ready === true);
    const missing = (one: NodeAgentSet) =>
      node === undefined ? startMissing(context, one) : successorObstacles(one, node, { pin, available });
    const by = await awaitSet(context, { name, awaited, missing });
    if (by !== undefined) return by;
  }
}

interface Wait {
  readonly name: string;
  readonly awaited: AwaitedPin;
  readonly missing: (set: NodeAgentSet) => readonly Obstruction[];
}

/** @returns what is missing when it takes too long. @throws FarrierError `step.taken-back` */
async function awaitSet(context: StepContext, { name, awaited, missing }: Wait): Promise<Obstruction | undefined> {
  const { pin } = awaited;
  const hindrance = new Hindrance(pin);
  let last: Obstruction = gone(name);
  try {
    const outcome = await context.nodeAgents.watchFor(
      awaited,
      (sets) => {
        const set = sets.find((one) => one.name === name);
        if (set === undefined) {
          last = gone(name);
          return "gone";
        }
        hindrance.see(set);
        const [first] = missing(set);
        if (first !== undefined) last = first;
        return first === undefined ? "well" : failing(set, pin);
      },
      {
        deadlineMs: Math.min(NODE_MS, context.remainingMs()),
        signal: AbortSignal.any([context.signal, hindrance.signal]),
      },
    );
    return outcome === "well" ? undefined : last;
  } catch (error) {
    const tooLate = error instanceof ApiError && error.kind === "deadline";
    if (hindrance.found === undefined && !tooLate) throw error;
    return last;
  } finally {
    hindrance.forget();
  }
}

/** Its nodes have no agent any more, which is not what was asked for. */
function gone(name: string): Obstruction {
  const hint =
    "Find out who has removed it, and have Rancher redeploy the cluster's agents; or leave it behind with farrier waive.";
  return { why: `DaemonSet ${name} is gone`, hint };
}

function failing(set: NodeAgentSet, pin: string): "failing" | undefined {
  const fails = livePods(set).some((pod) => pod.pin === pin && !pod.ready && pod.restarts >= MOST_RESTARTS);
  return fails ? "failing" : undefined;
}

async function end(api: Api, pod: { readonly name: string; readonly uid: string }): Promise<void> {
  try {
    await api.delete(pods(AGENT.namespace), pod.name, { uid: pod.uid });
  } catch (error) {
    // Another one has that name by now.
    if (!(error instanceof ApiError && error.kind === "conflict")) throw error;
  }
}
