/** A refreshed cluster works: Rancher shows it Ready, and a request that goes a person's way is answered. */
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import type { Api } from "../../kubernetes/api.ts";
import { ApiError } from "../../kubernetes/api-error.ts";
import type { PodLog } from "../../kubernetes/pod-streams.ts";
import { managementClusters, namespaces } from "../../kubernetes/resource.ts";
import { observeAgent } from "../../observe/agent.ts";
import { AGENT } from "../../rancher/agent-workload.ts";
import { readManagementCluster } from "../../rancher/management-cluster.ts";
import { earlierFailure } from "../refreshed-cluster.ts";
import { erased, type StepContext, type Verification } from "../step-action.ts";

export const proveAccess = erased<Record<string, never>>({
  before: z.strictObject({}),
  deadlineSeconds: 180,

  async observe(context) {
    const failed = earlierFailure(context);
    if (failed !== undefined) return { kind: "blocked", by: failed };
    const object = await context.management.get(managementClusters, context.step.target);
    const ready = object === undefined ? undefined : readManagementCluster(object)?.ready?.status;
    const works =
      ready === "True" && (await personsAnswer(context)) === undefined && (await silentStream(context)) === undefined;
    return works ? { kind: "done", evidence: [] } : { kind: "todo", before: {} };
  },

  async apply() {
    // Looking is all there is to it.
  },

  async verify(context): Promise<Verification> {
    const notReady = await awaitReady(context);
    if (notReady !== undefined) return blocked(`Rancher does not show it Ready: ${notReady}`);
    const refused = await awaitAnswer(context);
    if (refused !== undefined) return blocked(`a request through Rancher is not answered: ${refused}`);
    const why = await silentStream(context);
    if (why !== undefined) {
      return {
        kind: "blocked",
        by: { why, hint: "Rancher's processes may go on with what they held: restart its pods." },
      };
    }
    return { kind: "verified", evidence: [] };
  },
});

function blocked(why: string): Verification {
  return { kind: "blocked", by: { why, hint: "Look at the cluster's conditions in Rancher and at its agent's log." } };
}

/** Rancher asks a cluster every 15 s. @returns what it said last, where it did not become Ready in time */
async function awaitReady({ management, step, signal, remainingMs }: StepContext): Promise<string | undefined> {
  let said = "";
  try {
    await management.watchUntil(
      managementClusters,
      { name: step.target },
      ([object]) => {
        const ready = object === undefined ? undefined : readManagementCluster(object)?.ready;
        said = ready?.message ?? "";
        return ready?.status === "True" ? true : undefined;
      },
      { deadlineMs: remainingMs() * 0.8, signal },
    );
    return undefined;
  } catch (error) {
    if (error instanceof ApiError && error.kind === "deadline") return said;
    throw error;
  }
}

const AGAIN_MS = 500;

/** Rancher makes a person's token anew at the request after the one that found it gone. */
async function awaitAnswer(context: StepContext): Promise<string | undefined> {
  for (;;) {
    const refused = await personsAnswer(context);
    if (refused === undefined || context.remainingMs() <= AGAIN_MS) return refused;
    await pause(AGAIN_MS, undefined, { signal: context.signal });
  }
}

/** `/k8s/clusters/<id>/…` with the API token: through Rancher, as that person. @returns what was wrong with the answer */
async function personsAnswer({ world, step }: StepContext): Promise<string | undefined> {
  try {
    await world.rancher.downstream(step.target, { timeoutMs: 15_000 }).get(namespaces, "kube-system");
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return error.message;
    throw error;
  }
}

/** How long a log may take to show its last line, and a command to end. */
const STREAM_MS = 15_000;

/** The two ways to look into a pod; nothing is changed by either. */
const STREAMS: readonly { readonly what: string; readonly ask: (api: Api, place: PodLog) => Promise<string> }[] = [
  { what: "the agent's log can be followed", ask: (api, place) => api.followLog(place) },
  {
    what: "a command can be run beside the agent",
    ask: (api, place) => api.run({ ...place, command: ["echo", "farrier"] }),
  },
];

/**
 * Where requests work, streams may not: Rancher 2.1 keeps copies of its cluster objects. A log or a shell that the cluster
 * does not give past Rancher either proves nothing, nor does one that this person may not have.
 * @returns which stream works past Rancher and not through it, and why
 */
async function silentStream(context: StepContext): Promise<string | undefined> {
  const { world, step } = context;
  const own = (await context.own(step.target)).api;
  const pod = (await observeAgent(own))?.pods.find(({ ready, deleting }) => ready && !deleting);
  if (pod === undefined) return undefined;
  const { namespace, container } = AGENT;
  const place = { namespace, container, pod: pod.name, deadlineMs: STREAM_MS };
  for (const { what, ask } of STREAMS) {
    if ((await failureOf(ask(own, place))) !== undefined) continue;
    const failure = await failureOf(ask(world.rancher.downstream(step.target), place));
    if (failure !== undefined && failure.status !== 403)
      return `${what} past Rancher, and not through it: ${failure.message}`;
  }
  return undefined;
}

async function failureOf(asked: Promise<unknown>): Promise<ApiError | undefined> {
  try {
    await asked;
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
}
