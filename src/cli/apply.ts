/** `farrier apply`: shows what it would do, asks, and carries the plan out or goes on with it. */
import { resolve } from "node:path";
import { EXIT, type ExitCode } from "../errors.ts";
import type { Plan } from "../plan/plan.ts";
import { confirm } from "./confirm.ts";
import { withWorld } from "./estate-access.ts";

/** Asks before anything is changed, unless it was asked before or `--yes` was given. */
export async function runApply(
  words: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const directory = resolve(words[0] ?? "");
  const { openRotation } = await import("../execute/rotation.ts");
  const { plan, state } = await openRotation(directory);
  if (state === undefined && !(await agreed(plan, options))) return EXIT.held;
  return await withWorld(options, async (world, settings) => {
    const { runApplying } = await import("./apply-run.ts");
    return await runApplying({ directory, world, settings, options });
  });
}

/** Shows a plan on the terminal and asks whether to carry it out. */
export async function agreed(plan: Plan, options: Readonly<Record<string, unknown>>): Promise<boolean> {
  if (options.yes !== true && process.stdin.isTTY) {
    const { renderPlan } = await import("./render/plan.ts");
    process.stderr.write(`${renderPlan(plan)}\n`);
  }
  const { workOf } = await import("./render/work.ts");
  if (await confirm(`Carry out this ${workOf(plan)}?`, options)) return true;
  process.stderr.write("Nothing was changed.\n");
  return false;
}
