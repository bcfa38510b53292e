/** Logs and shells that people have of a cluster through Rancher, beside the same past it. */
import type { Api } from "../kubernetes/api.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { PodLog } from "../kubernetes/pod-streams.ts";
import { observeAgent } from "../observe/agent.ts";
import { AGENT } from "../rancher/agent-workload.ts";
import type { StepContext } from "./step-action.ts";

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
export async function silentStream(context: StepContext): Promise<string | undefined> {
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
