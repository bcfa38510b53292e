/** A plan for people: why this procedure, the bundles, the stages, the clusters, and what to expect. */
import type { Plan, PlannedCluster, Stage, Step } from "../../plan/plan.ts";
import { stepsOf } from "../../plan/reading.ts";
import { describeValue } from "../../plan/release.ts";
import { called } from "../../plan/steps/context.ts";
import { usesSystemStore } from "../../plan/system-store.ts";
import { engineCalled } from "../../remote/engine-address.ts";
import { commonName, describeCertificate, shortPin } from "./estate.ts";
import { renderFindings } from "./findings.ts";
import { plainLine } from "./legible.ts";
import { renderComparisons } from "./refresh.ts";
import { paint } from "./style.ts";
import { renderTable } from "./table.ts";
import { spellRoughly } from "./time.ts";
import { pad } from "./width.ts";
import { wrap } from "./wrap.ts";

/** What is done about the backup that was asked for; nothing where none was. */
function ownBackup({ estateBackup }: Plan): string {
  switch (estateBackup?.kind) {
    case undefined:
      return "";
    case "none":
      return lines([`It is left out, because it cannot be made: ${estateBackup.why}.`]);
    case "operator":
      return lines([byOperator(estateBackup)]);
    case "covered": {
      const { container, directory } = estateBackup;
      return lines([
        `Nothing is copied: the data of container ${container} are the host's directory ${directory}, which is said to be covered.`,
      ]);
    }
    case "container": {
      const { container, hot } = estateBackup;
      const how = hot
        ? "while it runs: the copy may not be consistent"
        : "while it stands still: every cluster's tunnel drops until it runs again";
      return lines([`All data of container ${container.name}, encrypted, copied ${how}.`]);
    }
    case "etcd-snapshot": {
      const { by, name, nodes } = estateBackup;
      const on = nodes.map(({ host }) => host).join(", ");
      return lines([
        `Snapshot ${name} of etcd, saved by ${by}, and verified on ${on}: it holds every Secret in the clear.`,
      ]);
    }
    case "cluster-object": {
      const { cluster, server, nodes } = estateBackup;
      return lines([
        `Snapshot of etcd on ${nodes.join(", ")}, asked for by cluster object ${cluster.namespace}/${cluster.name} of the Rancher at ${server}, and awaited. It stays on the nodes, and holds every Secret in the clear; what it is worth is that Rancher's word.`,
      ]);
    }
  }
}

function byOperator({ name, resourceSet, encryptionConfigSecret }: BackupOf<"operator">): string {
  const how = encryptionConfigSecret === undefined ? "not encrypted" : `encrypted by Secret ${encryptionConfigSecret}`;
  return `Backup ${name} of ${resourceSet}, ${how}, by Rancher's backup operator; it is awaited and checked.`;
}

type BackupOf<Kind> = Extract<NonNullable<Plan["estateBackup"]>, { kind: Kind }>;

/** Several paragraphs, ending with a newline. */
export function renderPlan(plan: Plan): string {
  const paragraphs = [
    head(plan),
    ...subject(plan),
    title("Stages", stages(plan)),
    plan.refreshed === undefined
      ? title("Clusters", renderTable(["CLUSTER", "NAME", "METHOD", "WHY"], plan.clusters.map(clusterRow), 2))
      : title("Steps", lines(plan.stages.flatMap(stepsOf).map(({ says }) => says))),
    title("The estate's own backup", ownBackup(plan)),
    title("At risk", lines(plan.clusters.flatMap(risks))),
    title("What people will see", lines(plan.alerts)),
    title("Cannot be undone", lines(plan.pointsOfNoReturn)),
    title("Estimate", estimate(plan)),
    plan.findings.length === 0 ? "" : title("Findings", renderFindings(plan.findings)),
  ];
  return `${paragraphs.filter((text) => text !== "").join("\n")}`;
}

/** Every step with the commands that do the same by hand. */
export function renderManual(plan: Plan): string {
  const stages = plan.stages.map((stage) => {
    const steps = stage.waves.flatMap((wave) => wave.steps).map(manualStep);
    return `${paint("strong", stage.id)}  ${stage.says}\n${steps.join("\n")}`;
  });
  return `${MANUAL_NEEDS.map((line) => `${paint("quiet", line)}\n`).join("")}\n${stages.join("\n")}\n`;
}

const MANUAL_NEEDS = [
  "# In the rotation's directory, with a kubeconfig that reaches the management cluster itself, and with these set:",
  "# RANCHER_TOKEN  an API token of Rancher that outlasts the work (row M1.4)",
  "# AGE_IDENTITY   the file with your age identity; AGE_RECIPIENT is its public key",
  "# PLAN           the plan's file where it is not plan.json: a rollback's",
] as const;

function manualStep(step: Step): string {
  const row = step.manual.row === "" ? "" : paint("quiet", `  [${step.manual.row}]`);
  const commands = step.manual.commands.map((command) => indent(command, "    "));
  return `  ${step.says}${row}\n${commands.join("\n")}\n`;
}

/** What is to change: certificates, or what Rancher holds for clusters. */
function subject(plan: Plan): string[] {
  if (plan.refreshed !== undefined) {
    return plan.refreshed.map((cluster) => title(called(cluster), renderComparisons(cluster.comparisons)));
  }
  return [
    title("Bundles", renderTable(["EPOCH", "PIN", "CERTIFICATES"], plan.epochs.map(epochRow), 2)),
    title("Certificate", certificates(plan)),
    title("Helm release", release(plan)),
  ];
}

function head(plan: Plan): string {
  const forward = plan.procedure === "refresh" ? "Refresh" : "Rotation";
  const direction = plan.direction === "rollback" ? "Rollback" : forward;
  return `${paint("strong", `${direction} ${plan.rotation}`)}  ${plan.procedure}, ${plan.estate.serverUrl}, Rancher ${plan.estate.rancherVersion}
${lines([...plan.why, ...management(plan)])}`;
}

/** How the management cluster's API is reached, where no kubeconfig says it. */
function management({ rancher: { managementContainer: through } }: Plan): string[] {
  if (through === undefined) return [];
  const { container, engine } = through;
  return [
    `The management cluster's API is reached through container ${container.name} (${container.id.slice(0, 12)}) at ${engineCalled(engine)}.`,
  ];
}

function epochRow(epoch: Plan["epochs"][number]): readonly string[] {
  const names = epoch.certificates.map((one) => commonName(one.subject)).join(" + ");
  if (usesSystemStore(epoch)) return [epoch.name, shortPin(epoch.pin), `the system's own store, with ${names}`];
  return [epoch.name, shortPin(epoch.pin), names];
}

function certificates(plan: Plan): string {
  const row = (name: string, facts: Plan["serving"]["current"]["certificates"]): string =>
    facts[0] === undefined ? "" : `  ${pad(name, 8)}${describeCertificate(facts[0])}\n`;
  return row("today", plan.serving.current.certificates) + row("target", plan.serving.target.certificates);
}

/** Which values of which release change, and when; everything else that was given stays. */
function release({ release: helm }: Plan): string {
  if (helm === undefined) return "";
  const { name, namespace, chart, changes } = helm;
  const width = Math.max(...changes.map((change) => change.name.length));
  const values = changes.flatMap((change) =>
    change.values.map((value) => `  ${pad(change.name, width)}  ${describeValue(value)}\n`),
  );
  return `  ${namespace}/${name}, chart ${chart.name} ${chart.version}, which stays\n${values.join("")}`;
}

/** Two lines a stage: what it does; then how many clusters take part, in waves, and what has to be true before. */
function stages(plan: Plan): string {
  const width = Math.max(...plan.stages.map((stage) => stage.id.length));
  return plan.stages
    .map((stage) => {
      const clusters = waves(stage);
      const facts = [...(clusters === "" ? [] : [clusters]), `entered ${entry(plan, stage)}`];
      const says = wrap(`  ${pad(stage.id, width)}  ${stage.says}`, width + 4);
      return `${says}\n${paint("quiet", wrap(`  ${pad("", width)}  ${facts.join(", ")}`, width + 4))}\n`;
    })
    .join("");
}

/** What has to be true before a stage. */
function entry(plan: Plan, stage: Stage): string {
  const epoch = plan.epochs.find(({ name }) => name === stage.gateEpoch);
  const unpinned = epoch !== undefined && usesSystemStore(epoch);
  const asksAgents = stage.gate === "all-armed" || stage.gate === "all-started";
  return unpinned && asksAgents ? "when every agent runs without a pin" : GATE[stage.gate];
}

const GATE = {
  nothing: "at once",
  "backup-verified": "when the backup can be opened",
  "all-armed": "when every agent is armed",
  prepared: "when every agent that the plan arms is armed",
  "bundle-served": "when every replica serves the bundle",
  "all-started": "when every agent has started with a bundle that verifies the target",
  "handed-over": "when every agent has started so, and a person has changed the certificate",
  "switch-proved": "when the certificate is proved everywhere",
} as const satisfies Record<Stage["gate"], string>;

/** `1 + 11 clusters` for a canary of one and a wave of eleven; empty where no cluster takes part. */
function waves(stage: Stage): string {
  if (stage.kind === "refresh") {
    const count = new Set(stage.waves.flatMap((wave) => wave.steps.map(({ target }) => target))).size;
    return `${count} cluster${count === 1 ? "" : "s"}, the canary the whole way first`;
  }
  const counts = stage.waves.map((wave) => clusterSteps(wave.steps).length).filter((count) => count > 0);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return total === 0 ? "" : `${counts.join(" + ")} cluster${total === 1 ? "" : "s"}`;
}

function clusterSteps(steps: readonly Step[]): readonly Step[] {
  return steps.filter((step) => step.target !== "rancher" && step.target !== "rotation");
}

function clusterRow(cluster: PlannedCluster): readonly string[] {
  return [cluster.id, cluster.name, cluster.method, cluster.why];
}

function risks(cluster: PlannedCluster): string[] {
  const unproved = cluster.unproved.map(
    (id) => `${id} cannot be moved by this version: it holds the gates unless the cluster is waived.`,
  );
  return cluster.risk === undefined ? unproved : [`${cluster.id} (${cluster.name}): ${cluster.risk}`, ...unproved];
}

function estimate(plan: Plan): string {
  const { durationSeconds, agentRestarts, rancherRestarts, requests } = plan.estimate;
  const duration = `${spellRoughly(durationSeconds.least)} to ${spellRoughly(durationSeconds.most)}`;
  const restarts = `${agentRestarts} restart${agentRestarts === 1 ? "" : "s"} of agents, ${rancherRestarts} of Rancher`;
  return lines([`${duration}, ${restarts}, about ${requests} requests`]);
}

function title(text: string, body: string): string {
  return body === "" ? "" : `${paint("strong", text)}\n${body}`;
}

function lines(sentences: readonly string[]): string {
  return sentences.map((sentence) => `${wrap(`  ${plainLine(sentence)}`, 2)}\n`).join("");
}

function indent(text: string, by: string): string {
  return text
    .split("\n")
    .map((line) => by + line)
    .join("\n");
}
