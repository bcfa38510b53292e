/** Rancher's own pods in the management cluster: looking at them, restarting them, waiting for them. */
import { z } from "zod";
import type { KubeObject } from "../kubernetes/object.ts";
import { deployments, pods } from "../kubernetes/resource.ts";
import { conflict, type StepContext } from "./step-action.ts";

/** As `kubectl rollout restart` does it. The time is the one that the journal holds, so that it is done once. */
export const RESTARTED_AT = "kubectl.kubernetes.io/restartedAt";
/** Which step restarted it last; taken away at the end of the rotation. It does not touch the pods' template. */
export const RESTARTED_BY = "farrier/restarted-by";

const deploymentSchema = z.looseObject({
  spec: z.looseObject({
    replicas: z.number().optional(),
    selector: z.looseObject({ matchLabels: z.record(z.string(), z.string()) }),
    template: z.looseObject({
      metadata: z.looseObject({ annotations: z.record(z.string(), z.string()).default({}) }).prefault({}),
    }),
  }),
});
const podSchema = z.looseObject({
  status: z
    .looseObject({
      phase: z.string().optional(),
      conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).optional(),
    })
    .optional(),
});

export interface RancherPod {
  readonly name: string;
  readonly uid: string;
  readonly ready: boolean;
  readonly deleting: boolean;
  /** When the template that it was made from was restarted; empty for never. */
  readonly restartedAt: string;
}

export interface RancherShape {
  readonly replicas: number;
  readonly selector: string;
}

/** How many replicas Rancher should have, and which pods are its. */
export async function rancherShape({ management, plan }: StepContext): Promise<RancherShape> {
  const found = await management.get(deployments(plan.rancher.namespace), plan.rancher.deployment);
  if (found === undefined) throw conflict("Rancher's Deployment", "it was deleted");
  const { spec } = deploymentSchema.parse(found);
  const labels = Object.entries(spec.selector.matchLabels).map(([key, value]) => `${key}=${value}`);
  return { replicas: spec.replicas ?? 1, selector: labels.join(",") };
}

export async function rancherPods(context: StepContext, shape: RancherShape): Promise<readonly RancherPod[]> {
  const list = await context.management.list(pods(context.plan.rancher.namespace), { labelSelector: shape.selector });
  return list.items.filter(isAlive).map(podOf);
}

/** Restarts Rancher once, however often it is called with the same time. */
export async function restartRancher(context: StepContext, at: string): Promise<void> {
  const { management, plan, step } = context;
  await management.patch(deployments(plan.rancher.namespace), plan.rancher.deployment, {
    kind: "merge",
    body: {
      metadata: { annotations: { [RESTARTED_BY]: step.id } },
      spec: { template: { metadata: { annotations: { [RESTARTED_AT]: at } } } },
    },
  });
}

/** Deletes one pod, if it is still that pod. */
export async function deleteRancherPod(context: StepContext, pod: Pick<RancherPod, "name" | "uid">): Promise<void> {
  const present = await context.management.get(pods(context.plan.rancher.namespace), pod.name);
  if (present?.metadata.uid !== pod.uid || present.metadata.deletionTimestamp !== undefined) return;
  await context.management.delete(pods(context.plan.rancher.namespace), pod.name, { uid: pod.uid });
}

/**
 * Waits until all replicas are ready, every one of them is `renewed`, and no other pod is left.
 * @throws ApiError kind `deadline`
 */
export async function awaitRancher(
  context: StepContext,
  shape: RancherShape,
  renewed: (pod: RancherPod) => boolean,
): Promise<void> {
  await context.management.watchUntil(
    pods(context.plan.rancher.namespace),
    { labelSelector: shape.selector },
    (objects) => {
      const all = objects.filter(isAlive).map(podOf);
      const whole = all.length >= shape.replicas && all.every((pod) => pod.ready && !pod.deleting && renewed(pod));
      return whole ? true : undefined;
    },
    { deadlineMs: context.remainingMs(), signal: context.signal },
  );
}

/**
 * Waits for what {@link restartRancher} began. Somebody else may restart Rancher again meanwhile: pods of a template
 * that came after ours were started after everything that was written before ours, so they count as well.
 * @throws ApiError kind `deadline`
 */
export async function awaitRestart(
  context: StepContext,
  shape: RancherShape,
  at: string,
  isNew: (pod: RancherPod) => boolean = () => true,
): Promise<void> {
  const later = new Set([at]);
  const earlier = new Set<string>();
  for (;;) {
    let unknown: string | undefined;
    await awaitRancher(context, shape, (pod) => {
      if (later.has(pod.restartedAt)) return isNew(pod);
      if (!earlier.has(pod.restartedAt)) unknown = pod.restartedAt;
      return unknown !== undefined;
    });
    if (unknown === undefined) return;
    (unknown === (await templateRestartedAt(context)) ? later : earlier).add(unknown);
  }
}

async function templateRestartedAt({ management, plan }: StepContext): Promise<string | undefined> {
  const found = await management.get(deployments(plan.rancher.namespace), plan.rancher.deployment);
  if (found === undefined) throw conflict("Rancher's Deployment", "it was deleted");
  return deploymentSchema.parse(found).spec.template.metadata.annotations[RESTARTED_AT];
}

/** Evicted and finished pods stay as objects and serve nothing. */
function isAlive(object: KubeObject): boolean {
  const phase = podSchema.parse(object).status?.phase;
  return phase !== "Failed" && phase !== "Succeeded";
}

function podOf(object: KubeObject): RancherPod {
  const conditions = podSchema.parse(object).status?.conditions ?? [];
  return {
    name: object.metadata.name,
    uid: object.metadata.uid ?? "",
    ready: conditions.some(({ type, status }) => type === "Ready" && status === "True"),
    deleting: object.metadata.deletionTimestamp !== undefined,
    restartedAt: object.metadata.annotations?.[RESTARTED_AT] ?? "",
  };
}
