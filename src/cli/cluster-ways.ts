/** The ways to clusters that `farrier.yaml` names besides Rancher's tunnel. */
import { FarrierError } from "../errors.ts";
import type { GivenWay } from "../observe/reaches.ts";
import type { World } from "../observe/world.ts";
import { findCluster } from "./cluster-name.ts";
import type { Settings } from "./settings.ts";

/**
 * Tells the world of them; nothing is asked of those clusters yet.
 * @throws FarrierError `input.cluster-unknown`, `input.cluster-ambiguous` for a name in the settings; `input.invalid`
 */
export async function giveWays(world: World, settings: Settings): Promise<void> {
  const named = Object.entries(settings.clusters ?? {});
  const stray = named.find(([, wish]) => wish.context !== undefined && wish.kubeconfig === undefined);
  if (stray !== undefined) {
    throw new FarrierError("input.invalid", `Cluster ${stray[0]} has a context in farrier.yaml, and no kubeconfig.`);
  }
  const given = named.filter(([, { kubeconfig, ssh }]) => kubeconfig !== undefined || ssh !== undefined);
  if (given.length === 0) return;
  const { listManagementClusters } = await import("../rancher/management-cluster.ts");
  const clusters = await listManagementClusters(world.management);
  for (const [name, wish] of given) {
    const { id, local } = findCluster(name, clusters);
    if (local) {
      throw new FarrierError(
        "input.invalid",
        `Cluster ${name} is the management cluster: its kubeconfig is named once, at the top of farrier.yaml.`,
      );
    }
    world.reaches.give(id, await waysOf(id, wish));
  }
}

/** The kubeconfig before the node: it needs nothing in between. */
async function waysOf(id: string, { kubeconfig, context, ssh }: ClusterWish): Promise<GivenWay[]> {
  const ways: GivenWay[] = [];
  if (kubeconfig !== undefined) {
    const { directWay } = await import("../observe/direct-way.ts");
    ways.push(directWay(id, { kubeconfig, ...(context === undefined ? {} : { context }) }));
  }
  if (ssh !== undefined) {
    const { sshWay } = await import("../observe/ssh-way.ts");
    const { kubeconfig: onNode, host, ...options } = ssh;
    ways.push(sshWay(id, { host, ...present(options) }, onNode === undefined ? {} : { kubeconfig: onNode }));
  }
  return ways;
}

type ClusterWish = NonNullable<Settings["clusters"]>[string];

/** Without the members that were left out. */
function present<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  // Removing the undefined members is exactly what the return type says.
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
