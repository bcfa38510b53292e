/** The last look: what every consumer trusts now, by which evidence; and Farrier's own mark is taken away. */
import { z } from "zod";
import type { AgentWorkload } from "../../estate/agent.ts";
import type { Consumer } from "../../estate/cluster.ts";
import type { Estate } from "../../estate/estate.ts";
import type { Evidence } from "../../estate/evidence.ts";
import { type MatrixRow, trustMatrix } from "../../estate/trust-matrix.ts";
import { deployments } from "../../kubernetes/resource.ts";
import { mapLimited } from "../../observe/concurrency.ts";
import { observeCluster } from "../../observe/observe-cluster.ts";
import { isInForce } from "../../plan/gates/hold.ts";
import { startedNow } from "../agent-started.ts";
import { pauseFor } from "../pause-for.ts";
import { RESTARTED_BY } from "../rancher-pods.ts";
import { epochOf, erased, type StepContext, type Verification } from "../step-action.ts";

const beforeSchema = z.object({ mark: z.string().optional() });

export const proveTrust = erased<z.infer<typeof beforeSchema>>({
  before: beforeSchema,
  deadlineSeconds: 600,

  async observe({ management, plan }) {
    const rancher = await management.get(deployments(plan.rancher.namespace), plan.rancher.deployment);
    const mark = rancher?.metadata.annotations?.[RESTARTED_BY];
    return { kind: "todo", before: mark === undefined ? {} : { mark } };
  },

  async apply({ management, plan }, before) {
    if (before.mark === undefined) return;
    await management.patch(deployments(plan.rancher.namespace), plan.rancher.deployment, {
      kind: "merge",
      body: { metadata: { annotations: { [RESTARTED_BY]: null } } },
    });
  },

  async verify(context): Promise<Verification> {
    const seen = startedEvidence(context);
    let estate = await context.observeEstate();
    for (const end = Date.now() + PATIENCE_MS; ; ) {
      const unproved = gatingRows(context, estate).filter(({ cells }) => cells[0]?.state !== "started");
      const agents = new Map(estate.clusters.map(({ id, agent }) => [id, agent]));
      const left = unproved.filter(
        ({ consumer }) => !startedBefore(context, consumer, { agent: agents.get(consumer.clusterId), seen }),
      );
      if (left.length === 0) return { kind: "verified", evidence: evidenceOf(gatingRows(context, estate), seen) };
      if (Date.now() > end || left.every(({ consumer }) => !consumer.movable)) return blockedBy(left);
      await pauseFor(PAUSE_MS, context.signal);
      estate = await lookAgain(context, estate, new Set(left.map(({ consumer }) => consumer.clusterId)));
    }
  },
});

/** An agent that restarted a moment ago has to outlive its start check first. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 2_000;

function gatingRows(context: StepContext, estate: Estate): MatrixRow[] {
  const question = { now: context.now(), minReadySeconds: context.plan.armingMinReadySeconds };
  const waived = new Set(
    context.waivers.filter((waiver) => isInForce(waiver, context.now())).map(({ clusterId }) => clusterId),
  );
  const rows = trustMatrix(estate, [epochOf(context)], question);
  return rows.filter(({ consumer }) => consumer.gating && !waived.has(consumer.clusterId));
}

/**
 * This run has seen the agent start, and the same containers run still: that they have outlived their start check need
 * not be shown again by the clock.
 */
function startedBefore(
  context: StepContext,
  consumer: Consumer,
  known: { readonly agent: AgentWorkload | undefined; readonly seen: ReadonlyMap<string, Evidence> },
): boolean {
  const { agent } = known;
  const seen = known.seen.get(consumer.clusterId);
  if (consumer.kind !== "cluster-agent" || agent === undefined || seen === undefined) return false;
  const same = agent.pods.every(
    ({ runningSince }) => runningSince !== undefined && Date.parse(runningSince) <= Date.parse(seen.at),
  );
  const { armingMinReadySeconds: minReadySeconds } = context.plan;
  return same && startedNow(context, { ...agent, minReadySeconds }, epochOf(context).pin);
}

/** By cluster id: the latest evidence that a step of this run has recorded of its agent's start with the epoch's pin. */
function startedEvidence(context: StepContext): ReadonlyMap<string, Evidence> {
  const { pin } = epochOf(context);
  const found = new Map<string, Evidence>();
  for (const [id, { evidence }] of Object.entries(context.run.steps)) {
    const started = evidence.findLast((one) => one.kind === "started" && one.pin === pin);
    if (started !== undefined) found.set(id.slice(0, id.indexOf("/")), started);
  }
  return found;
}

function evidenceOf(rows: readonly MatrixRow[], started: ReadonlyMap<string, Evidence>): Evidence[] {
  return rows.flatMap(({ consumer, cells }) => {
    const seen = started.get(consumer.clusterId);
    const cell = cells[0];
    return cell?.state === "started" || seen === undefined ? (cell?.evidence ?? []) : [seen];
  });
}

async function lookAgain(context: StepContext, estate: Estate, ids: ReadonlySet<string>): Promise<Estate> {
  const clusters = await mapLimited(estate.clusters, 50, async (cluster) =>
    ids.has(cluster.id) ? ((await observeCluster(context.world, cluster.id, context.now)) ?? cluster) : cluster,
  );
  return { ...estate, observedAt: context.now().toISOString(), clusters };
}

function blockedBy(rows: readonly MatrixRow[]): Verification {
  const why = `no evidence that these trust the bundle: ${rows.map(({ consumer }) => consumer.id).join(", ")}`;
  return {
    kind: "blocked",
    by: { why, hint: "farrier status names what is missing; waive what is to be left behind." },
  };
}
