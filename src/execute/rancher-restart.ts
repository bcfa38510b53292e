/** A Rancher in a single container, restarted through the container engine: once, whoever is killed meanwhile. */
import { namespaces } from "../kubernetes/resource.ts";
import type { RancherContainerPlace } from "../plan/estate-backup.ts";
import { BUNDLE_FILE, type RancherContainer } from "../rancher/single-container.ts";
import { whileStopped } from "./container-data.ts";
import { type EngineChoice, withRancherContainer } from "./rancher-container.ts";
import { retrying } from "./retry.ts";
import type { Obstruction, StepContext } from "./step-action.ts";

/** The container, as it is now. @throws FarrierError `engine.*`, `ssh.*`, `lock.held` */
export async function lookAtContainer(place: RancherContainerPlace): Promise<RancherContainer> {
  return await atContainer(place, async ({ container }) => container);
}

/**
 * What its file of a private CA's bundle holds now, which its next start would serve; undefined where it has none, and
 * Rancher serves the CA that it has made for itself.
 */
export async function bundleAtNextStart(place: RancherContainerPlace): Promise<string | undefined> {
  return await atContainer(place, async ({ engine, container }) =>
    (await engine.readFile(container.id, BUNDLE_FILE))?.toString("utf8"),
  );
}

/** What stands against a restart of it. */
export function restartObstacle(
  { container: planned }: RancherContainerPlace,
  { name, version, running, vanishes }: RancherContainer,
): Obstruction | undefined {
  if (version !== planned.version) {
    const why = `container ${name} runs ${version} now, and the plan was made for ${planned.version}`;
    return { why, hint: "Plan anew." };
  }
  if (vanishes) {
    const why = `container ${name} was started with --rm, and would be gone when it stops`;
    return { why, hint: "Start Rancher without --rm on the same data first." };
  }
  if (running) return undefined;
  return {
    why: `container ${name} does not run`,
    hint: `Is it still the one that Rancher runs in? docker start ${name}.`,
  };
}

/**
 * Stops it and starts it again, unless somebody has since `startedAt`; a process that is killed in between leaves word in
 * the engine, and whoever opens the container next starts it. Waits until the management cluster, which is in it, and
 * Rancher answer again.
 */
export async function restartContainer(
  context: StepContext,
  place: RancherContainerPlace,
  startedAt: string,
): Promise<void> {
  await atContainer(place, async (choice) => {
    if (choice.container.startedAt !== startedAt) return;
    await context.requireLock();
    const { notStarted } = await whileStopped(choice, "restart", async () => {});
    if (notStarted !== undefined) throw notStarted;
  });
  await awaitAnswers(context);
}

/** The management cluster is in that container. */
export async function awaitAnswers({ management, world, signal, remainingMs }: StepContext): Promise<void> {
  const answers = async (): Promise<void> => {
    await management.get(namespaces, "kube-system");
    await world.rancher.cacerts(signal);
  };
  await retrying(answers, { deadlineMs: remainingMs(), signal });
}

async function atContainer<T>(
  { engine, container }: RancherContainerPlace,
  use: (choice: EngineChoice) => Promise<T>,
): Promise<T> {
  return await withRancherContainer({ address: engine, container: container.id }, use);
}
