/** `farrier apply`: shows what it would do, asks, and carries the plan out or goes on with it. */
import { resolve } from "node:path";
import { EXIT, type ExitCode } from "../errors.ts";
import type { PlanRun } from "../journal/fold.ts";
import type { RancherContainerPlace } from "../plan/estate-backup.ts";
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
  const needs = { mayBeContainer: plan.procedure === "refresh" };
  const place = state === undefined ? undefined : stoppedContainer(plan, state.current);
  if (place !== undefined) await startContainerAgain(place, { options, needs });
  return await withWorld(
    options,
    async (world, settings) => {
      const { runApplying } = await import("./apply-run.ts");
      return await runApplying({ directory, world, settings, options });
    },
    needs,
  );
}

/** The container that a step which was begun and not ended may have left stopped. */
function stoppedContainer({ estateBackup, rancher }: Plan, { steps }: PlanRun): RancherContainerPlace | undefined {
  const isOpen = (id: string): boolean => steps[id] !== undefined && steps[id].phase !== "done";
  if (estateBackup?.kind === "container" && isOpen("rotation/copy-container")) return estateBackup;
  return Object.keys(steps).some((id) => id.endsWith("/renew-rancher") && isOpen(id)) ? rancher.inContainer : undefined;
}

/** Where the process before was killed while Rancher's container stood still, there is no estate to open. */
async function startContainerAgain(
  { engine: address, container }: RancherContainerPlace,
  {
    options,
    needs,
  }: { readonly options: Readonly<Record<string, unknown>>; readonly needs: { mayBeContainer: boolean } },
): Promise<void> {
  const { withRancherContainer } = await import("../execute/rancher-container.ts");
  const { retrying } = await import("../execute/retry.ts");
  let isStarted = false;
  const onStartedAgain = (name: string): void => {
    isStarted = true;
    sayStartedAgain(name);
  };
  await withRancherContainer({ address, container: container.id, onStartedAgain }, async () => {});
  const opened = (): Promise<void> => withWorld(options, async () => {}, needs);
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
