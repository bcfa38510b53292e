/** Applies as a process that dies at a given entry of its life, on connections of its own. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { FarrierError } from "../../../src/errors.ts";
import { type ApplyOutcome, applyRotation } from "../../../src/execute/apply.ts";
import type { JournalObserver } from "../../../src/execute/journal-store.ts";
import type { JournalEntry } from "../../../src/journal/entry.ts";
import { ApiError } from "../../../src/kubernetes/api-error.ts";
import { Killed, killable } from "../../helpers/killable-world.ts";
import type { RotationLab } from "../../helpers/rotation-lab.ts";
import type { Death } from "./scenario.ts";

export interface Life {
  readonly death: Death | undefined;
  /** Dies when the journal has so many entries. */
  readonly until: number;
  readonly planFile: string | undefined;
  readonly gateWaitSeconds: number;
  /** Share of the time that a step has on a real estate. */
  readonly patience: number;
  readonly observer: JournalObserver;
}

export async function live(lab: RotationLab, life: Life): Promise<ApplyOutcome | "killed"> {
  const real = await lab.openWorld();
  const { world, kill, dead } = killable(real);
  let entries = 0;
  const reaper: JournalObserver = {
    beforeFlush: (): void => {
      entries += 1;
      if (life.death?.moment === "before" && entries >= life.death.entry) kill();
      if (dead()) throw new Killed();
    },
    afterFlush: (entry: JournalEntry): void => {
      const { death, until } = life;
      if ((death?.moment === "after" && entries >= death.entry) || entry.seq >= until) kill();
    },
  };
  try {
    const { directory, environment, now } = lab;
    const { planFile, gateWaitSeconds, patience } = life;
    return await applyRotation({
      directory,
      identity: { environment },
      now,
      holder: { id: randomBytes(8).toString("hex"), host: hostname(), pid: 2 ** 30, started: "0" },
      observers: [life.observer, reaper],
      gateWaitSeconds,
      patience,
      world,
      ...(planFile === undefined ? {} : { planFile }),
    });
  } catch (error) {
    if (dead()) return "killed";
    throw error;
  } finally {
    await real.close();
  }
}

/**
 * A person tries again when Rancher or an API server is busy or restarting just when a command begins; or when the lock
 * was written at that very moment, as the last request of a process that was killed may do.
 */
export async function patiently<T>(command: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await command();
    } catch (error) {
      if (attempt > 40 || !isPassing(error)) throw error;
      await pause(100 + 10 * attempt);
    }
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof ApiError) return error.transient;
  return error instanceof FarrierError && error.cause instanceof ApiError && error.cause.kind === "conflict";
}
