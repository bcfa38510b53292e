/** From flags to an open engine and a Rancher's container, and the engine closed again whatever happens. */
import { resolve } from "node:path";
import { FarrierError } from "../errors.ts";
import type { EngineChoice } from "../execute/rancher-container.ts";

/** @throws FarrierError `engine.*`, `ssh.*`, `lock.held` */
export async function withContainer<Result>(
  name: string,
  options: Readonly<Record<string, unknown>>,
  use: (choice: EngineChoice) => Promise<Result>,
): Promise<Result> {
  const { withRancherContainer } = await import("../execute/rancher-container.ts");
  const { engineAddress } = await import("../remote/engine-address.ts");
  const place = {
    address: engineAddress(typeof options.engineSocket === "string" ? options.engineSocket : undefined),
    ...(typeof options.sshConfig === "string" ? { sshConfig: resolve(options.sshConfig) } : {}),
    container: name,
    onStartedAgain: sayStartedAgain,
  };
  return await withRancherContainer(place, use);
}

/** To the person, on stderr. */
export function sayStartedAgain(name: string): void {
  process.stderr.write(`Started ${name} again: it was stopped by a Farrier that was then killed.\n`);
}

const CONTAINER_FLAGS = {
  hot: "--hot",
  hostDirectoryCovered: "--host-directory-covered",
};

/**
 * Flags that mean nothing without a container are a mistake that would otherwise pass for something done.
 * @throws FarrierError `input.usage`
 */
export function refuseContainerFlags(options: Readonly<Record<string, unknown>>): void {
  for (const [option, flag] of Object.entries(CONTAINER_FLAGS)) {
    if (options[option] === undefined) continue;
    throw new FarrierError("input.usage", `${flag} needs --container.`, {
      hint: "Name the container that Rancher runs in.",
    });
  }
}
