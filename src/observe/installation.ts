/** How Rancher is installed and how it is. */
import type { Installation } from "../estate/estate.ts";
import { type Deployment, podSelector, readDeployment } from "../kubernetes/deployment.ts";
import { isReady, readPod } from "../kubernetes/pod.ts";
import { customResourceDefinitions, deployments, pods } from "../kubernetes/resource.ts";
import { pinOf } from "../pki/pin.ts";
import { hasStatusSubresource, isRollingOut, trustSecretOf } from "../rancher/installation.ts";
import { replicaBundle } from "../rancher/replica-bundle.ts";
import { agentTlsModeOf, readSetting } from "../rancher/settings.ts";
import type { Gaps } from "./gaps.ts";
import { observeInstaller } from "./installer.ts";
import type { World } from "./world.ts";

/** Rancher's Deployment; undefined and a gap where it cannot be read. */
export async function observeServer(world: World, gaps: Gaps): Promise<Deployment | undefined> {
  const { management, namespace, deployment } = world;
  return await gaps.look(
    `deployment ${namespace}/${deployment}`,
    async () => {
      const object = await management.get(deployments(namespace), deployment);
      return object === undefined ? undefined : readDeployment(object);
    },
    undefined,
  );
}

export interface InstallationQuestion {
  /** Rancher's Deployment, where it could be read. */
  readonly server: Deployment | undefined;
  readonly gaps: Gaps;
  /** An earlier look: how Rancher was installed is then not looked at again. */
  readonly previous?: Installation | undefined;
}

export async function observeInstallation(
  world: World,
  { server, gaps, previous }: InstallationQuestion,
): Promise<Omit<Installation, "tlsSource" | "exposure">> {
  const { management, namespace, deployment } = world;
  const [version, mode, definition, podList, installer] = await Promise.all([
    gaps.look("setting server-version", () => readSetting(management, "server-version"), undefined),
    gaps.look("setting agent-tls-mode", () => readSetting(management, "agent-tls-mode"), undefined),
    gaps.look("definition of clusters.management.cattle.io", () => readDefinition(world), false),
    server === undefined ? [] : gaps.look(`pods of ${namespace}/${deployment}`, () => observePods(world, server), []),
    observeInstaller(world, gaps, previous),
  ]);
  return {
    version: version?.effective ?? "",
    ...installer,
    namespace,
    deployment,
    replicas: server?.spec.replicas ?? 0,
    readyReplicas: server?.status.readyReplicas ?? 0,
    pods: podList,
    rollingOut: server !== undefined && isRollingOut(server),
    privateCa: server !== undefined && trustSecretOf(server) !== undefined,
    agentTlsMode: agentTlsModeOf(mode),
    clusterStatusSubresource: definition,
  };
}

async function readDefinition({ management }: World): Promise<boolean> {
  const object = await management.get(customResourceDefinitions, "clusters.management.cattle.io");
  return object !== undefined && hasStatusSubresource(object);
}

async function observePods({ management, namespace }: World, server: Deployment): Promise<Installation["pods"]> {
  const { items } = await management.list(pods(namespace), { labelSelector: podSelector(server) });
  const found = items.map(readPod).filter((pod) => pod !== undefined);
  return await Promise.all(
    found.map(async (pod) => {
      const { name, uid, creationTimestamp: createdAt, deletionTimestamp } = pod.metadata;
      const ready = isReady(pod) && deletionTimestamp === undefined;
      const bundle = ready ? await replicaBundle(management, namespace, name) : undefined;
      return { name, uid, createdAt, ready, ...(bundle === undefined ? {} : { servedPin: pinOf(bundle) }) };
    }),
  );
}
