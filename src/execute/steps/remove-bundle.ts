/** Takes away Secret `tls-ca`, which nothing mounts any more; what was on it is kept for the way back. */
import { z } from "zod";
import type { Sealed } from "../../backup/vault.ts";
import { readDeployment } from "../../kubernetes/deployment.ts";
import { deployments, secrets } from "../../kubernetes/resource.ts";
import { trustSecretOf } from "../../rancher/installation.ts";
import { conflict, erased, type StepContext } from "../step-action.ts";
import { sealSecret } from "../trust-secret.ts";
import { writtenBundle } from "./serve-bundle.ts";

const beforeSchema = z.object({
  uid: z.string(),
  /** What it held under its one key; certificates only, no secret. */
  bundle: z.string(),
  /** All of it, sealed. */
  saved: z.object({ file: z.string(), sha256: z.string() }).optional(),
});

export const removeBundle = erased<z.infer<typeof beforeSchema>>({
  before: beforeSchema,
  deadlineSeconds: 120,

  async observe(context) {
    const { management, plan } = context;
    const secret = await management.get(secrets(plan.rancher.namespace), plan.rancher.trustSecret);
    if (secret === undefined) return { kind: "done", evidence: [] };
    if (await isMounted(context)) {
      const why = `Secret ${plan.rancher.trustSecret} is still mounted by Rancher`;
      return { kind: "blocked", by: { why, hint: "Find out why privateCA is true again: helm get values shows it." } };
    }
    const bundle = (await writtenBundle(context)) ?? "";
    const saved = await sealSecret(context.vault, secret);
    return { kind: "todo", before: { uid: secret.metadata.uid ?? "", bundle, saved } };
  },

  async apply(context, before) {
    const { management, plan } = context;
    if (await isMounted(context)) throw conflict("Rancher's Deployment", `it mounts ${plan.rancher.trustSecret} again`);
    await management.delete(secrets(plan.rancher.namespace), plan.rancher.trustSecret, { uid: before.uid });
  },

  async verify(context) {
    const { management, plan } = context;
    const secret = await management.get(secrets(plan.rancher.namespace), plan.rancher.trustSecret);
    if (secret === undefined) return { kind: "verified", evidence: [] };
    const why = `Secret ${plan.rancher.trustSecret} is there again`;
    return { kind: "blocked", by: { why, hint: "Find out who makes it: Argo CD, Flux, or External Secrets." } };
  },
});

/** What the step recorded of the Secret; undefined where it did not run. @param before as it is in the journal */
export function savedBundle(before: unknown): Sealed | undefined {
  return beforeSchema.safeParse(before).data?.saved;
}

async function isMounted({ management, plan }: StepContext): Promise<boolean> {
  const object = await management.get(deployments(plan.rancher.namespace), plan.rancher.deployment);
  const deployment = object === undefined ? undefined : readDeployment(object);
  return deployment !== undefined && trustSecretOf(deployment) === plan.rancher.trustSecret;
}
