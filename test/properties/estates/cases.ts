/** Runs many cases, several at a time: an estate waits more than it computes. */
import { inspect } from "node:util";
import { type Case, caseOf } from "./scenario.ts";

/** Cases in one process at the same time. */
const AT_ONCE = 8;

/** How many cases each way has: two thirds of them go forth, one third back. `FARRIER_PROPERTY_RUNS` counts both. */
const RUNS = Number(process.env.FARRIER_PROPERTY_RUNS ?? 300);
const SHARE = { forth: 2 / 3, back: 1 / 3 } as const;

/** The seeds that are to be run: the one of `FARRIER_PROPERTY_SEED`, or all. */
export function seedsOf(way: "forth" | "back"): number[] {
  const only = process.env.FARRIER_PROPERTY_SEED;
  if (only !== undefined) return [Number(only)];
  return Array.from({ length: Math.ceil(RUNS * SHARE[way]) }, (_, index) => index + 1);
}

/**
 * Runs every case to its end.
 * @returns one text for each case that failed: how to run it again, what it is, and what went wrong
 */
export async function failuresOf(way: "forth" | "back", run: (one: Case) => Promise<void>): Promise<string[]> {
  const seeds = seedsOf(way);
  const failures: string[] = [];
  const worker = async (): Promise<void> => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
      const one = caseOf(seed, way);
      try {
        await run(one);
      } catch (error) {
        const again = `FARRIER_PROPERTY_SEED=${seed} npx vitest run test/properties/estates-${way}.test.ts`;
        failures.push(`${again}\n${inspect(one, { depth: 9, breakLength: 120 })}\n${describe(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return failures;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
