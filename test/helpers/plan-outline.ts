/** Plans as tests tell of them, and the way back from one. */
import type { Estate } from "../../src/estate/estate.ts";
import { assemblePlan } from "../../src/plan/assemble.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { stepsOf } from "../../src/plan/reading.ts";
import { describeValue } from "../../src/plan/release.ts";
import { overlapInput, PUBLIC, SEALED, YOUNG } from "./plan-builder.ts";

/** What is known of public roots. */
export const PUBLIC_ROOTS = YOUNG.rootPem + PUBLIC.rootPem;

/** Stages with what they do to Rancher and, of clusters, which kinds of steps. */
export function outline(plan: Plan): string[] {
  return plan.stages.map((stage) => {
    const steps = stepsOf(stage).filter(({ target }) => target !== "rotation");
    const said = steps.map(({ id, kind, target }) => (target === "rancher" ? id.replace("rancher/", "") : kind));
    return [stage.id, ...new Set(said)].join(" ");
  });
}

/** The values of the release that change, with the change that they belong to. */
export function valuesOf(plan: Plan): string[] {
  return (plan.release?.changes ?? []).flatMap((change) =>
    change.values.map((value) => `${change.name} ${describeValue(value)}`),
  );
}

/** The way back from where the estate is now. */
export function backTo(
  first: Plan,
  estate: Estate,
  beginning: { readonly bundle: string; readonly chain: string },
): Plan {
  return assemblePlan({
    ...overlapInput(estate),
    direction: "rollback",
    goal: { ...beginning, sealed: SEALED },
    both: first.epochs.find(({ name }) => name === "both")?.bundle ?? "",
    publicRoots: PUBLIC_ROOTS,
    ...(first.release === undefined ? {} : { release: first.release }),
  });
}
