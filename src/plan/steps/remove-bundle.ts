import type { Step } from "../plan.ts";
import type { StepContext } from "./context.ts";

/**
 * `rancher/remove-bundle`: the last write to Rancher: the Secret that nothing mounts any more, because a rollback takes away
 * what the rotation made, or because agents trust their system's own store. Pods that mount a Secret which is gone wait for
 * it for ever, so that it goes when every pod of Rancher is one without.
 */
export function removeBundle(context: StepContext): Step {
  const { namespace, trustSecret } = context.rancher;
  const forth = context.direction === "forward";
  return {
    id: "rancher/remove-bundle",
    kind: "remove-bundle",
    target: "rancher",
    says: `Delete Secret ${namespace}/${trustSecret}, which ${forth ? "" : "the rotation made and "}Rancher mounts no more.`,
    manual: { row: "M1.3", commands: [`kubectl -n ${namespace} delete secret ${trustSecret}`] },
    permissions: [`get secrets ${namespace}`, `delete secrets ${namespace}`],
    undo: { kind: "planned", how: `The ${forth ? "rollback" : "rotation"} makes it again.` },
  };
}
