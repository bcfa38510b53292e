/** What an agent had of its own before the rotation touched it, for those that the plan could not see. */
import { z } from "zod";
import type { Plan } from "../plan/plan.ts";
import { plannedCluster } from "../plan/reading.ts";
import type { PlanRun, StepState } from "./rotation-state.ts";

const beforeSchema = z.object({ pin: z.string(), minReadySeconds: z.number().int() });

/** The steps that raise `minReadySeconds` for good. */
const RAISING = ["arm-agent", "roll-agent"];

/**
 * `minReadySeconds` as it was in a cluster before the rotation armed its agent, seconds. The journal's word wins: it is of
 * the moment before the first write, while a cluster that could not be reached when it was planned has 0 in the plan.
 *
 * @param plan in force, or the first one
 * @param runs all of the rotation, in order
 */
export function minReadySecondsBefore(
  plan: Pick<Plan, "clusters" | "epochs" | "direction">,
  runs: readonly Pick<PlanRun, "steps">[],
  clusterId: string,
): number {
  const own = runs.flatMap(({ steps }) => recorded(steps, clusterId)).find(({ pin }) => !givenPins(plan).has(pin));
  return own?.minReadySeconds ?? plannedCluster(plan, clusterId)?.minReadySecondsBefore ?? 0;
}

function recorded(steps: PlanRun["steps"], clusterId: string): z.infer<typeof beforeSchema>[] {
  return RAISING.flatMap((kind) => ["both", "target", "current"].map((epoch) => `${clusterId}/${kind}@${epoch}`))
    .map((id) => beforeSchema.safeParse(firstBefore(steps[id])))
    .flatMap(({ data }) => (data === undefined ? [] : [data]));
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
