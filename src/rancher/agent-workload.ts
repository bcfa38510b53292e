/** The cluster agent's Deployment and pods in a downstream cluster. */
import { type AgentPod, type AgentWorkload, CLUSTER_AGENT } from "../estate/agent.ts";
import { environmentOf } from "../kubernetes/container.ts";
import { readDeployment } from "../kubernetes/deployment.ts";
import { type KubeObject, readOnce } from "../kubernetes/object.ts";
import { hasRun, isReady, readPod, statusOf, waitingReason } from "../kubernetes/pod.ts";

/** Where the agent is, and how its pods are found (pkg/systemtemplate, since 2.0). */
export const AGENT = {
  ...CLUSTER_AGENT,
  podSelector: "app=cattle-cluster-agent",
  credentials: "cattle-credentials",
} as const;

/** What the objects say; undefined when the first is not a Deployment with the agent's container. */
export function agentWorkloadOf(object: KubeObject, podObjects: readonly KubeObject[]): AgentWorkload | undefined {
  const agent = deploymentOf(object);
  if (agent === undefined) return undefined;
  return { ...agent, pods: podObjects.map(agentPodOf).filter((pod) => pod !== undefined) };
}

const deploymentOf = readOnce((object): Omit<AgentWorkload, "pods"> | undefined => {
  const deployment = readDeployment(object);
  const container = deployment?.spec.template.spec.containers.find(({ name }) => name === AGENT.container);
  if (deployment === undefined || container === undefined) return undefined;
  const { metadata, spec, status } = deployment;
  const environment = environmentOf(container);
  const credentials = spec.template.spec.volumes.find(({ name }) => name === AGENT.credentials)?.secret?.secretName;
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    settled: status.observedGeneration >= metadata.generation,
    replicas: spec.replicas,
    updatedReplicas: status.updatedReplicas,
    readyReplicas: status.readyReplicas,
    availableReplicas: status.availableReplicas,
    totalReplicas: status.replicas,
    minReadySeconds: spec.minReadySeconds,
    strategy: {
      type: spec.strategy.type,
      maxSurge: spec.strategy.rollingUpdate?.maxSurge ?? "",
      maxUnavailable: spec.strategy.rollingUpdate?.maxUnavailable ?? "",
    },
    pin: environment[AGENT.pinVariable] ?? "",
    serverUrl: environment.CATTLE_SERVER ?? "",
    strict: environment.STRICT_VERIFY === "true",
    ...(environment.CATTLE_FEATURES === undefined ? {} : { features: environment.CATTLE_FEATURES }),
    image: container.image,
    ...(credentials === undefined ? {} : { credentials }),
    paused: spec.paused,
  };
});

/** Undefined for a pod that has no agent container. */
export const agentPodOf: (object: KubeObject) => AgentPod | undefined = readOnce((object) =>
  podWithPin(object, AGENT.container),
);

/** A pod whose container of that name has the pin; undefined for one that has none. */
export function podWithPin(object: KubeObject, containerName: string): AgentPod | undefined {
  const pod = readPod(object);
  const container = pod?.spec.containers.find(({ name }) => name === containerName);
  if (pod === undefined || container === undefined) return undefined;
  const status = statusOf(pod, containerName);
  const runningSince = status?.state.running?.startedAt;
  const waiting = waitingReason(pod, status);
  return {
    name: pod.metadata.name,
    uid: pod.metadata.uid,
    pin: environmentOf(container)[AGENT.pinVariable] ?? "",
    createdAt: pod.metadata.creationTimestamp,
    phase: pod.status.phase,
    ready: isReady(pod),
    deleting: pod.metadata.deletionTimestamp !== undefined,
    restarts: status?.restartCount ?? 0,
    ...(runningSince === undefined ? {} : { runningSince }),
    hasRun: hasRun(status),
    ...(waiting === undefined ? {} : { waiting }),
  };
}
