/** Takes cert-manager's Certificate away that would write the serving Secret again. Its Secret stays. */
import { z } from "zod";
import { certificateFor, certificates } from "../../rancher/cert-manager.ts";
import { erased, type StepContext } from "../step-action.ts";

const beforeSchema = z.object({ name: z.string(), issuer: z.object({ kind: z.string(), name: z.string() }) });

export const deleteCertificate = erased<z.infer<typeof beforeSchema>>({
  before: beforeSchema,
  deadlineSeconds: 120,

  async observe(context) {
    const found = await present(context);
    if (found === undefined) return { kind: "done", evidence: [] };
    return { kind: "todo", before: { name: found.name, issuer: found.issuer } };
  },

  async apply(context, before) {
    const { management, plan } = context;
    // Orphan: where cert-manager runs with --enable-certificate-owner-ref, the Secret would go with its Certificate.
    const options = { propagationPolicy: "Orphan" } as const;
    await management.delete(certificates(plan.rancher.namespace), before.name, options);
  },

  async verify(context) {
    const found = await present(context);
    if (found === undefined) return { kind: "verified", evidence: [] };
    return {
      kind: "blocked",
      by: {
        why: `cert-manager's Certificate ${found.name} is there again`,
        hint: "Find out who makes it: an Ingress with the annotation cert-manager.io/issuer, Argo CD, or Flux.",
      },
    };
  },
});

function present({ management, plan }: StepContext) {
  const { namespace, servingSecret: secretName } = plan.rancher;
  return certificateFor(management, { namespace, secretName });
}
