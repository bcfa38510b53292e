/** `farrier rescue-kit`: a folder for somebody on site, for a cluster that cannot be reached from here. */
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { EXIT, type ExitCode, FarrierError } from "../errors.ts";
import type { World } from "../observe/world.ts";
import type { Plan } from "../plan/plan.ts";
import type { RescueFacts } from "../plan/rescue/script.ts";
import { findCluster } from "./cluster-name.ts";
import { withWorld } from "./estate-access.ts";
import { parseOutputFormat, printResult } from "./output.ts";

/** Changes nothing in the estate. */
export async function runRescueKit(
  words: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const format = parseOutputFormat(String(options.output));
  const plan = options.rotation === undefined ? undefined : await planOf(String(options.rotation));
  const facts = await withWorld(options, (world) => factsFor(world, words[0] ?? "", plan));
  const directory = resolve(options.out === undefined ? `rescue-${facts.cluster.id}` : String(options.out));
  const { rescueScript } = await import("../plan/rescue/script.ts");
  const { rescueInstructions } = await import("../plan/rescue/instructions.ts");
  writeKit(directory, { "rescue.sh": rescueScript(facts), "README.md": rescueInstructions(facts) });
  const { id, name } = facts.cluster;
  await printResult(
    format,
    { type: "rescue-kit", cluster: { id, name }, directory, pins: facts.pins },
    () =>
      `Written to ${directory}. Have it run on site: sh rescue.sh (see its README.md). Then go on with farrier apply.\n`,
  );
  return EXIT.done;
}

async function planOf(directory: string): Promise<Plan> {
  const { openRotation } = await import("../execute/rotation.ts");
  return (await openRotation(resolve(directory))).plan;
}

/** @throws FarrierError `input.cluster-unknown`, `plan.stale`, `rancher.not-found` */
async function factsFor(world: World, said: string, plan: Plan | undefined): Promise<RescueFacts> {
  const { listManagementClusters } = await import("../rancher/management-cluster.ts");
  const { id, name, local } = findCluster(said, await listManagementClusters(world.management));
  if (local) {
    throw new FarrierError("input.invalid", `Cluster ${said} is the management cluster: no agent runs in it.`);
  }
  const served = await servedPin(world);
  const pins = plan === undefined ? [served] : await pinsOf(plan, world, served);
  if (!pins.includes(served)) {
    throw new FarrierError("plan.stale", "Rancher serves a bundle that is not one of the rotation's.");
  }
  const uid = plan?.clusters.find((cluster) => cluster.id === id)?.kubeSystemUid ?? (await uidOf(world, id));
  return {
    cluster: { id, name },
    serverUrl: world.identity.serverUrl,
    ...(uid === undefined ? {} : { kubeSystemUid: uid }),
    pins,
    minReadySeconds: plan?.armingMinReadySeconds ?? 0,
  };
}

/** Empty where Rancher serves no bundle. */
async function servedPin({ rancher }: World): Promise<string> {
  const { pinOf } = await import("../pki/pin.ts");
  return pinOf((await rancher.cacerts()).value);
}

/**
 * In the plan's order. An agent is let go of its pin only once the public certificate is presented everywhere: before, it
 * would refuse the private one.
 */
async function pinsOf({ epochs, serving }: Plan, { rancher }: World, served: string): Promise<string[]> {
  const pins = epochs.map(({ pin }) => pin);
  if (pins.at(-1) !== "" || served === "") return pins;
  const { leafFingerprint } = await import("../plan/chain.ts");
  const leaf = leafFingerprint(serving.target.chain);
  const presented = await rancher.presented();
  return presented.every(({ fingerprints }) => fingerprints[0] === leaf) ? pins : pins.slice(0, -1);
}

/** Where the cluster answers over some way after all, the kit can tell it from any other. */
async function uidOf(world: World, id: string): Promise<string | undefined> {
  const { namespaces } = await import("../kubernetes/resource.ts");
  try {
    return (await world.downstream(id, { timeoutMs: ANSWER_MS }).get(namespaces, "kube-system"))?.metadata.uid;
  } catch (error) {
    if (error instanceof FarrierError) return undefined;
    throw error;
  }
}

const ANSWER_MS = 5_000;

function writeKit(directory: string, files: Readonly<Record<string, string>>): void {
  try {
    if (existsSync(directory)) refuseOccupied(directory);
    mkdirSync(directory, { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(directory, name), text, { flag: "wx", mode: name.endsWith(".sh") ? 0o755 : 0o644 });
    }
  } catch (cause) {
    if (cause instanceof FarrierError) throw cause;
    throw new FarrierError("input.file-unwritable", `${directory} cannot be written.`, { cause });
  }
}

/** @throws FarrierError `input.file-exists` */
function refuseOccupied(directory: string): void {
  const file = !statSync(directory).isDirectory();
  if (!file && readdirSync(directory).length === 0) return;
  throw new FarrierError("input.file-exists", `${directory} is ${file ? "a file" : "not empty"}.`, {
    hint: "Name another directory with --out.",
  });
}
