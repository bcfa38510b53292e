/** Runs many cases, several at a time: an estate waits more than it computes. */
import { setTimeout as pause } from "node:timers/promises";
import { inspect } from "node:util";
import { behindNodeOf } from "./behind-nodes.ts";
import { flagDayOf } from "./flag-day.ts";
import { type Case, caseOf } from "./scenario.ts";
import { upgradeOf } from "./upgrades.ts";

/** Cases in one process at the same time. */
const AT_ONCE = 8;

/** How many cases there are, but for those few in which the real helm upgrades Rancher or a real `sshd` leads to a cluster. */
const RUNS = Number(process.env.FARRIER_PROPERTY_RUNS ?? 300);

/** What a file of tests runs: the cases that go forth by one procedure, those that go back, with a helm, or with an `sshd`. */
export type Kind = "overlap" | "overlap-waves" | "renew" | "replace" | "upgrade" | "ssh" | "back";

/** Where the cases of a kind are taken from, and what share that is of all. */
const SOURCES = {
  overlap: { share: 0.6, draw: (seed: number) => caseOf(seed, "forth") },
  "overlap-waves": { share: 0.6, draw: (seed: number) => caseOf(seed, "forth") },
  renew: { share: 0.6, draw: (seed: number) => caseOf(seed, "forth") },
  replace: { share: 0.15, draw: flagDayOf },
  upgrade: { share: 0.05, draw: upgradeOf },
  ssh: { share: 0.05, draw: behindNodeOf },
  back: { share: 0.25, draw: (seed: number) => caseOf(seed, "back") },
} as const;

/** Wall seconds after which a case has no end, however busy the machine is. */
export const ENDLESS_SECONDS = 400;

/** The cases that are to be run, those that wait longest first: the one of `FARRIER_PROPERTY_SEED`, or all. */
export function casesOf(kind: Kind): Case[] {
  const { share, draw } = SOURCES[kind];
  const only = process.env.FARRIER_PROPERTY_SEED;
  const all = Array.from({ length: Math.ceil(RUNS * share) }, (_, index) => index + 1);
  const cases = (only === undefined ? all : [Number(only)]).map(draw);
  return cases
    .filter((one) => belongs(kind, one))
    .toSorted((one, other) => Number(outlastsAStep(other)) - Number(outlastsAStep(one)));
}

/** One drawing is shared out: renewals, changes of the CA of a single cluster, and of several, which make waves. */
function belongs(kind: Kind, { procedure, estate: { clusters } }: Case): boolean {
  if (kind === "renew") return procedure === "renew";
  if (kind !== "overlap" && kind !== "overlap-waves") return true;
  const isSingle = Array.isArray(clusters) && clusters.length === 1;
  return procedure === "overlap" && isSingle === (kind === "overlap");
}

/** Whether a step waits in vain for a pod to become Ready, for as long as it may. */
function outlastsAStep({ obstacle }: Case): boolean {
  return obstacle?.fault.kind === "image-missing" || obstacle?.fault.kind === "node-full";
}

/**
 * Runs every case to its end.
 * @returns one text for each case that failed: how to run it again, what it is, and what went wrong
 */
export async function failuresOf(kind: Kind, run: (one: Case) => Promise<void>): Promise<string[]> {
  const cases = casesOf(kind);
  const failures: string[] = [];
  const worker = async (): Promise<void> => {
    for (let one = cases.shift(); one !== undefined; one = cases.shift()) {
      try {
        await withinTime(run(one));
      } catch (error) {
        const again = `FARRIER_PROPERTY_SEED=${one.seed} npx vitest run test/properties/estates-${kind}.`;
        failures.push(`${again}\n${inspect(one, { depth: 9, breakLength: 120 })}\n${describe(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return failures;
}

/** @throws Error when it takes too long; it goes on meanwhile, and nothing is lost by that */
async function withinTime(run: Promise<void>): Promise<void> {
  const limit = new AbortController();
  const endless = pause(ENDLESS_SECONDS * 1000, undefined, { signal: limit.signal }).then(() => {
    throw new Error(`it was not over after ${ENDLESS_SECONDS} s`);
  });
  try {
    await Promise.race([run, endless]);
  } finally {
    limit.abort();
    endless.catch(() => {});
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
