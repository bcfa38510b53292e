/** From the place of an engine to a Rancher's container in it, and the engine closed again whatever happens. */
import type { RancherContainer } from "../rancher/single-container.ts";
import { rancherContainerOf } from "../rancher/single-container.ts";
import type { Engine } from "../remote/engine.ts";
import { type EnginePlace, openEngine } from "../remote/engine-way.ts";
import { startAbandoned } from "./container-data.ts";
import { PUT_BACK } from "./container-restore.ts";

export interface EngineChoice {
  readonly engine: Engine;
  readonly container: RancherContainer;
}

export interface ContainerPlace extends EnginePlace {
  /** Name or id. */
  readonly container: string;
  /** Told when it was started again, because a process that was killed had stopped it. */
  readonly onStartedAgain?: (name: string) => void;
}

/** @throws FarrierError `engine.*`, `ssh.*`, `lock.held` */
export async function withRancherContainer<Result>(
  place: ContainerPlace,
  use: (choice: EngineChoice) => Promise<Result>,
): Promise<Result> {
  const { engine, close } = await openEngine(place);
  try {
    return await use({ engine, container: await runningAsBefore(engine, place) });
  } finally {
    await close();
  }
}

async function runningAsBefore(
  engine: Engine,
  { container: name, onStartedAgain }: ContainerPlace,
): Promise<RancherContainer> {
  const container = rancherContainerOf(await engine.inspect(name));
  if (!(await startAbandoned({ engine, container }, PUT_BACK))) return container;
  onStartedAgain?.(container.name);
  return rancherContainerOf(await engine.inspect(container.id));
}
