/** Pods as the controllers and the kubelet read them: the fields that matter to them, all others kept as they are. */
import { z } from "zod";
import { type Item, reader } from "./item.ts";

const keySelector = z.looseObject({
  name: z.string().default(""),
  key: z.string(),
  optional: z.boolean().optional(),
});

const environmentVariable = z.looseObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z
    .looseObject({
      secretKeyRef: keySelector.optional(),
      configMapKeyRef: keySelector.optional(),
      fieldRef: z.looseObject({ fieldPath: z.string() }).optional(),
    })
    .optional(),
});

const sourceName = z.looseObject({ name: z.string().default(""), optional: z.boolean().optional() });

const environmentSource = z.looseObject({
  prefix: z.string().optional(),
  secretRef: sourceName.optional(),
  configMapRef: sourceName.optional(),
});

const keyToPath = z.looseObject({ key: z.string(), path: z.string() });

const probe = z.looseObject({
  initialDelaySeconds: z.number().optional(),
  periodSeconds: z.number().optional(),
  successThreshold: z.number().optional(),
  failureThreshold: z.number().optional(),
});

const container = z.looseObject({
  name: z.string(),
  image: z.string().default(""),
  args: z.array(z.string()).optional(),
  env: z.array(environmentVariable).optional(),
  envFrom: z.array(environmentSource).optional(),
  volumeMounts: z
    .array(z.looseObject({ name: z.string(), mountPath: z.string(), subPath: z.string().optional() }))
    .optional(),
  readinessProbe: probe.optional(),
});

const volume = z.looseObject({
  name: z.string(),
  secret: z
    .looseObject({
      secretName: z.string(),
      optional: z.boolean().optional(),
      items: z.array(keyToPath).optional(),
    })
    .optional(),
  configMap: z
    .looseObject({
      name: z.string().default(""),
      optional: z.boolean().optional(),
      items: z.array(keyToPath).optional(),
    })
    .optional(),
});

/** Of the required node affinity only what Kubernetes' DaemonSet controller writes: the node's name. */
const affinity = z.looseObject({
  nodeAffinity: z
    .looseObject({
      requiredDuringSchedulingIgnoredDuringExecution: z
        .looseObject({
          nodeSelectorTerms: z
            .array(
              z.looseObject({
                matchFields: z
                  .array(z.looseObject({ key: z.string(), values: z.array(z.string()).optional() }))
                  .optional(),
              }),
            )
            .optional(),
        })
        .nullish(),
    })
    .nullish(),
});

const podSpec = z.looseObject({
  nodeName: z.string().optional(),
  nodeSelector: z.record(z.string(), z.string()).optional(),
  affinity: affinity.nullish(),
  tolerations: z
    .array(
      z.looseObject({
        key: z.string().optional(),
        operator: z.string().optional(),
        value: z.string().optional(),
        effect: z.string().optional(),
      }),
    )
    .optional(),
  restartPolicy: z.enum(["Always", "OnFailure", "Never"]).default("Always"),
  terminationGracePeriodSeconds: z.number().optional(),
  serviceAccountName: z.string().optional(),
  initContainers: z.array(container).optional(),
  containers: z.array(container),
  volumes: z.array(volume).optional(),
});

const condition = z.looseObject({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
  lastTransitionTime: z.string().optional(),
});

const podStatus = z.looseObject({
  phase: z.string().optional(),
  conditions: z.array(condition).optional(),
  containerStatuses: z.array(z.looseObject({ name: z.string(), restartCount: z.number().default(0) })).optional(),
});

export type Container = z.infer<typeof container>;
export type EnvironmentVariable = z.infer<typeof environmentVariable>;
export type EnvironmentSource = z.infer<typeof environmentSource>;
export type Volume = z.infer<typeof volume>;
export type PodSpec = z.infer<typeof podSpec>;
export type PodCondition = z.infer<typeof condition>;
type PodStatus = z.infer<typeof podStatus>;
export type Pod = Item<PodSpec, PodStatus>;

/** Reads a stored pod; undefined if it is none that could run. */
export const readPod = reader(podSpec, podStatus);

/** Whether the pod's condition of that type is "True". */
function isConditionTrue(pod: Pod, type: string): boolean {
  return pod.status.conditions?.some((each) => each.type === type && each.status === "True") ?? false;
}

/** Whether the pod's `Ready` condition is "True". */
export function isReady(pod: Pod): boolean {
  return isConditionTrue(pod, "Ready");
}

/** Whether the pod has ended for good (phase Succeeded or Failed): it is never run again. */
export function isFinished(pod: Pod): boolean {
  return pod.status.phase === "Succeeded" || pod.status.phase === "Failed";
}

/** Active pods count for ReplicaSets: not ended and not being deleted. */
export function isActive(pod: Pod): boolean {
  return !isFinished(pod) && pod.object.metadata.deletionTimestamp === undefined;
}

/** The pod spec inside a workload's template; undefined if it is none that could run. */
export function podSpecOf(spec: unknown): PodSpec | undefined {
  return podSpec.safeParse(spec).data;
}
