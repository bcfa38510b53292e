/** A rotation's directory and a fresh look at its estate: what `prove` and `report` are made from. */
import { setTimeout } from "node:timers/promises";
import { FarrierError } from "../errors.ts";
import { START_CHECK_SECONDS } from "../estate/agent-state.ts";
import type { Estate } from "../estate/estate.ts";
import { giveStoredEndpoints } from "../execute/endpoints.ts";
import { openRotation, type Rotation } from "../execute/rotation.ts";
import { observeEstate } from "../observe/observe-estate.ts";
import { requireToken, type World } from "../observe/world.ts";
import { belongsTo } from "../plan/staleness.ts";
import type { Settings } from "./settings.ts";

/**
 * An agent that started seconds ago has not outlived its start check yet; where that is all that is missing, the
 * estate is looked at once more when it has.
 * @throws FarrierError `plan.stale` when the world is another estate than the plan's, `rancher.token-refused`
 */
export async function lookAgain(
  directory: string,
  world: World,
  { identityFile }: Pick<Settings, "identityFile">,
): Promise<{ rotation: Rotation; estate: Estate }> {
  const rotation = await openRotation(directory);
  if (!belongsTo(rotation.plan, world.identity)) {
    throw new FarrierError(
      "plan.stale",
      `The rotation is of ${rotation.plan.estate.serverUrl}; this is another estate.`,
    );
  }
  giveStoredEndpoints(rotation, world, identityFile === undefined ? {} : { identityFile });
  await requireToken(world);
  const estate = await observeEstate(world, { now: () => new Date(), concurrency: CONCURRENCY });
  const wait = secondsUntilProvable(estate, rotation.plan.armingMinReadySeconds, new Date());
  if (wait === 0) return { rotation, estate };
  process.stderr.write(`Some agents started only moments ago; looking again in ${wait} s.\n`);
  await setTimeout(wait * 1000);
  return { rotation, estate: await observeEstate(world, { now: () => new Date(), concurrency: CONCURRENCY }) };
}

/** Clusters that are looked at at the same time. */
const CONCURRENCY = 50;

/**
 * Whole seconds until the youngest running agent pod has outlived its start check; 0 when all have. Where the agent's
 * own `minReadySeconds` is long enough, its Deployment's word is proof already.
 */
function secondsUntilProvable(estate: Estate, minReadySeconds: number, now: Date): number {
  const starts = estate.clusters
    .flatMap(({ agent }) => (agent === undefined || agent.minReadySeconds >= minReadySeconds ? [] : agent.pods))
    .flatMap((pod) => (pod.ready && pod.runningSince !== undefined ? [Date.parse(pod.runningSince)] : []));
  const age = (now.getTime() - Math.max(...starts)) / 1000;
  // A pod "from the future" tells of a clock that is wrong, not of something to wait for.
  return age < 0 || age > START_CHECK_SECONDS ? 0 : Math.ceil(START_CHECK_SECONDS - age) + 1;
}
