import type { Step } from "../plan.ts";
import type { StepContext } from "./context.ts";

/** `rotation/save-objects`: keeps every object that the plan touches, encrypted, before anything is touched. */
export function saveObjects(context: StepContext): Step {
  const { namespace, servingSecret, trustSecret, deployment } = context.rancher;
  return {
    id: "rotation/save-objects",
    kind: "save-objects",
    target: "rotation",
    says: "Save every object that the plan touches, encrypted.",
    manual: {
      row: "M1.2",
      commands: [
        "# The manual has no row for saving. A Secret's annotation last-applied-configuration repeats its key: encrypt the whole.",
        `kubectl -n ${namespace} get secret ${servingSecret} ${trustSecret} -o yaml | age -r "$AGE_RECIPIENT" > before.yaml.age`,
        `kubectl -n ${namespace} get deployment ${deployment} -o yaml > rancher-deployment.yaml`,
      ],
    },
    permissions: [`get secrets ${namespace}`, `get deployments.apps ${namespace}`],
    undo: { kind: "nothing-to-undo" },
  };
}
