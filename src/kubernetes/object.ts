/** Any Kubernetes object as plain JSON, exactly as it was received: what is written back differs only where it must. */
import { z } from "zod";

const metadataSchema = z.looseObject({
  name: z.string(),
  namespace: z.string().optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  generation: z.number().optional(),
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

/** Metadata that Farrier reads, of every kind. Other fields are kept. */
export type ObjectMetadata = Readonly<z.infer<typeof metadataSchema>>;

/** An object of the API. What is beside the metadata belongs to the kind; parse it with that kind's file. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMetadata;
  readonly [field: string]: unknown;
}

const objectSchema = z.custom<KubeObject>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    "metadata" in value &&
    metadataSchema.safeParse(value.metadata).success,
  "not a Kubernetes object: it has no metadata.name",
);

/** The value itself, not a copy, once its metadata has been checked; undefined for anything else. */
export function asKubeObject(value: unknown): KubeObject | undefined {
  const parsed = objectSchema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
