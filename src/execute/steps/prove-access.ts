/** A refreshed cluster works: Rancher shows it Ready, and a request that goes a person's way is answered. */
import { z } from "zod";
import { ApiError } from "../../kubernetes/api-error.ts";
import { managementClusters, namespaces } from "../../kubernetes/resource.ts";
import { readManagementCluster } from "../../rancher/management-cluster.ts";
import { pauseFor } from "../pause-for.ts";
import { earlierFailure } from "../refreshed-cluster.ts";
import { erased, type StepContext, type Verification } from "../step-action.ts";
import { silentStream } from "../through-rancher.ts";

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
    await pauseFor(AGAIN_MS, context.signal);
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
