import type { Step } from "../plan.ts";
import type { StepContext } from "./context.ts";

/**
 * `rancher/delete-certificate`: cert-manager's Certificate outlives the annotation that it was made for
 * (certificate-shim: an Ingress that names no issuer is passed over), and would write the serving Secret again as soon as
 * an Issuer of that name is there.
 */
export function deleteCertificate(context: StepContext): Step {
  const { namespace, servingSecret } = context.rancher;
  const jsonpath = `{.items[?(@.spec.secretName=="${servingSecret}")].metadata.name}`;
  return {
    id: "rancher/delete-certificate",
    kind: "delete-certificate",
    target: "rancher",
    says: `Delete cert-manager's Certificate that writes Secret ${namespace}/${servingSecret}; the Secret stays.`,
    manual: {
      row: "M1.2",
      commands: [
        `kubectl -n ${namespace} get certificates.cert-manager.io -o jsonpath='${jsonpath}'`,
        `kubectl -n ${namespace} delete certificates.cert-manager.io NAME --cascade=orphan`,
      ],
    },
    permissions: [`list certificates.cert-manager.io ${namespace}`, `delete certificates.cert-manager.io ${namespace}`],
    undo: {
      kind: "planned",
      how: "cert-manager makes it anew once a rollback has given the release its first values.",
    },
  };
}
