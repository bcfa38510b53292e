/** Deployments: the parts that Farrier reads. */
import { z } from "zod";
import { containerSchema } from "./container.ts";
import { type KubeObject, readOnce } from "./object.ts";

const templateSchema = z.object({
  metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }).default({ labels: {} }),
  spec: z.object({
    containers: z.array(containerSchema),
    serviceAccountName: z.string().default("default"),
    volumes: z
      .array(z.object({ name: z.string(), secret: z.object({ secretName: z.string().default("") }).optional() }))
      .default([]),
  }),
});

const amount = z.union([z.string(), z.number()]).transform(String);

const deploymentSchema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string().default(""),
    uid: z.string().default(""),
    resourceVersion: z.string().default(""),
    generation: z.number().int().default(0),
  }),
  spec: z.object({
    // The API server fills in 1.
    replicas: z.number().int().default(1),
    minReadySeconds: z.number().int().default(0),
    paused: z.boolean().default(false),
    strategy: z
      .object({
        type: z.string().default("RollingUpdate"),
        rollingUpdate: z.object({ maxSurge: amount.default("25%"), maxUnavailable: amount.default("25%") }).optional(),
      })
      .default({ type: "RollingUpdate" }),
    selector: z.object({ matchLabels: z.record(z.string(), z.string()).default({}) }),
    template: templateSchema,
  }),
  status: z
    .object({
      observedGeneration: z.number().int().default(0),
      replicas: z.number().int().default(0),
      updatedReplicas: z.number().int().default(0),
      readyReplicas: z.number().int().default(0),
      availableReplicas: z.number().int().default(0),
    })
    .prefault({}),
});
export type Deployment = z.infer<typeof deploymentSchema>;

/** Undefined for an object that is not a Deployment. Read once: a watch shows the same object again with every change of another. */
export const readDeployment: (object: KubeObject) => Deployment | undefined = readOnce((object) => {
  const parsed = deploymentSchema.safeParse(object);
  return parsed.success ? parsed.data : undefined;
});

/** The controller has seen the latest specification, and everything that it asks for is there and available. */
export function isRolledOut({ metadata, spec, status }: Deployment): boolean {
  return (
    status.observedGeneration >= metadata.generation &&
    status.updatedReplicas === spec.replicas &&
    status.replicas === spec.replicas &&
    status.availableReplicas === spec.replicas
  );
}

/** `app=rancher`: how the Deployment's pods are found. */
export function podSelector(deployment: Deployment): string {
  return Object.entries(deployment.spec.selector.matchLabels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}
