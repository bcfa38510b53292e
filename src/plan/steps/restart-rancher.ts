import type { Step } from "../plan.ts";
import { restartRancher as restartCommands } from "./commands.ts";
import type { StepContext } from "./context.ts";

/** `rancher/restart-rancher`: every agent dials again and meets the new certificate while one write still undoes it. */
export function restartRancher(context: StepContext): Step {
  const { namespace } = context.rancher;
  return {
    id: "rancher/restart-rancher",
    kind: "restart-rancher",
    target: "rancher",
    says: "Restart Rancher pod by pod, so that every agent dials again and meets the certificate.",
    manual: { row: "M1.7", commands: restartCommands(context) },
    permissions: [`patch deployments.apps ${namespace}`, `list pods ${namespace}`],
    undo: { kind: "nothing-to-undo" },
  };
}
