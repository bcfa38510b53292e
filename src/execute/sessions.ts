/** Whether requests get through the clusters' tunnels. */
import type { Evidence } from "../estate/evidence.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { namespaces } from "../kubernetes/resource.ts";
import { mapLimited } from "../observe/concurrency.ts";
import { pauseFor } from "./pause-for.ts";
import type { StepContext } from "./step-action.ts";

const AT_ONCE = 50;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 3_000;

/** The clusters of `ids` through whose tunnel a request is answered now. */
export async function answering(context: StepContext, ids: readonly string[]): Promise<string[]> {
  const answers = await mapLimited(ids, AT_ONCE, async (id) => ((await answersNow(context, id)) ? [id] : []));
  return answers.flat();
}

/** Asks each cluster until it answers; resolves with those that did not within `patienceMs`. */
export async function awaitSessions(
  context: StepContext,
  ids: readonly string[],
  patienceMs: number,
): Promise<readonly string[]> {
  const end = Date.now() + Math.min(patienceMs, context.remainingMs());
  const silent = await mapLimited(ids, AT_ONCE, async (id) => ((await answersBy(context, id, end)) ? [] : [id]));
  return silent.flat();
}

/** A tunnel that began after `since` works. */
export function sessionEvidence(context: StepContext, clusterId: string, pin: string, since: string): Evidence {
  return {
    kind: "session",
    pin,
    at: context.now().toISOString(),
    since,
    source: `request through the tunnel of ${clusterId}`,
  };
}

async function answersBy(context: StepContext, id: string, end: number): Promise<boolean> {
  for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(wait * 2, LONGEST_PAUSE_MS)) {
    context.signal.throwIfAborted();
    if (await answersNow(context, id)) return true;
    if (Date.now() + wait > end) return false;
    await pauseFor(wait * (0.75 + Math.random() / 2), context.signal);
  }
}

async function answersNow(context: StepContext, id: string): Promise<boolean> {
  try {
    await context.tunnel(id).get(namespaces, "kube-system");
    return true;
  } catch (error) {
    if (error instanceof ApiError) return false;
    throw error;
  }
}
