/** Applying a rotation while the process is killed again and again, at places in the journal. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { type ApplyOptions, type ApplyOutcome, applyRotation } from "../../src/execute/apply.ts";
import type { Holder } from "../../src/execute/holder.ts";
import type { JournalEntry } from "../../src/journal/entry.ts";
import { Killed, killable } from "../helpers/killable-world.ts";
import type { RotationLab } from "../helpers/rotation-lab.ts";
import { placeOf } from "./place.ts";

export interface KilledRun {
  readonly outcome: ApplyOutcome;
  /** Where it was killed, in order. */
  readonly kills: readonly string[];
}

/**
 * Applies, is killed at every place for which `choose` says so, and applies again, until an outcome is reached.
 * Each place is chosen once at most.
 */
export async function applyWithKills(
  lab: RotationLab,
  options: Partial<ApplyOptions>,
  choose: (place: string) => boolean,
): Promise<KilledRun> {
  const kills: string[] = [];
  const visited = new Set<string>();
  for (let lives = 0; lives < 1000; lives++) {
    const outcome = await oneLife(lab, options, (place) => {
      if (visited.has(place) || !choose(place)) return false;
      visited.add(place);
      kills.push(place);
      return true;
    });
    if (outcome !== "killed") return { outcome, kills };
  }
  throw new Error(`after a thousand lives the rotation is not done; the last was killed at ${kills.at(-1)}`);
}

async function oneLife(
  lab: RotationLab,
  options: Partial<ApplyOptions>,
  dies: (place: string) => boolean,
): Promise<ApplyOutcome | "killed"> {
  const real = await lab.openWorld();
  const { world, kill, dead } = killable(real);
  const observer = {
    beforeFlush: (entry: JournalEntry): void => {
      if (!dead() && dies(placeOf(entry, "before"))) kill();
      if (dead()) throw new Killed();
    },
    afterFlush: (entry: JournalEntry): void => {
      // Entries that shared the flush with the one after which the process dies are on disk too: it dies after them all.
      if (dies(placeOf(entry, "after"))) kill();
    },
  };
  try {
    const { directory, environment, now } = lab;
    const rest = { directory, identity: { environment }, now, holder: mortal(), observers: [observer] };
    return await applyRotation({ ...rest, ...options, world });
  } catch (error) {
    if (dead()) return "killed";
    throw error;
  } finally {
    await real.close();
  }
}

/** A process of this machine that is not there any more: what others find after a kill. */
function mortal(): Holder {
  return { id: randomBytes(8).toString("hex"), host: hostname(), pid: 2 ** 30, started: "0" };
}
