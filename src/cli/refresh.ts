/** `farrier refresh`: looks at both sides of clusters, plans, asks, and carries it out. */
import { resolve } from "node:path";
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
import { defined, type Settings } from "./settings.ts";

type Options = Readonly<Record<string, unknown>>;

/** Exit 0 where nothing is stale, and nothing is written then; 3, and no directory, when something stands against it. */
export async function runRefresh(words: readonly string[], options: Options): Promise<ExitCode> {
  const format = parseOutputFormat(String(options.output));
  return await withWorld(options, async (world, settings) => {
    const { requireToken } = await import("../observe/world.ts");
    await requireToken(world);
    const { lookAtClusters } = await import("../execute/prepare-refresh.ts");
    const looks = await lookAtClusters(world, await namedClusters(world, words, { options, settings }));
    const { renderLooks } = await import("./render/refresh.ts");
    const findings = looks.flatMap((look) => look.findings);
    const code = exitCodeOf(findings);
    const stale = looks.filter((look) => look.stale !== undefined);
    if (code !== EXIT.done || stale.length === 0) {
      const outcome = code === EXIT.done ? "nothing-stale" : "refused";
      await printResult(format, { type: "result", outcome: { kind: outcome }, clusters: shown(looks) }, () =>
        renderLooks(looks),
      );
      return code;
    }
    if (options.plan !== true) refuseWithoutPerson(options);
    // Whoever is asked, or asks for the plan, is shown the same with it.
    if (format === "table" && options.yes === true && options.plan !== true) process.stderr.write(renderLooks(looks));
    const directory = resolve(String(options.out));
    const { decideEstateBackup } = await import("./estate-backup-wish.ts");
    const decision = await decideEstateBackup(world, settings, { without: options.withoutEstateBackup === true });
    if (exitCodeOf(decision.findings) !== EXIT.done) {
      const { renderFindings } = await import("./render/findings.ts");
      const result = { type: "result", outcome: { kind: "refused" }, findings: decision.findings };
      await printResult(format, result, () => renderFindings(decision.findings));
      return exitCodeOf(decision.findings);
    }
    const plan = await makePlan(world, settings, { looks, directory, decision });
    return options.plan === true
      ? await showPlan(plan, options)
      : await carryOut(plan, { directory, world, settings, options });
  });
}

function shown(looks: readonly ClusterLook[]): object[] {
  return looks.map(({ stale: _, ...look }) => look);
}

interface Looked {
  readonly looks: readonly ClusterLook[];
  readonly directory: string;
  readonly decision: BackupDecision;
}

async function makePlan(world: World, settings: Settings, { looks, directory, decision }: Looked): Promise<Plan> {
  const { prepareRefresh } = await import("../execute/prepare-refresh.ts");
  const { waves } = settings;
  const { plan, owner } = await prepareRefresh({
    directory,
    world,
    clusters: looks.flatMap(({ stale }) => (stale === undefined ? [] : [stale])),
    findings: [...looks.flatMap(({ findings }) => findings), ...decision.findings],
    options: {
      ...(decision.backup === undefined ? {} : { estateBackup: decision.backup }),
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
  process.stderr.write(`\nCarry it out with: farrier apply ${String(options.out)}\n`);
  return EXIT.done;
}

async function carryOut(
  plan: Plan,
  run: { readonly directory: string; readonly world: World; readonly settings: Settings; readonly options: Options },
): Promise<ExitCode> {
  const { agreed } = await import("./apply.ts");
  if (!(await agreed(plan, run.options))) {
    process.stderr.write(`The plan is kept: farrier apply ${String(run.options.out)}\n`);
    return EXIT.held;
  }
  const { runApplying } = await import("./apply-run.ts");
  return await runApplying(run);
}

/** @throws FarrierError `input.*`, `kubeconfig.*` */
async function namedClusters(
  world: World,
  words: readonly string[],
  given: Pick<Ways, "options" | "settings">,
): Promise<NamedCluster[]> {
  const { listManagementClusters } = await import("../rancher/management-cluster.ts");
  const known = await listManagementClusters(world.management);
  const chosen = [...new Set(words.map((word) => findCluster(word, known)))];
  const local = chosen.find((cluster) => cluster.local);
  if (local !== undefined) {
    throw new FarrierError("input.invalid", `Cluster ${local.name} is Rancher's own: no agent reports for it.`);
  }
  return await withKubeconfigs(chosen, { ...given, known });
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
