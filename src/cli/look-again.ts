/** A rotation's directory and a fresh look at its estate: what `prove` and `report` are made from. */
import { FarrierError } from "../errors.ts";
import type { Estate } from "../estate/estate.ts";
import { openRotation, type Rotation } from "../execute/rotation.ts";
import { observeEstate } from "../observe/observe-estate.ts";
import type { World } from "../observe/world.ts";
import { belongsTo } from "../plan/staleness.ts";

/** @throws FarrierError `plan.stale` when the world is another estate than the plan's */
export async function lookAgain(directory: string, world: World): Promise<{ rotation: Rotation; estate: Estate }> {
  const rotation = await openRotation(directory);
  if (!belongsTo(rotation.plan, world.identity)) {
    throw new FarrierError(
      "plan.stale",
      `The rotation is of ${rotation.plan.estate.serverUrl}; this is another estate.`,
    );
  }
  return { rotation, estate: await observeEstate(world, { now: () => new Date(), concurrency: 50 }) };
}
