/** Clusters whose own CA or service-account key has changed → a plan. Pure: the same inputs give the same bytes. */
import type { ClusterAccess } from "../../estate/cluster-access.ts";
import type { Estate } from "../../estate/estate.ts";
import type { Finding } from "../../findings.ts";
import { factsOf, leafFingerprint } from "../chain.ts";
import { namedBackup, type RancherContainerPlace } from "../estate-backup.ts";
import { estateBackupSteps } from "../estate-backup-steps.ts";
import { estimate } from "../estimate.ts";
import { DEFAULT_OPTIONS, type PlanOptions } from "../options.ts";
import type { Epoch, Plan, PlannedCluster, RefreshedCluster, Stage, Step, Wave } from "../plan.ts";
import { presentBundle } from "../present-bundle.ts";
import { dropAgentTokens } from "../steps/drop-agent-tokens.ts";
import { dropPersonTokens } from "../steps/drop-person-tokens.ts";
import { holdAccess } from "../steps/hold-access.ts";
import { pinAgent } from "../steps/pin-agent.ts";
import { proveAccess } from "../steps/prove-access.ts";
import { proveDecryption } from "../steps/prove-decryption.ts";
import { recreateAgentPods } from "../steps/recreate-agent-pods.ts";
import { renewRancher } from "../steps/renew-rancher.ts";
import { saveRefreshed } from "../steps/save-objects.ts";
import { strictWave } from "../waves.ts";
import type { Comparison } from "./comparison.ts";
import type { AccessVerdict } from "./judge-access.ts";
import { agentMakesToken, keepsCopies } from "./version-facts.ts";

/** One cluster that is to be refreshed: something about it is stale, and nothing stands against it. */
export interface StaleCluster {
  readonly access: ClusterAccess;
  readonly verdict: AccessVerdict;
  readonly reach: RefreshedCluster["reach"];
}

export interface RefreshInput {
  readonly estate: Estate;
  readonly rotation: string;
  readonly now: Date;
  /** At least one. */
  readonly clusters: readonly StaleCluster[];
  readonly findings: readonly Finding[];
  readonly options?: Partial<PlanOptions>;
  /** The container to restart, where Rancher runs in one and a person has named it. */
  readonly inContainer?: RancherContainerPlace;
  /** The container that the management cluster is in and was reached through. */
  readonly managementContainer?: RancherContainerPlace;
}

/** Every cluster goes through the whole chain before the next group begins: the first one is the canary. */
export function assembleRefresh(input: RefreshInput): Plan {
  const { estate, rotation, now, findings, inContainer, managementContainer } = input;
  const options = { ...DEFAULT_OPTIONS, ...input.options };
  const clusters = input.clusters.toSorted((a, b) => (a.access.id < b.access.id ? -1 : 1));
  const refreshed = clusters.map(refreshedCluster);
  const { bundle, pin } = presentBundle(estate);
  const { chain } = estate.serving;
  const serving = { chain, certificates: factsOf(chain) };
  const epoch: Epoch = { name: "current", bundle, pin, certificates: factsOf(bundle) };
  const { namespace, deployment, version } = estate.installation;
  const head = {
    estate: { ...estate.identity, rancherVersion: version },
    rancher: {
      namespace,
      deployment,
      servingSecret: estate.serving.secret?.name ?? "tls-rancher-ingress",
      trustSecret: estate.trust.secret?.name ?? "tls-ca",
      ...(inContainer === undefined ? {} : { inContainer }),
      ...(managementContainer === undefined ? {} : { managementContainer }),
    },
  };
  const wanted = options.estateBackup;
  const backup = wanted === undefined ? undefined : namedBackup(wanted, rotation);
  const stages = [backupStage(refreshed, backup), refreshStage({ ...head, epoch }, refreshed, options)];
  return {
    format: "farrier.plan/v1",
    rotation,
    direction: "forward",
    plannedAt: now.toISOString(),
    ...head,
    ...(backup === undefined ? {} : { estateBackup: backup }),
    procedure: "refresh",
    why: clusters.map(reasonOf),
    epochs: [epoch],
    serving: { current: serving, target: serving },
    clusters: clusters.map(plannedCluster),
    refreshed,
    stages,
    findings: findings.map(({ code, severity, target, sentence, hint }) => ({
      code,
      severity,
      target,
      sentence,
      hint,
    })),
    armingMinReadySeconds: options.armingMinReadySeconds,
    estimate: estimate(stages, clusters.length, 0),
    alerts: [
      "The pods of each agent are recreated: its cluster is disconnected from Rancher for some seconds.",
      ...(keepsCopies(version) ? [restartAlert(inContainer)] : []),
    ],
    pointsOfNoReturn: [
      "Removed tokens cannot come back; they were refused by their cluster, or named another CA than its own.",
    ],
    basis: {
      servedPin: pin,
      servingFingerprint: leafFingerprint(chain),
      rancherVersion: version,
      clusters: refreshed.map(({ id }) => ({ id, pin: "", method: "none" })),
    },
  };
}

function restartAlert(inContainer: RancherContainerPlace | undefined): string {
  return inContainer === undefined
    ? "Rancher is restarted pod by pod: every cluster's tunnel drops, and comes back."
    : `Container ${inContainer.container.name} is restarted: Rancher and its API are away until it runs again, and every cluster's tunnel drops, and comes back.`;
}

function refreshedCluster({ access, verdict, reach }: StaleCluster): RefreshedCluster {
  const { id, name, own } = access;
  return { id, name, kubeSystemUid: own.kubeSystemUid, reach, comparisons: [...verdict.comparisons] };
}

function plannedCluster({ access: { id, name, own }, reach }: StaleCluster): PlannedCluster {
  return {
    id,
    name,
    kubeSystemUid: own.kubeSystemUid,
    method: "none",
    reach: "ssh" in reach ? "ssh" : "direct",
    why: `Its own API server is asked, past Rancher: ${"ssh" in reach ? `through node ${reach.ssh.host}` : `context ${reach.context}`}.`,
    unarmedAccepted: false,
    minReadySecondsBefore: 0,
    unproved: [],
  };
}

/** `paris (c-abc12): Rancher's CA is stale; 1 token of people's requests is.` */
function reasonOf({ access: { id, name }, verdict }: StaleCluster): string {
  const stale = verdict.comparisons.filter(({ state }) => state === "stale" || state === "missing");
  const parts = stale.map(({ where, state }: Comparison) => `${where} is ${state}`);
  const first = verdict.pinStale ? " Its agent gets the pin of the bundle that Rancher serves first." : "";
  return `${name === id ? id : `${name} (${id})`}: ${parts.join(", ")}.${first}`;
}

function backupStage(clusters: readonly RefreshedCluster[], backup: Plan["estateBackup"]): Stage {
  const steps = [saveRefreshed(clusters), ...estateBackupSteps(backup), proveDecryption()];
  return {
    id: "backup",
    kind: "backup",
    says: "Save what the refresh touches, and prove that it can be read again.",
    gate: "nothing",
    waves: steps.map((step, index) => strictWave(`backup/wave-${index + 1}`, [step])),
  };
}

/** What the steps of every cluster have in common. */
type Head = Pick<Plan, "estate" | "rancher"> & { readonly epoch: Epoch };

function refreshStage(head: Head, clusters: readonly RefreshedCluster[], options: PlanOptions): Stage {
  const groups = groupsOf(clusters, options);
  const waves = groups.flatMap((group, index) => groupWaves(head, group, { canary: index === 0, options }));
  return {
    id: "refresh",
    kind: "refresh",
    says: "Stale tokens go, the agents start anew and report, and Rancher holds what the clusters have.",
    gate: "backup-verified",
    waves: waves.map((wave, index) => ({ ...wave, id: `refresh/wave-${index + 1}` })),
  };
}

/** The canary, and then groups of a wave's size. */
function groupsOf(clusters: readonly RefreshedCluster[], options: PlanOptions): RefreshedCluster[][] {
  const chosen = clusters.filter(({ id }) => options.canary.includes(id));
  const canary = chosen.length > 0 ? chosen : clusters.slice(0, 1);
  const others = clusters.filter((cluster) => !canary.includes(cluster));
  const groups = [canary];
  for (let from = 0; from < others.length; from += options.waveSize) {
    groups.push(others.slice(from, from + options.waveSize));
  }
  return groups;
}

/** One wave for each link of the chain. */
function groupWaves(
  head: Head,
  group: readonly RefreshedCluster[],
  { canary, options }: { readonly canary: boolean; readonly options: PlanOptions },
): Omit<Wave, "id">[] {
  const budget = canary ? 0 : (options.failureBudget ?? Math.max(1, Math.floor(group.length / 10)));
  // A wave that fails whole must stop the stage, however small it is.
  const failureBudget = Math.min(budget, group.length - 1);
  const steps = group.flatMap((cluster) => refreshSteps(head, cluster));
  const links = LINKS.filter((link) => steps.some(({ kind }) => kind === link));
  return links.map((link, index) => ({
    canary,
    // Whoever failed on the way fails here again: a refresh is not done while a cluster of it is not.
    failureBudget: index === links.length - 1 ? 0 : failureBudget,
    // Each cluster after the first finds Rancher restarted.
    concurrency: link === "renew-rancher" ? 1 : options.concurrency,
    soakSeconds: index === links.length - 1 ? options.soakSeconds : 0,
    steps: steps.filter(({ kind }) => kind === link),
  }));
}

/** The order of the chain, whether or not a cluster needs each of them. */
const LINKS: readonly Step["kind"][] = [
  "pin-agent",
  "drop-agent-tokens",
  "recreate-agent-pods",
  "drop-person-tokens",
  "hold-access",
  "renew-rancher",
  "prove-access",
];

/** Everything that is done to one cluster, in this order: each step builds on the one before. */
export function refreshSteps(head: Head, cluster: RefreshedCluster): Step[] {
  const isPinStale = cluster.comparisons.some(({ subject }) => subject === "pin");
  return [
    ...(isPinStale ? [pinAgent(cluster, head.epoch)] : []),
    dropAgentTokens(cluster),
    recreateAgentPods(cluster, { makesToken: agentMakesToken(head.estate.rancherVersion) }),
    dropPersonTokens(cluster),
    holdAccess(cluster),
    ...(keepsCopies(head.estate.rancherVersion) ? [renewRancher(cluster, head)] : []),
    proveAccess(head, cluster),
  ];
}
