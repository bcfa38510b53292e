/** `farrier apply`: shows what it would do, asks, and carries the plan out or goes on with it. */
import { resolve } from "node:path";
import { EXIT, type ExitCode } from "../errors.ts";
import type { Plan } from "../plan/plan.ts";
import { confirm } from "./confirm.ts";
import { sayStartedAgain } from "./container-engine.ts";
import { withWorld } from "./estate-access.ts";

/** K3s and Rancher in one container take minutes to start. */
const RANCHER_STARTS_MS = 10 * 60_000;

/** Asks before anything is changed, unless it was asked before or `--yes` was given. */
export async function runApply(
  words: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const directory = resolve(words[0] ?? "");
  const { openRotation } = await import("../execute/rotation.ts");
  const { plan, state } = await openRotation(directory);
  if (state === undefined && !(await agreed(plan, options))) return EXIT.held;
  const copying = state?.current.steps["rotation/copy-container"]?.phase;
  if (copying !== undefined && copying !== "done") await startContainerAgain(plan, options);
  return await withWorld(options, async (world, settings) => {
    const { runApplying } = await import("./apply-run.ts");
    return await runApplying({ directory, world, settings, options });
  });
}

/** Where the process before was killed while Rancher's container stood still, there is no estate to open. */
async function startContainerAgain({ estateBackup }: Plan, options: Readonly<Record<string, unknown>>): Promise<void> {
  if (estateBackup?.kind !== "container") return;
  const { withRancherContainer } = await import("../execute/rancher-container.ts");
  const { retrying } = await import("../execute/retry.ts");
  const { engine: address, container } = estateBackup;
  let isStarted = false;
  const onStartedAgain = (name: string): void => {
    isStarted = true;
    sayStartedAgain(name);
  };
  await withRancherContainer({ address, container: container.id, onStartedAgain }, async () => {});
  const opened = (): Promise<void> => withWorld(options, async () => {});
  if (isStarted) await retrying(opened, { deadlineMs: RANCHER_STARTS_MS });
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
