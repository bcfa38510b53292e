/** What a step's declaration may know: a part of the plan, so that late steps are declared exactly as planned ones. */
import type { Reach } from "../../estate/cluster.ts";
import type { Epoch, Plan } from "../plan.ts";
import { usesSystemStore } from "../system-store.ts";

export type StepContext = Pick<
  Plan,
  | "rotation"
  | "direction"
  | "estate"
  | "rancher"
  | "release"
  | "estateBackup"
  | "epochs"
  | "serving"
  | "armingMinReadySeconds"
>;

/** A cluster as steps name it. */
export interface StepCluster {
  readonly id: string;
  readonly name: string;
  /** Over what its API is asked, or (in a refresh) the kubeconfig for it; through Rancher's tunnel where left out. */
  readonly reach?: Reach | object;
}

/** `paris (c-abc12)`, or the id alone where there is no other name. */
export function called(cluster: StepCluster): string {
  return cluster.name === cluster.id ? cluster.id : `${cluster.name} (${cluster.id})`;
}

/** What people call what agents trust in an epoch: in a sentence, behind `the`. */
export function bundleCalled(epoch: Pick<Epoch, "name" | "pin">): string {
  if (usesSystemStore(epoch)) return "roots of its own system alone";
  switch (epoch.name) {
    case "current":
      return "present bundle";
    case "both":
      return "bundle with both authorities";
    case "target":
      return "target bundle";
  }
}
