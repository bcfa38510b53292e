import type { Clock } from "../clock.ts";
import type { ClusterClient, KubeObject } from "../cluster-client.ts";
import { ConnectionChecks } from "./connection-checks.ts";
import { RedeployController } from "./redeploy.ts";
import { CLUSTERS } from "./resources.ts";
import type { SettingMemory } from "./setting-memory.ts";
import type { RancherWorld } from "./world.ts";

/** What the controllers of the leading replica work with. */
export interface LeaderContext {
  readonly world: RancherWorld;
  readonly settings: SettingMemory;
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly log: (level: "INFO" | "ERROR", line: string) => void;
}

/** Starts what only one replica does: deploying agents, and watching over connections. @returns how to stop it */
export function leaderControllers(context: LeaderContext): () => void {
  const clusters = new Map<string, KubeObject>();
  const redeploy = new RedeployController(context);
  const checks = new ConnectionChecks(context, clusters);
  const watch = context.client.watch(CLUSTERS, ({ type, object }) => {
    const id = object.metadata.name;
    if (type === "DELETED") clusters.delete(id);
    else clusters.set(id, object);
    if (type !== "DELETED" && id !== "local") redeploy.consider(object);
  });
  return () => {
    watch.close();
    redeploy.stop();
    checks.stop();
  };
}
