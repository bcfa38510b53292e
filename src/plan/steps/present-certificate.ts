import type { Step } from "../plan.ts";
import { sealedPair } from "../reading.ts";
import { unseal } from "./commands.ts";
import type { StepContext } from "./context.ts";

/** `rancher/present-certificate`: the ingress presents a changed Secret at once, without any restart. */
export function presentCertificate(context: StepContext): Step {
  const { namespace, servingSecret } = context.rancher;
  const url = new URL(context.estate.serverUrl);
  const host = url.hostname;
  const { certificates } = context.serving.target;
  const sealed = sealedPair(context, "target");
  return {
    id: "rancher/present-certificate",
    kind: "present-certificate",
    target: "rancher",
    says: `Write the target certificate to Secret ${namespace}/${servingSecret}, and see every address present it.`,
    manual: {
      row: "M1.1, M1.2",
      commands: [
        "# The file holds the chain (leaf first) and its key; umask keeps the key to yourself.",
        `umask 077; ${unseal(sealed.file)} > pair.json`,
        "jq -j .chain pair.json > tls.crt; jq -j .key pair.json > tls.key",
        "# A patch, not apply: apply would leave an annotation that repeats the key in clear.",
        `kubectl create secret tls ${servingSecret} --cert=tls.crt --key=tls.key --dry-run=client -o json | jq '{data}' > patch.json`,
        `kubectl -n ${namespace} patch secret ${servingSecret} --type=merge --patch-file=patch.json; rm -f patch.json pair.json tls.key`,
        `openssl s_client -connect ${host}:${url.port || "443"} -servername ${host} </dev/null 2>/dev/null | openssl x509 -outform DER | sha256sum  # ${certificates[0]?.fingerprint ?? ""}`,
      ],
    },
    permissions: [`get secrets ${namespace}`, `update secrets ${namespace}`],
    undo: { kind: "planned", how: "A rollback writes the certificate of the beginning; one write undoes it." },
  };
}
