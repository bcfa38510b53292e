/**
 * What a backup holds: objects of the estate as they were, each with the cluster and the collection that it lives in. It
 * is always sealed; what it contains is a secret.
 */
import { z } from "zod";
import { FarrierError } from "../errors.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { asKubeObject } from "../kubernetes/object.ts";
import type { Sealed, Vault } from "./vault.ts";

const kubeObjectSchema = z.custom<KubeObject>((value) => asKubeObject(value) !== undefined, "not a Kubernetes object");

export const savedObjectSchema = z.object({
  /** The cluster that it lives in; `local` for the management cluster. */
  cluster: z.string(),
  /** Where it is: `plural` is the path's word. */
  resource: z.object({
    group: z.string(),
    version: z.string(),
    plural: z.string(),
    namespace: z.string().exactOptional(),
  }),
  /** `Secret`: lists of the API do not repeat it in their items. */
  kind: z.string(),
  object: kubeObjectSchema,
});
export type SavedObject = z.infer<typeof savedObjectSchema>;

const archiveSchema = z.object({
  format: z.literal("farrier.backup/v1"),
  objects: z.array(savedObjectSchema),
});

/** @throws FarrierError `rotation.unwritable` */
export function sealObjects(vault: Vault, objects: readonly SavedObject[]): Promise<Sealed> {
  return vault.seal("objects", JSON.stringify({ format: "farrier.backup/v1", objects }));
}

/** @throws FarrierError `backup.*` */
export async function unsealObjects(vault: Vault, sealed: Sealed): Promise<SavedObject[]> {
  const content = await vault.unseal(sealed);
  const parsed = archiveSchema.safeParse(parseJson(content.reveal()));
  if (parsed.success) return parsed.data.objects;
  // What the schema complains about may repeat what is in the file.
  throw new FarrierError("backup.altered", `${sealed.file} does not hold saved objects.`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
