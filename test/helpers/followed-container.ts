/** A simulated Rancher in a single container: it is there while the shell in a real container runs, and at no other time. */
import { existsSync, readFileSync, watch } from "node:fs";
import { join } from "node:path";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { must } from "../sandbox/estate.ts";
import type { EngineLab } from "./container-engine.ts";

export interface Follow {
  readonly sandbox: Pick<Sandbox, "rancherContainer" | "managementServer">;
  /** The container. */
  readonly name: string;
  /** What else has to begin with it, before Rancher does. */
  readonly onStart?: () => Promise<void>;
}

/** @returns how to stop following */
export async function followContainer(lab: EngineLab, { sandbox, name, onStart }: Follow): Promise<() => void> {
  const data = (await lab.podman("inspect", "--format", "{{(index .Mounts 0).Source}}", name)).trim();
  const rancher = must(sandbox.rancherContainer);
  const file = join(data, "starts");
  // It goes with the container.
  const starts = (): number => (existsSync(file) ? readFileSync(file, "utf8").split("\n").length : 0);
  let followed = starts();
  let silence: { remove(): void } | undefined;
  let work = Promise.resolve();
  const stop = async (): Promise<void> => {
    silence = sandbox.managementServer.faults.add(({ user }) =>
      user.name.startsWith("system:") || user.name === "kubernetes-admin" ? undefined : { kind: "reset" },
    );
    await rancher.stop();
  };
  const start = async (): Promise<void> => {
    followed = starts();
    await onStart?.();
    silence?.remove();
    silence = undefined;
    rancher.start();
  };
  const see = async (): Promise<void> => {
    const runs = existsSync(join(data, "running"));
    // On a busy machine it may run again before anybody has seen that it had stopped.
    if (silence === undefined && (!runs || starts() > followed)) await stop();
    if (silence !== undefined && runs) await start();
  };
  const watcher = watch(data, () => {
    work = work.then(see);
  });
  return () => watcher.close();
}
