/**
 * Rancher holds what the cluster has: the CA, and a token that the cluster accepts. Its agent reports them when it
 * connects; where Rancher does not take that over, they are written, against what was read.
 */
import { z } from "zod";
import { ApiError } from "../../kubernetes/api-error.ts";
import { managementClusters } from "../../kubernetes/resource.ts";
import { notHeld } from "../../plan/refresh/judge-access.ts";
import { type AccessSeen, lookAtAccess } from "../refreshed-cluster.ts";
import { conflict, erased, type StepContext } from "../step-action.ts";
import { writeAccess } from "../write-access.ts";

const beforeSchema = z.object({
  /** What Rancher held, by fingerprints. The values are in the backup, sealed. */
  ca: z.array(z.string()),
  token: z.string(),
});
type Before = z.infer<typeof beforeSchema>;

export const holdAccess = erased<Before>({
  before: beforeSchema,
  deadlineSeconds: 240,

  async observe(context) {
    const seen = await lookAtAccess(context);
    if (seen.kind === "blocked") return seen;
    if (notHeld(seen.verdict).length === 0) return { kind: "done", evidence: [] };
    const { ca, token } = seen.access.held;
    return { kind: "todo", before: { ca, token: token?.fingerprint ?? "" } };
  },

  async apply(context, before) {
    if (await isTakenOver(context)) return;
    const seen = await lookAtAccess(context);
    if (seen.kind === "blocked") throw conflict(`Cluster ${context.step.target}`, seen.by.why);
    if (!isExplained(seen, before)) {
      throw conflict(`What Rancher holds for cluster ${context.step.target}`, "it is neither what was there nor right");
    }
    await writeAccess(context);
  },

  async verify(context) {
    const seen = await lookAtAccess(context);
    if (seen.kind === "blocked") return seen;
    const amiss = notHeld(seen.verdict);
    if (amiss.length === 0) return { kind: "verified", evidence: [] };
    const why = `Rancher does not hold what the cluster has: ${amiss.map(({ where, why: how }) => `${where}: ${how}`).join("; ")}`;
    return { kind: "blocked", by: { why, hint: "Look at who else writes the cluster's object." } };
  },
});

/** Each of the two is what was there before this step, or what it shall be. */
function isExplained({ access: { held }, verdict }: Extract<AccessSeen, { kind: "seen" }>, before: Before): boolean {
  const right = (subject: "ca" | "token") =>
    verdict.comparisons.some((one) => one.subject === subject && one.state === "same");
  const caUntouched = held.ca.join() === before.ca.join();
  const tokenUntouched = (held.token?.fingerprint ?? "") === before.token;
  return (caUntouched || right("ca")) && (tokenUntouched || right("token"));
}

/** Rancher takes a report over as the agent connects; seen: 11 s after a pod's start, and the one before has waited for that. */
const TAKE_OVER_MS = 40_000;
/** And never more than this part of the step's time. */
const PART = 0.25;

async function isTakenOver(context: StepContext): Promise<boolean> {
  const end = Date.now() + Math.min(TAKE_OVER_MS, context.remainingMs() * PART);
  for (;;) {
    const facts = heldOf(await context.management.get(managementClusters, context.step.target));
    const seen = await lookAtAccess(context);
    if (seen.kind === "seen" && notHeld(seen.verdict).length === 0) return true;
    const left = end - Date.now();
    if (left <= 0 || !(await isChanged(context, facts, left))) return false;
  }
}

/** False when the cluster's object holds the same for so long. */
async function isChanged(
  { management, step, signal }: StepContext,
  facts: string,
  deadlineMs: number,
): Promise<boolean> {
  try {
    return await management.watchUntil(
      managementClusters,
      { name: step.target },
      ([cluster]) => (heldOf(cluster) === facts ? undefined : true),
      { deadlineMs, signal },
    );
  } catch (error) {
    if (error instanceof ApiError && error.kind === "deadline") return false;
    throw error;
  }
}

const statusSchema = z.object({ status: z.looseObject({}).prefault({}) });

/** The fields that Rancher takes over from the agent; everything else of the object changes all the time. */
function heldOf(cluster: unknown): string {
  const { status } = statusSchema.parse(cluster ?? {});
  return JSON.stringify([
    status.apiEndpoint,
    status.caCert,
    status.serviceAccountTokenSecret,
    status.serviceAccountToken,
  ]);
}
