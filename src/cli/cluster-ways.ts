/** The ways to clusters that `farrier.yaml` names besides Rancher's tunnel. */
import { FarrierError } from "../errors.ts";
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
  const direct = named.flatMap(([name, { kubeconfig, context }]) =>
    kubeconfig === undefined ? [] : [{ name, choice: { kubeconfig, ...(context === undefined ? {} : { context }) } }],
  );
  if (direct.length === 0) return;
  const { listManagementClusters } = await import("../rancher/management-cluster.ts");
  const { directWay } = await import("../observe/direct-way.ts");
  const clusters = await listManagementClusters(world.management);
  for (const { name, choice } of direct) {
    const { id, local } = findCluster(name, clusters);
    if (local) {
      throw new FarrierError(
        "input.invalid",
        `Cluster ${name} is the management cluster: its kubeconfig is named once, at the top of farrier.yaml.`,
      );
    }
    world.reaches.give(id, [directWay(id, choice)]);
  }
}
