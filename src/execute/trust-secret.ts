/** Secret `tls-ca` with everything that people keep on it, for when a rotation takes it away and a rollback makes it again. */
import { z } from "zod";
import type { Sealed, Vault } from "../backup/vault.ts";
import type { KubeObject } from "../kubernetes/object.ts";

const texts = z.record(z.string(), z.string());

const keptSchema = z.object({
  type: z.string().default("Opaque"),
  labels: texts.default({}),
  annotations: texts.default({}),
  /** As the API server has it: base64. */
  data: texts.default({}),
});

/** A Secret's type, metadata and data, without what the API server gives to each object. */
export type KeptSecret = z.infer<typeof keptSchema>;

/** Sealed: other keys than the bundle's may hold what is secret. */
export async function sealSecret(vault: Vault, secret: KubeObject): Promise<Sealed> {
  const { labels, annotations } = secret.metadata;
  const kept = keptSchema.parse({ type: secret.type, labels, annotations, data: secret.data });
  return await vault.seal("trust-secret", JSON.stringify(kept));
}

/** @throws FarrierError `backup.*` */
export async function unsealSecret(vault: Vault, sealed: Sealed): Promise<KeptSecret> {
  return keptSchema.parse(JSON.parse((await vault.unseal(sealed)).reveal()));
}
