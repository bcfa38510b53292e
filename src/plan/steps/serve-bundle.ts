import type { Epoch, Step } from "../plan.ts";
import { agentsBundle, compareServed, restartRancher, writeBundle } from "./commands.ts";
import { bundleCalled, type StepContext } from "./context.ts";

/**
 * `rancher/serve-bundle@<epoch>`: Secret and restart are one step. Rancher reads the Secret only when it starts, and a
 * Secret without the restart waits for the next crash to change what everybody is served.
 */
export function serveBundle(context: StepContext, epoch: Epoch): Step {
  const { namespace, trustSecret } = context.rancher;
  return {
    id: `rancher/serve-bundle@${epoch.name}`,
    kind: "serve-bundle",
    target: "rancher",
    epoch: epoch.name,
    says: `Write the ${bundleCalled(epoch)} to Secret ${namespace}/${trustSecret} and restart Rancher, so that it serves it.`,
    manual: {
      row: "M1.3, M1.7, M1.8",
      commands: [
        writeBundle(epoch),
        agentsBundle(),
        "# A patch, not apply: it leaves no annotation that repeats the Secret.",
        `kubectl create secret generic ${trustSecret} --from-file=cacerts.pem --dry-run=client -o json | jq '{data}' > patch.json`,
        `kubectl -n ${namespace} patch secret ${trustSecret} --type=merge --patch-file=patch.json`,
        ...restartRancher(context),
        "# Ask once per replica; 502 and 503 are normal while Rancher starts.",
        compareServed(context, epoch),
      ],
    },
    permissions: [
      `get secrets ${namespace}`,
      `update secrets ${namespace}`,
      `patch deployments.apps ${namespace}`,
      `list pods ${namespace}`,
    ],
    undo: { kind: "planned", how: "A rollback arms every agent for the earlier bundle, then serves that again." },
  };
}
