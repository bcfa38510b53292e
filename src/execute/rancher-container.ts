/** From the place of an engine to a Rancher's container in it, and the engine closed again whatever happens. */
import type { RancherContainer } from "../rancher/single-container.ts";
import { rancherContainerOf } from "../rancher/single-container.ts";
import { Engine } from "../remote/engine.ts";
import type { EngineAddress } from "../remote/engine-address.ts";
import { openSocketForward } from "../remote/forward.ts";
import { nodeCalled } from "../remote/ssh.ts";
import { startAbandoned } from "./container-data.ts";
import { PUT_BACK } from "./container-restore.ts";

export interface EngineChoice {
  readonly engine: Engine;
  readonly container: RancherContainer;
}

export interface ContainerPlace {
  readonly address: EngineAddress;
  /** SSH configuration file, where the engine is on another host. */
  readonly sshConfig?: string;
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
  const way = await openWay(place);
  const engine = new Engine(way.socket, way.place);
  try {
    return await use({ engine, container: await runningAsBefore(engine, place) });
  } finally {
    await engine.close();
    await way.close();
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

interface Way {
  readonly socket: string;
  readonly place: string;
  close(): Promise<void>;
}

async function openWay({ address: { socket, ssh }, sshConfig }: ContainerPlace): Promise<Way> {
  if (ssh === undefined) return { socket, place: socket, close: async () => {} };
  const target = { ...ssh, ...(sshConfig === undefined ? {} : { config: sshConfig }) };
  return { ...(await openSocketForward(target, socket)), place: `${socket} of ${nodeCalled(target)}` };
}
