/** Looking things up in a plan. */
import { FarrierError } from "../errors.ts";
import type { Epoch, EpochName, Plan, PlannedCluster, Stage, Step } from "./plan.ts";

type SealedPair = NonNullable<Plan["serving"]["current"]["sealed"]>;

/** @throws FarrierError `plan.invalid` where the plan has no such epoch */
export function epochNamed(plan: Pick<Plan, "epochs">, name: EpochName): Epoch {
  const epoch = plan.epochs.find((one) => one.name === name);
  if (epoch === undefined)
    throw new FarrierError("plan.invalid", `The plan names epoch ${name} but has no such epoch.`);
  return epoch;
}

/** The bundle with which the plan ends. */
export function finalEpoch(plan: Pick<Plan, "epochs">): Epoch {
  const last = plan.epochs.at(-1);
  if (last === undefined) throw new FarrierError("plan.invalid", "The plan has no epochs.");
  return last;
}

/** @throws FarrierError `plan.invalid` where the plan has no such stage */
export function stageNamed(plan: Pick<Plan, "stages">, id: string): Stage {
  const stage = plan.stages.find((one) => one.id === id);
  if (stage === undefined) throw new FarrierError("plan.invalid", `The plan has no stage ${id}.`);
  return stage;
}

/** Where chain and key of a certificate of the plan are sealed. @throws FarrierError `plan.invalid` where they are not */
export function sealedPair(plan: Pick<Plan, "serving">, which: "current" | "target"): SealedPair {
  const { sealed } = plan.serving[which];
  if (sealed === undefined) throw new FarrierError("plan.invalid", `The plan has not sealed its ${which} certificate.`);
  return sealed;
}

/** Every step of a stage, wave by wave. */
export function stepsOf(stage: Stage): Step[] {
  return stage.waves.flatMap(({ steps }) => steps);
}

/** The plan's line for a cluster; `undefined` for one that came later. */
export function plannedCluster(plan: Pick<Plan, "clusters">, id: string): PlannedCluster | undefined {
  return plan.clusters.find((cluster) => cluster.id === id);
}

/** What a look at the estate may leave out: a refresh is about the clusters that it names. */
export function onlyRefreshed({ refreshed }: Pick<Plan, "refreshed">): { readonly only?: readonly string[] } {
  return refreshed === undefined ? {} : { only: refreshed.map(({ id }) => id) };
}
