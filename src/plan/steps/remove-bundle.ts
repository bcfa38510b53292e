import type { Step } from "../plan.ts";
import type { StepContext } from "./context.ts";

/** `rancher/remove-bundle`: a rollback's last write: the Secret that the rotation made, and that nothing mounts any more. */
export function removeBundle(context: StepContext): Step {
  const { namespace, trustSecret } = context.rancher;
  return {
    id: "rancher/remove-bundle",
    kind: "remove-bundle",
    target: "rancher",
    says: `Delete Secret ${namespace}/${trustSecret}, which the rotation made and Rancher mounts no more.`,
    manual: { row: "M1.3", commands: [`kubectl -n ${namespace} delete secret ${trustSecret}`] },
    permissions: [`get secrets ${namespace}`, `delete secrets ${namespace}`],
    undo: { kind: "planned", how: "The rotation makes it again." },
  };
}
