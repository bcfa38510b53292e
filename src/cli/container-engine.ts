/** From flags to an open engine and a Rancher's container, and the engine closed again whatever happens. */
import { FarrierError } from "../errors.ts";
import type { RancherContainer } from "../rancher/single-container.ts";
import type { Engine } from "../remote/engine.ts";

export interface EngineChoice {
  readonly engine: Engine;
  readonly container: RancherContainer;
}

/** @throws FarrierError `engine.*` */
export async function withContainer<Result>(
  name: string,
  options: Readonly<Record<string, unknown>>,
  use: (choice: EngineChoice) => Promise<Result>,
): Promise<Result> {
  const { Engine } = await import("../remote/engine.ts");
  const { engineSocket } = await import("../remote/engine-address.ts");
  const { rancherContainerOf } = await import("../rancher/single-container.ts");
  const engine = new Engine(engineSocket(typeof options.engineSocket === "string" ? options.engineSocket : undefined));
  try {
    return await use({ engine, container: rancherContainerOf(await engine.inspect(name)) });
  } finally {
    await engine.close();
  }
}

/**
 * Flags that mean nothing without a container are a mistake that would otherwise pass for something done.
 * @throws FarrierError `input.usage`
 */
export function refuseContainerFlags(options: Readonly<Record<string, unknown>>): void {
  const flags = { hot: "--hot", hostDirectoryCovered: "--host-directory-covered", engineSocket: "--engine-socket" };
  for (const [option, flag] of Object.entries(flags)) {
    if (options[option] === undefined) continue;
    throw new FarrierError("input.usage", `${flag} needs --container.`, {
      hint: "Name the container that Rancher runs in.",
    });
  }
}
