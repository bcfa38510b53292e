/** How the management cluster is reached: by a kubeconfig, or through the single container that Rancher runs in. */
import { resolve } from "node:path";
import { z } from "zod";
import { FarrierError } from "../errors.ts";
import type { WorldOptions } from "../observe/world.ts";

export const managementContainerSchema = z.strictObject({
  name: z.string().describe("Name or id of the container."),
  engineSocket: z.string().optional().describe("As --engine-socket: a path, or ssh://user@host/path."),
  sshConfig: z.string().optional().describe("SSH configuration file; the user's own when absent."),
});
export type ManagementContainer = z.infer<typeof managementContainerSchema>;

/** One of two, or neither: then the kubeconfig is looked for at its usual places. */
export interface ManagementWay {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly managementContainer?: ManagementContainer | undefined;
}

/** Each before the next. */
export interface ManagementSources {
  readonly flags: ManagementWay;
  readonly environment: NodeJS.ProcessEnv;
  readonly file: ManagementWay;
}

/**
 * A kubeconfig that a flag or FARRIER_KUBECONFIG names comes before a container in the file, as it does before a
 * kubeconfig there.
 * @throws FarrierError `input.usage`, `input.invalid` where both are named in the same place
 */
export function managementWay({ flags, environment, file }: ManagementSources): ManagementWay {
  const context = flags.context ?? environment.FARRIER_CONTEXT;
  if (flags.managementContainer !== undefined) {
    refuseKubeconfig("input.usage", "--management-container", flags);
    return { managementContainer: flags.managementContainer };
  }
  const named = flags.kubeconfig ?? environment.FARRIER_KUBECONFIG;
  if (named === undefined && file.managementContainer !== undefined) {
    refuseKubeconfig("input.invalid", "managementContainer", { ...file, context: context ?? file.context });
    return { managementContainer: file.managementContainer };
  }
  return { kubeconfig: named ?? file.kubeconfig ?? environment.KUBECONFIG, context: context ?? file.context };
}

function refuseKubeconfig(code: "input.usage" | "input.invalid", setting: string, way: ManagementWay): void {
  if (way.kubeconfig === undefined && way.context === undefined) return;
  const other = way.kubeconfig === undefined ? "a context" : "a kubeconfig";
  throw new FarrierError(code, `The management cluster is named twice: by ${setting} and by ${other}.`, {
    hint: "Leave one out: through a container, the kubeconfig that lies in it is used.",
  });
}

/** The container that flags name. */
export function containerOfFlags(options: Readonly<Record<string, unknown>>): ManagementContainer | undefined {
  const { managementContainer: name, engineSocket, sshConfig } = options;
  if (typeof name !== "string") return undefined;
  return {
    name,
    ...(typeof engineSocket === "string" ? { engineSocket } : {}),
    ...(typeof sshConfig === "string" ? { sshConfig: resolve(sshConfig) } : {}),
  };
}

/**
 * An engine that is named for no container would pass for a way to Rancher.
 * @throws FarrierError `input.usage`
 */
export function refuseEngineAlone(options: Readonly<Record<string, unknown>>): void {
  const { engineSocket, sshConfig } = options;
  if (options.managementContainer !== undefined) return;
  if (options.container !== undefined || (engineSocket === undefined && sshConfig === undefined)) return;
  const flag = engineSocket === undefined ? "--ssh-config" : "--engine-socket";
  throw new FarrierError("input.usage", `${flag} needs --container or --management-container.`, {
    hint: "Name the container that Rancher runs in.",
  });
}

/** What the world is told of it. @throws FarrierError `engine.unreachable` where no engine is at its usual place */
export async function managementOptions(
  way: ManagementWay,
): Promise<Pick<WorldOptions, "kubeconfig" | "context" | "managementContainer">> {
  const { kubeconfig, context, managementContainer } = way;
  if (managementContainer === undefined) {
    return { ...(kubeconfig === undefined ? {} : { kubeconfig }), ...(context === undefined ? {} : { context }) };
  }
  const { engineAddress } = await import("../remote/engine-address.ts");
  const { name, engineSocket, sshConfig } = managementContainer;
  const place = { container: name, address: engineAddress(engineSocket) };
  return { managementContainer: sshConfig === undefined ? place : { ...place, sshConfig } };
}
