/** From the place of a container engine to the engine, on this host or through SSH. */
import { Engine } from "./engine.ts";
import { type EngineAddress, engineCalled } from "./engine-address.ts";
import { openSocketForward } from "./forward.ts";
import type { SshTarget } from "./ssh.ts";

export interface EnginePlace {
  readonly address: EngineAddress;
  /** SSH configuration file, where the engine is on another host. */
  readonly sshConfig?: string;
}

/** Close it, or it keeps the process alive, and the forward to another host. */
export interface EngineWay {
  readonly engine: Engine;
  close(): Promise<void>;
}

/** Nothing is asked of the engine yet. @throws FarrierError `ssh.*` */
export async function openEngine({ address, sshConfig }: EnginePlace): Promise<EngineWay> {
  const { socket } = address;
  const target = sshTargetOf({ address, ...(sshConfig === undefined ? {} : { sshConfig }) });
  if (target === undefined) {
    const engine = new Engine(socket);
    return { engine, close: () => engine.close() };
  }
  const forward = await openSocketForward(target, socket);
  const engine = new Engine(forward.socket, engineCalled({ socket, ssh: target }));
  return {
    engine,
    close: async () => {
      await engine.close();
      await forward.close();
    },
  };
}

/** The host that the engine is on, with the configuration that reaches it; undefined where that is this one. */
export function sshTargetOf({ address: { ssh }, sshConfig }: EnginePlace): SshTarget | undefined {
  return ssh === undefined ? undefined : { ...ssh, ...(sshConfig === undefined ? {} : { config: sshConfig }) };
}
