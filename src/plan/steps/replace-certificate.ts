import type { Epoch, Step } from "../plan.ts";
import type { StepContext } from "./context.ts";
import { presentCertificate } from "./present-certificate.ts";
import { serveBundle } from "./serve-bundle.ts";

/**
 * `rancher/replace-certificate@<epoch>`: both Secrets and the restart are one step, for between them nobody can connect
 * who could not before.
 */
export function replaceCertificate(context: StepContext, epoch: Epoch): Step {
  const { namespace, servingSecret, trustSecret } = context.rancher;
  const present = presentCertificate(context);
  const serve = serveBundle(context, epoch);
  const moves = epoch.name !== "current";
  return {
    id: `rancher/replace-certificate@${epoch.name}`,
    kind: "replace-certificate",
    target: "rancher",
    epoch: epoch.name,
    says: moves
      ? `Write the target bundle to Secret ${namespace}/${trustSecret} and the target certificate to ${servingSecret}, restart Rancher, and see it serve both.`
      : present.says,
    manual: {
      row: moves ? "M1.1, M1.2, M1.3, M1.7, M1.8" : present.manual.row,
      commands: moves ? [...present.manual.commands, ...serve.manual.commands] : present.manual.commands,
    },
    permissions: moves ? [...new Set([...present.permissions, ...serve.permissions])] : present.permissions,
    undo: {
      kind: "irreversible",
      why: "The certificate of the beginning is one that agents refuse: going back would cut them off again.",
    },
  };
}
