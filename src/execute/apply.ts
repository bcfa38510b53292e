/**
 * Applies the plan in force: takes the lock, goes through the stages, and lets go. Whatever happens, calling it again
 * goes on from where the journal ends.
 */
import type { IdentityChoice } from "../backup/owner-identity.ts";
import { type Sealed, Vault } from "../backup/vault.ts";
import { FarrierError } from "../errors.ts";
import type { Estate } from "../estate/estate.ts";
import { observeEstate } from "../observe/observe-estate.ts";
import { ownWay } from "../observe/own-way.ts";
import { requireToken, type World } from "../observe/world.ts";
import { onlyRefreshed } from "../plan/reading.ts";
import { belongsTo, describeDifferences, staleness } from "../plan/staleness.ts";
import { anchorsOf } from "../plan/system-store.ts";
import { agentTlsModeOf, readSetting } from "../rancher/settings.ts";
import { endEndpoints, giveStoredEndpoints } from "./endpoints.ts";
import { describeHolder, type Holder, thisProcess, whereabouts } from "./holder.ts";
import type { JournalObserver } from "./journal-store.ts";
import { Ledger, ROTATION } from "./ledger.ts";
import { type Acquisition, EstateLock, type LockRecord, readLock } from "./lock.ts";
import { leftRequests } from "./requests.ts";
import { isFinished, openRotation, type Rotation } from "./rotation.ts";
import { runStage, type StageOutcome } from "./stage-runner.ts";
import { Workshop } from "./workshop.ts";

export interface ApplyOptions {
  readonly directory: string;
  readonly world: World;
  readonly identity?: IdentityChoice;
  /** A stored rollback that is to be begun; otherwise the plan in force goes on. */
  readonly planFile?: string;
  /** Take the estate from a process that cannot be asked any more. */
  readonly takeOver?: boolean;
  /** How long a gate may wait before the run stops as held. Default 120. */
  readonly gateWaitSeconds?: number;
  /** What part of its own time a step is given: less than 1 where time runs faster than ours. Default 1. */
  readonly patience?: number;
  /** First Ctrl-C: finish the steps in hand, then stop. */
  readonly stop?: AbortSignal;
  /** Second Ctrl-C: stop at once. */
  readonly abort?: AbortSignal;
  /** Terminal, JSON lines, console, tests: all see the same entries. */
  readonly observers?: readonly JournalObserver[];
  readonly holder?: Holder;
  readonly now?: () => Date;
}

export type ApplyOutcome =
  | { readonly kind: "finished"; readonly worldChanged: boolean }
  | { readonly kind: "already-finished" }
  | Exclude<StageOutcome, { readonly kind: "done" }>;

const GATE_WAIT_SECONDS = 120;
const NEVER = new AbortController().signal;

/**
 * @throws FarrierError `plan.*`, `journal.*`, `backup.*`, `rancher.token-refused`, `lock.held`, `rotation.unwritable`,
 *   `api.*`; the signal's reason when `abort` was used
 */
export async function applyRotation(options: ApplyOptions): Promise<ApplyOutcome> {
  const { world, directory } = options;
  const now = options.now ?? (() => new Date());
  const rotation = await openRotation(directory, options.planFile);
  refuseOtherEstate(rotation, world);
  giveReaches(rotation, world);
  const endpoints = giveStoredEndpoints(rotation, world, options.identity ?? {});
  const holder = options.holder ?? thisProcess();
  if (isFinished(rotation)) {
    await finishLock(rotation, world, { holder, now });
    return { kind: "already-finished" };
  }
  await trustEpochs(rotation, world);
  await requireToken(world);
  // Who holds the estate is said before anything else: a stale plan is only interesting to who may apply it.
  const estate = isFresh(rotation) ? await observeFresh(rotation, world, now) : undefined;
  const vault = await Vault.open(directory, options.identity ?? {});
  // Nothing is begun by somebody who could not finish it.
  await vault.prove(sealedFiles(rotation));
  await leftRequests(directory);
  const { ledger, torn } = await Ledger.open(rotation.journalPath, {
    rotation: rotation.plan.rotation,
    now,
    observers: options.observers ?? [],
  });
  try {
    const { lock, how } = await EstateLock.acquire({
      api: world.management,
      namespace: rotation.plan.rancher.namespace,
      rotation: rotation.plan.rotation,
      planDigest: rotation.digest,
      holder,
      journal: ledger,
      takeOver: options.takeOver ?? false,
      now,
    });
    const { stop = NEVER, abort = NEVER, gateWaitSeconds = GATE_WAIT_SECONDS, patience = 1 } = options;
    const wishes = { stop, abort, gateWaitSeconds, patience };
    const parts = { directory, plan: rotation.plan, ledger, lock, world, vault, endpoints, now, ...wishes };
    return await hold(new Workshop(parts, estate), () => begin(rotation, ledger, { holder, how, torn }));
  } finally {
    await ledger.close();
  }
}

/** Works while the lock is held, and lets go of it in the way that fits the end. */
async function hold(workshop: Workshop, announce: () => Promise<void>): Promise<ApplyOutcome> {
  const { lock } = workshop.parts;
  lock.startHeartbeat();
  try {
    await announce();
    await workshop.sayReaches();
    const outcome = await runStages(workshop);
    await lock.release(outcome.kind === "finished" ? "finished" : "released");
    return outcome;
  } catch (error) {
    // The journal says how far it got; the lock stays with this process, which others can see to be gone.
    if (workshop.parts.abort.aborted) await lock.letGo();
    lock.abandon();
    throw error;
  }
}

async function runStages(workshop: Workshop): Promise<ApplyOutcome> {
  const { plan, ledger } = workshop.parts;
  for (const stage of plan.stages) {
    const outcome = await runStage(workshop, stage);
    if (outcome.kind !== "done") return outcome;
  }
  await endEndpoints(workshop.parts);
  const { digest, steps } = ledger.run;
  const worldChanged = Object.values(steps).some(({ phase, alreadyDone }) => phase === "done" && !alreadyDone);
  await ledger.append(ROTATION, { type: "plan-finished", data: { digest, worldChanged } });
  return { kind: "finished", worldChanged };
}

/** The first entries of this process. */
async function begin(
  rotation: Rotation,
  ledger: Ledger,
  { holder, how, torn }: { readonly holder: Holder; readonly how: Acquisition; readonly torn: boolean },
): Promise<void> {
  const who = describeHolder(holder);
  const { planFile: file, digest, plan, state } = rotation;
  if (state === undefined || state.current.file !== file || state.current.finished !== undefined) {
    const data = { file, digest, direction: plan.direction, holder: who };
    await ledger.append(ROTATION, { type: "plan-begun", data });
  } else {
    await ledger.append(ROTATION, {
      type: "continued",
      data: { holder: who, how: how === "taken-over" ? "taken-over" : "resumed" },
    });
  }
  if (torn) await ledger.append(ROTATION, { type: "noted", data: { text: "The last line was torn and was cut off." } });
}

/**
 * The process may have died between its last entry and its last word to the estate; then that is made good. Otherwise
 * nothing is written.
 */
async function finishLock(
  { plan, digest, journal }: Rotation,
  world: World,
  { holder, now }: { readonly holder: Holder; readonly now: () => Date },
): Promise<void> {
  const { namespace } = plan.rancher;
  const found = await readLock(world.management, namespace);
  if (found === undefined || found.rotation !== plan.rotation || found.state === "finished") return;
  const own = { api: world.management, namespace, rotation: plan.rotation, planDigest: digest, holder, journal, now };
  const { lock } = await EstateLock.acquire({ ...own, takeOver: false });
  await lock.release("finished");
}

function sealedFiles({ firstPlan, plan }: Rotation): Sealed[] {
  const { target, current } = firstPlan.serving;
  return [target.sealed, current.sealed, plan.endpoints?.sealed].filter((sealed) => sealed !== undefined);
}

/** The way to each cluster that is refreshed, where the settings of now name no other. */
function giveReaches({ plan }: Rotation, { reaches }: World): void {
  for (const { id, reach } of plan.refreshed ?? []) {
    // A kubeconfig may have moved since, and stands in the settings then; where it did not do, the plan says so.
    const [first] = reaches.given(id);
    const isPlanned = first !== undefined && (!("ssh" in reach) || first.reach === "ssh");
    if (!isPlanned) reaches.give(id, [ownWay(id, reach)]);
  }
}

function refuseOtherEstate({ plan }: Rotation, world: World): void {
  if (!belongsTo(plan, world.identity)) {
    throw new FarrierError(
      "plan.stale",
      `The plan was made for ${plan.estate.serverUrl}; this is another estate, ${world.identity.serverUrl}.`,
    );
  }
  const planned = plan.rancher.managementContainer?.container;
  const present = world.managementContainer?.container;
  if (planned === undefined || present === undefined || planned.id === present.id) return;
  const ids = [planned, present].map(({ id, name }) => `${name} (${id.slice(0, 12)})`);
  throw new FarrierError("plan.stale", `The plan was made through container ${ids[0]}; this is ${ids[1]}.`);
}

/** The plan is not in force yet: the first one before its beginning, or a rollback that is only stored. */
function isFresh({ state, planFile }: Rotation): boolean {
  return state === undefined || state.current.file !== planFile;
}

/** Nothing of this plan was applied yet: the estate must be as the plan found it. */
async function observeFresh(rotation: Rotation, world: World, now: () => Date): Promise<Estate> {
  const { plan } = rotation;
  const other = await readLock(world.management, plan.rancher.namespace);
  const estate = await observeEstate(world, { now, concurrency: 50, basisAlone: true, ...onlyRefreshed(plan) });
  if (other?.rotation === plan.rotation && (rotation.state === undefined || isWorking(other))) return estate;
  const differences = staleness(plan, estate);
  if (differences.length === 0) return estate;
  const said = describeDifferences(differences);
  throw new FarrierError("plan.stale", `The estate has changed since the plan was made. ${said}.`);
}

/** Somebody is at it now: whoever asks for the lock is told so. */
function isWorking({ state, holder }: LockRecord): boolean {
  return state === "running" && whereabouts(holder) !== "gone";
}

/** Connections to Rancher must survive every epoch that the estate is led through. */
async function trustEpochs({ plan, firstPlan }: Rotation, world: World): Promise<void> {
  const bundles = [...firstPlan.epochs, ...plan.epochs].map(anchorsOf);
  const mode = agentTlsModeOf(await readSetting(world.management, "agent-tls-mode"));
  world.rancher.setTrust({ bundles: [...new Set(bundles)], systemRoots: mode !== "strict" });
}
