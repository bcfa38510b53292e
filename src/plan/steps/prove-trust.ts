import type { Epoch, Step } from "../plan.ts";
import { agentsBundle, compareServed } from "./commands.ts";
import type { StepContext } from "./context.ts";

/** `rotation/prove-trust@<epoch>`: the whole matrix, from the live estate. */
export function proveTrust(context: StepContext, epoch: Epoch): Step {
  return {
    id: `rotation/prove-trust@${epoch.name}`,
    kind: "prove-trust",
    target: "rotation",
    epoch: epoch.name,
    says: "Prove what every consumer trusts now, and name what could not be proved.",
    manual: {
      row: "M1.8",
      commands: [
        agentsBundle(),
        compareServed(context, epoch),
        "kubectl get clusters.management.cattle.io -o custom-columns='ID:.metadata.name,NAME:.spec.displayName,CONNECTED:.status.conditions[?(@.type==\"Connected\")].status'",
      ],
    },
    permissions: ["list clusters.management.cattle.io"],
    undo: { kind: "nothing-to-undo" },
  };
}
