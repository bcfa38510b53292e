/** `farrier refresh`: looks at both sides of clusters, plans, asks, and carries it out. */

import { resolve } from "node:path";
import { commandWord } from "../errors/command-word.ts";
import { EXIT, type ExitCode, FarrierError } from "../errors.ts";
import type { ClusterLook, NamedCluster } from "../execute/prepare-refresh.ts";
import type { OwnWay } from "../observe/own-way.ts";
import type { World } from "../observe/world.ts";
import type { BackupDecision } from "../plan/estate-backup.ts";
import type { Plan } from "../plan/plan.ts";
import type { ManagementCluster } from "../rancher/management-cluster.ts";
import { exitCodeOf } from "./check.ts";
import { findCluster } from "./cluster-name.ts";
import { refuseWithoutPerson } from "./confirm.ts";
import { withWorld } from "./estate-access.ts";
import { parseOutputFormat, printResult } from "./output.ts";
import type { RestartDecision } from "./refresh-container.ts";
import { defined, type Settings } from "./settings.ts";

type Options = Readonly<Record<string, unknown>>;

/** Exit 0 where nothing is stale, and nothing is written then; 3, and no directory, when something stands against it. */
export async function runRefresh(words: readonly string[], options: Options): Promise<ExitCode> {
  return await withWorld(
    options,
    (world, settings) => refresh(words, { world, settings, options }),
    // Nothing is changed of how Rancher is installed.
    { mayBeContainer: true },
  );
}

interface Run {
  readonly world: World;
  readonly settings: Settings;
  readonly options: Options;
}

async function refresh(words: readonly string[], run: Run): Promise<ExitCode> {
  const { world, options } = run;
  const format = parseOutputFormat(String(options.output));
  const { requireToken } = await import("../observe/world.ts");
  await requireToken(world);
  const { lookAtClusters } = await import("../execute/prepare-refresh.ts");
  const looks = await lookAtClusters(world, await namedClusters(words, run));
  const { renderLooks } = await import("./render/refresh.ts");
  const code = exitCodeOf(looks.flatMap((look) => look.findings));
  if (code !== EXIT.done || looks.every((look) => look.stale === undefined)) {
    const outcome = code === EXIT.done ? "nothing-stale" : "refused";
    const result = { type: "result", outcome: { kind: outcome }, clusters: shown(looks) };
    await printResult(format, result, () => renderLooks(looks));
    return code;
  }
  if (options.plan !== true) refuseWithoutPerson(options);
  // Whoever is asked, or asks for the plan, is shown the same with it.
  const isToldHere = format === "table" && options.yes === true && options.plan !== true;
  if (isToldHere) process.stderr.write(renderLooks(looks));
  const beside = await lookBeside(run);
  const { renderFindings } = await import("./render/findings.ts");
  const refused = exitCodeOf(beside.findings);
  if (refused !== EXIT.done) {
    const result = { type: "result", outcome: { kind: "refused" }, findings: beside.findings };
    await printResult(format, result, () => renderFindings(beside.findings));
    return refused;
  }
  if (isToldHere && beside.findings.length > 0) process.stderr.write(renderFindings(beside.findings));
  const plan = await makePlan(run, looks, beside);
  return options.plan === true ? await showPlan(plan, options) : await carryOut(plan, run);
}

/** What a refresh needs beside its clusters. */
interface Beside extends Pick<BackupDecision, "backup">, RestartDecision {}

async function lookBeside({ world, settings, options }: Run): Promise<Beside> {
  const { decideEstateBackup } = await import("./estate-backup-wish.ts");
  const decision = await decideEstateBackup(world, settings, { without: options.withoutEstateBackup === true });
  const { decideRestart } = await import("./refresh-container.ts");
  const restart = await decideRestart(world, { settings, options });
  return { ...decision, ...restart, findings: [...decision.findings, ...restart.findings] };
}

const directoryOf = (options: Options): string => resolve(String(options.out));

function shown(looks: readonly ClusterLook[]): object[] {
  return looks.map(({ stale: _, ...look }) => look);
}

async function makePlan(
  { world, settings, options }: Run,
  looks: readonly ClusterLook[],
  beside: Beside,
): Promise<Plan> {
  const { prepareRefresh } = await import("../execute/prepare-refresh.ts");
  const { waves } = settings;
  const { plan, owner } = await prepareRefresh({
    directory: directoryOf(options),
    world,
    clusters: looks.flatMap(({ stale }) => (stale === undefined ? [] : [stale])),
    findings: [...looks.flatMap(({ findings }) => findings), ...beside.findings],
    ...(beside.inContainer === undefined ? {} : { inContainer: beside.inContainer }),
    options: {
      ...(beside.backup === undefined ? {} : { estateBackup: beside.backup }),
      canary: (waves?.canary ?? []).flatMap((name) =>
        looks.filter(({ id, name: own }) => [id, own].includes(name)).map(({ id }) => id),
      ),
      ...(waves?.size === undefined ? {} : { waveSize: waves.size }),
      ...(waves?.concurrency === undefined ? {} : { concurrency: waves.concurrency }),
      ...(waves?.failureBudget === undefined ? {} : { failureBudget: waves.failureBudget }),
      ...(waves?.soakSeconds === undefined ? {} : { soakSeconds: waves.soakSeconds }),
    },
    identity: settings.identityFile === undefined ? {} : { identityFile: settings.identityFile },
    ...(settings.recipients === undefined ? {} : { recipients: settings.recipients }),
    now: new Date(),
  });
  if (owner?.created === true) {
    process.stderr.write(`Made an age identity, which opens this refresh's backups: keep ${owner.path}.\n`);
  }
  return plan;
}

async function showPlan(plan: Plan, options: Options): Promise<ExitCode> {
  const { renderPlan } = await import("./render/plan.ts");
  const { serialisePlan } = await import("../plan/plan-file.ts");
  const format = parseOutputFormat(String(options.output));
  await printResult(format, JSON.parse(serialisePlan(plan)), () => renderPlan(plan));
  process.stderr.write(`\nCarry it out with: farrier apply ${commandWord(String(options.out))}\n`);
  return EXIT.done;
}

async function carryOut(plan: Plan, run: Run): Promise<ExitCode> {
  const { agreed } = await import("./apply.ts");
  if (!(await agreed(plan, run.options))) {
    process.stderr.write(`The plan is kept: farrier apply ${commandWord(String(run.options.out))}\n`);
    return EXIT.held;
  }
  const { runApplying } = await import("./apply-run.ts");
  return await runApplying({ ...run, directory: directoryOf(run.options) });
}

/** @throws FarrierError `input.*`, `kubeconfig.*` */
async function namedClusters(words: readonly string[], { world, options, settings }: Run): Promise<NamedCluster[]> {
  const { listManagementClusters } = await import("../rancher/management-cluster.ts");
  const known = await listManagementClusters(world.management);
  const chosen = [...new Set(words.map((word) => findCluster(word, known)))];
  const local = chosen.find((cluster) => cluster.local);
  if (local !== undefined) {
    throw new FarrierError("input.invalid", `Cluster ${local.name} is Rancher's own: no agent reports for it.`);
  }
  return await withKubeconfigs(chosen, { options, settings, known });
}

interface Ways {
  readonly options: Options;
  readonly settings: Settings;
  readonly known: readonly ManagementCluster[];
}

/** The kubeconfig of the flag, or the ways that the settings name for the cluster. */
async function withKubeconfigs(clusters: readonly ManagementCluster[], ways: Ways): Promise<NamedCluster[]> {
  const { clusterKubeconfig: file, clusterContext: wanted } = ways.options;
  if (typeof wanted === "string" && clusters.length > 1) {
    throw new FarrierError("input.usage", "--cluster-context names one context, and several clusters are named.", {
      hint: "Name the contexts in the kubeconfig like the clusters, or refresh one after the other.",
    });
  }
  return await Promise.all(
    clusters.map(async (cluster) => {
      const set = settingOf(cluster, ways);
      if (typeof file !== "string") return fromSettings(cluster, set);
      const kubeconfig = resolve(file);
      const context = typeof wanted === "string" ? wanted : await contextIn(kubeconfig, cluster, clusters.length === 1);
      return { id: cluster.id, name: cluster.name, ways: [{ kubeconfig, context }] };
    }),
  );
}

type ClusterSetting = NonNullable<Settings["clusters"]>[string];

function settingOf({ id }: ManagementCluster, { settings, known }: Ways): ClusterSetting | undefined {
  return Object.entries(settings.clusters ?? {}).find(([name]) => findCluster(name, known).id === id)?.[1];
}

/** The kubeconfig before the node: it needs nothing in between. */
async function fromSettings({ id, name }: ManagementCluster, set: ClusterSetting | undefined): Promise<NamedCluster> {
  const ways: OwnWay[] = [];
  if (set?.kubeconfig !== undefined) {
    const { readKubeconfig } = await import("../kubernetes/kubeconfig-file.ts");
    // As for every other command, and so for the one that goes on with this refresh.
    const context = set.context ?? (await readKubeconfig(set.kubeconfig)).currentContext;
    ways.push({ kubeconfig: set.kubeconfig, context });
  }
  if (set?.ssh !== undefined) {
    const { kubeconfig: onNode, host, ...node } = set.ssh;
    ways.push({ ssh: { host, ...defined(node) }, ...defined({ onNode }) });
  }
  const [first, ...others] = ways;
  if (first !== undefined) return { id, name, ways: [first, ...others] };
  throw new FarrierError("input.usage", `No kubeconfig of cluster ${name} was named.`, {
    hint: "Name one with --cluster-kubeconfig or in farrier.yaml: of its own API server, made after its keys changed. Or name a control-plane node there: clusters.NAME.ssh.",
  });
}

/** The context that is called like the cluster; else the current one, where no other cluster could be meant by it. */
async function contextIn(kubeconfig: string, { id, name }: ManagementCluster, only: boolean): Promise<string> {
  const { readKubeconfig } = await import("../kubernetes/kubeconfig-file.ts");
  const { contexts, currentContext } = await readKubeconfig(kubeconfig);
  return [name, id].find((context) => contexts.has(context)) ?? (only ? currentContext : name);
}
