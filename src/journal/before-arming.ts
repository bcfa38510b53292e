/** What an agent had of its own before the rotation touched it, for those that the plan could not see. */
import { z } from "zod";
import { type NodeAgentBefore, nodeAgentBeforeSchema } from "../estate/node-agent.ts";
import type { Plan } from "../plan/plan.ts";
import { plannedCluster } from "../plan/reading.ts";
import type { PlanRun, StepState } from "./rotation-state.ts";

const beforeSchema = z.object({ pin: z.string(), minReadySeconds: z.number().int() });

/** The steps that raise `minReadySeconds` for good, in the order of every plan: agents are aligned before any is armed. */
const RAISING = ["current", "both", "target"].flatMap((epoch) => [`arm-agent@${epoch}`, `roll-agent@${epoch}`]);

/**
 * `minReadySeconds` as it was in a cluster before the rotation raised it, seconds: as the plan saw it, or, where its agent
 * could not be seen then, as the journal has it of the moment before the first write. Undefined where neither knows: the
 * rotation has not touched it.
 *
 * @param plan in force, or the first one
 * @param runs all of the rotation, in order
 */
export function minReadySecondsBefore(
  plan: Pick<Plan, "clusters" | "epochs" | "direction" | "basis">,
  runs: readonly Pick<PlanRun, "steps">[],
  clusterId: string,
): number | undefined {
  const planned = plannedCluster(plan, clusterId)?.minReadySecondsBefore;
  const seen = plan.basis.clusters.some(({ id, pin }) => id === clusterId && pin !== "");
  if (seen && planned !== undefined) return planned;
  const given = givenPins(plan);
  const own = runs.flatMap(({ steps }) => recorded(steps, clusterId)).find(({ pin }) => !given.has(pin));
  // A way back knows from the way forth; a way forth that could not see the agent has nothing but a zero.
  return own?.minReadySeconds ?? (plan.direction === "rollback" ? planned : undefined);
}

function recorded(steps: PlanRun["steps"], clusterId: string): z.infer<typeof beforeSchema>[] {
  return RAISING.map((kind) => beforeSchema.safeParse(firstBefore(steps[`${clusterId}/${kind}`]))).flatMap(
    ({ data }) => (data === undefined ? [] : [data]),
  );
}

/** A step that was opened again may have seen what it did itself. */
function firstBefore(step: StepState | undefined): unknown {
  return step?.original ?? step?.before;
}

/** Pins that an agent has from this rotation only: it was armed already when a step saw it with one of them. */
function givenPins({ epochs, direction }: Pick<Plan, "epochs" | "direction">): ReadonlySet<string> {
  const own = direction === "forward" ? epochs.at(0) : epochs.at(-1);
  return new Set(epochs.filter((epoch) => epoch !== own).map(({ pin }) => pin));
}

const setsSchema = z.object({ sets: z.array(nodeAgentBeforeSchema) });

const CHANGING = ["current", "both", "target"].flatMap((epoch) => [
  `arm-node-agents@${epoch}`,
  `roll-node-agents@${epoch}`,
]);

/**
 * How a cluster's node agents were updated before the rotation changed it: as the plan saw it, or, for a DaemonSet that the
 * plan could not see, as the journal has it of the moment before the first write.
 */
export function nodeAgentsBefore(
  plan: Pick<Plan, "clusters">,
  runs: readonly Pick<PlanRun, "steps">[],
  clusterId: string,
): NodeAgentBefore[] {
  const found = [...(plannedCluster(plan, clusterId)?.nodeAgentsBefore ?? [])];
  for (const { steps } of runs) {
    for (const kind of CHANGING) {
      const { data } = setsSchema.safeParse(firstBefore(steps[`${clusterId}/${kind}`]));
      const news = data?.sets.filter(({ name }) => found.every((known) => known.name !== name));
      found.push(...(news ?? []));
    }
  }
  return found;
}
