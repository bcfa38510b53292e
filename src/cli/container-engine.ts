/** From flags to an open engine and a Rancher's container, and the engine closed again whatever happens. */
import { resolve } from "node:path";
import { FarrierError } from "../errors.ts";
import type { RancherContainer } from "../rancher/single-container.ts";
import type { Engine } from "../remote/engine.ts";
import type { EngineAddress } from "../remote/engine-address.ts";

export interface EngineChoice {
  readonly engine: Engine;
  readonly container: RancherContainer;
}

/** @throws FarrierError `engine.*`, `ssh.*` */
export async function withContainer<Result>(
  name: string,
  options: Readonly<Record<string, unknown>>,
  use: (choice: EngineChoice) => Promise<Result>,
): Promise<Result> {
  const { Engine } = await import("../remote/engine.ts");
  const { engineAddress } = await import("../remote/engine-address.ts");
  const address = engineAddress(typeof options.engineSocket === "string" ? options.engineSocket : undefined);
  const way = await openWay(address, options.sshConfig);
  const engine = new Engine(way.socket, way.place);
  try {
    return await use({ engine, container: await runningAsBefore(engine, name) });
  } finally {
    await engine.close();
    await way.close();
  }
}

/** The container; started again where a process that was killed had stopped it. */
async function runningAsBefore(engine: Engine, name: string): Promise<RancherContainer> {
  const { rancherContainerOf } = await import("../rancher/single-container.ts");
  const { startAbandoned } = await import("../execute/container-data.ts");
  const { PUT_BACK } = await import("../execute/container-restore.ts");
  const container = rancherContainerOf(await engine.inspect(name));
  if (!(await startAbandoned({ engine, container }, PUT_BACK))) return container;
  process.stderr.write(`Started ${container.name} again: it was stopped by a Farrier that was then killed.\n`);
  return rancherContainerOf(await engine.inspect(container.id));
}

interface Way {
  readonly socket: string;
  readonly place: string;
  close(): Promise<void>;
}

async function openWay({ socket, ssh }: EngineAddress, config: unknown): Promise<Way> {
  if (ssh === undefined) return { socket, place: socket, close: async () => {} };
  const { openSocketForward } = await import("../remote/forward.ts");
  const { nodeCalled } = await import("../remote/ssh.ts");
  const target = { ...ssh, ...(typeof config === "string" ? { config: resolve(config) } : {}) };
  return { ...(await openSocketForward(target, socket)), place: `${socket} of ${nodeCalled(target)}` };
}

const CONTAINER_FLAGS = {
  hot: "--hot",
  hostDirectoryCovered: "--host-directory-covered",
  engineSocket: "--engine-socket",
  sshConfig: "--ssh-config",
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
