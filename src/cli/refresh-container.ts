/** The container that a refresh restarts, where Rancher runs in one and its version goes by copies until then. */
import { resolve } from "node:path";
import { FarrierError } from "../errors.ts";
import { type Finding, finding } from "../findings.ts";
import { deployments } from "../kubernetes/resource.ts";
import type { World } from "../observe/world.ts";
import type { RancherContainerPlace } from "../plan/estate-backup.ts";
import { keepsCopies } from "../plan/refresh/version-facts.ts";
import { readSetting } from "../rancher/settings.ts";
import { refuseContainerFlags } from "./container-engine.ts";
import { defined, type Settings } from "./settings.ts";

export interface RestartDecision {
  /** Absent where nothing is restarted, or Rancher's pods are. */
  readonly inContainer?: RancherContainerPlace;
  readonly findings: readonly Finding[];
}

interface Asked {
  readonly settings: Settings;
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * Looks at the engine only where a restart is due. Without `--container`, the one that the management cluster is
 * reached through is meant, or that `estateBackup` names.
 * @throws FarrierError `input.usage` for a container where Rancher runs in a Deployment; ApiError
 */
export async function decideRestart(world: World, { settings, options }: Asked): Promise<RestartDecision> {
  if (options.container === undefined) refuseContainerFlags(options);
  const server = await world.management.get(deployments(world.namespace), world.deployment);
  if (server !== undefined) {
    if (options.container === undefined) return { findings: [] };
    throw new FarrierError("input.usage", "Rancher runs in a Deployment here, and not in a single container.", {
      hint: "Leave --container out: where its version needs that, Rancher is restarted pod by pod.",
    });
  }
  const version = (await readSetting(world.management, "server-version"))?.effective ?? "";
  if (!keepsCopies(version)) return { findings: [] };
  const wish = containerWish(settings, options);
  if (wish === undefined) {
    const sentence = `Rancher ${version} runs in no Deployment and goes by copies of cluster objects: no container to restart was named.`;
    return { findings: [finding("refresh.container-unnamed", "rancher", sentence)] };
  }
  const { observeRestartPlace } = await import("../execute/container-place.ts");
  const place = await observeRestartPlace(wish, { version, through: world.managementContainer });
  if (typeof place !== "string") return { inContainer: place, findings: [] };
  const sentence = `Rancher's container cannot be restarted: ${place}.`;
  return { findings: [finding("refresh.container-unusable", "rancher", sentence)] };
}

/** The container that Rancher's API was reached through is the one that Rancher runs in. */
function containerWish({ estateBackup, managementContainer }: Settings, options: Asked["options"]) {
  if (typeof options.container === "string") {
    return {
      name: options.container,
      ...(typeof options.engineSocket === "string" ? { engineSocket: options.engineSocket } : {}),
      ...(typeof options.sshConfig === "string" ? { sshConfig: resolve(options.sshConfig) } : {}),
    };
  }
  const settled = managementContainer ?? estateBackup?.container;
  if (settled === undefined) return undefined;
  const { name, engineSocket, sshConfig } = settled;
  return { name, ...defined({ engineSocket, sshConfig }) };
}
