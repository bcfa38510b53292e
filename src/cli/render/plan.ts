/** A plan for people: why this procedure, the bundles, the stages, the clusters, and what to expect. */
import type { Plan, PlannedCluster, Stage, Step } from "../../plan/plan.ts";
import { commonName, describeCertificate, shortPin } from "./estate.ts";
import { renderFindings } from "./findings.ts";
import { paint } from "./style.ts";
import { pad, renderTable } from "./table.ts";
import { spell } from "./time.ts";

/** Several paragraphs, ending with a newline. */
export function renderPlan(plan: Plan): string {
  const paragraphs = [
    head(plan),
    title("Bundles", renderTable(["EPOCH", "PIN", "CERTIFICATES"], plan.epochs.map(epochRow))),
    title("Certificate", certificates(plan)),
    title("Stages", stages(plan)),
    title("Clusters", renderTable(["CLUSTER", "NAME", "METHOD", "WHY"], plan.clusters.map(clusterRow))),
    title("At risk", plan.clusters.flatMap(risks).join("")),
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
  return `${stages.join("\n")}\n`;
}

function manualStep(step: Step): string {
  const row = step.manual.row === "" ? "" : paint("quiet", `  [${step.manual.row}]`);
  const commands = step.manual.commands.map((command) => indent(command, "    "));
  return `  ${step.says}${row}\n${commands.join("\n")}\n`;
}

function head(plan: Plan): string {
  const direction = plan.direction === "rollback" ? "Rollback" : "Rotation";
  return `${paint("strong", `${direction} ${plan.rotation}`)}  ${plan.procedure}, ${plan.estate.serverUrl}, Rancher ${plan.estate.rancherVersion}
${lines(plan.why)}`;
}

function epochRow(epoch: Plan["epochs"][number]): readonly string[] {
  return [epoch.name, shortPin(epoch.pin), epoch.certificates.map((one) => commonName(one.subject)).join(" + ")];
}

function certificates(plan: Plan): string {
  const row = (name: string, facts: Plan["serving"]["current"]["certificates"]): string =>
    facts[0] === undefined ? "" : `  ${pad(name, 8)}${describeCertificate(facts[0])}\n`;
  return row("today", plan.serving.current.certificates) + row("target", plan.serving.target.certificates);
}

/** Two lines a stage: what it does; then how many clusters take part, in waves, and what has to be true before. */
function stages(plan: Plan): string {
  const width = Math.max(...plan.stages.map((stage) => stage.id.length));
  return plan.stages
    .map((stage) => {
      const clusters = waves(stage);
      const facts = [clusters === "" ? "" : `${clusters} clusters`, `entered ${GATE[stage.gate]}`];
      const under = facts.filter((fact) => fact !== "").join(", ");
      return `  ${pad(stage.id, width)}  ${stage.says}\n  ${pad("", width)}  ${paint("quiet", under)}\n`;
    })
    .join("");
}

const GATE = {
  nothing: "at once",
  "backup-verified": "when the backup can be opened",
  "all-armed": "when every agent is armed",
  "bundle-served": "when every replica serves the bundle",
  "all-started": "when every agent has started with a bundle that verifies the target",
  "switch-proved": "when the certificate is proved everywhere",
} as const satisfies Record<Stage["gate"], string>;

/** `1 + 11` for a canary of one and a wave of eleven. */
function waves(stage: Stage): string {
  return stage.waves
    .map((wave) => clusterSteps(wave.steps).length)
    .filter((count) => count > 0)
    .join(" + ");
}

function clusterSteps(steps: readonly Step[]): readonly Step[] {
  return steps.filter((step) => step.target !== "rancher" && step.target !== "rotation");
}

function clusterRow(cluster: PlannedCluster): readonly string[] {
  return [cluster.id, cluster.name, cluster.method, cluster.why];
}

function risks(cluster: PlannedCluster): string[] {
  const unproved = cluster.unproved.map(
    (id) => `  ${id} cannot be moved by this version: it holds the gates unless the cluster is waived.\n`,
  );
  return cluster.risk === undefined ? unproved : [`  ${cluster.id} (${cluster.name}): ${cluster.risk}\n`, ...unproved];
}

function estimate(plan: Plan): string {
  const { durationSeconds, agentRestarts, rancherRestarts, requests } = plan.estimate;
  return `  ${spell(durationSeconds.least)} to ${spell(durationSeconds.most)}, ${agentRestarts} restarts of agents, ${rancherRestarts} of Rancher, about ${requests} requests\n`;
}

function title(text: string, body: string): string {
  return body === "" ? "" : `${paint("strong", text)}\n${body}`;
}

function lines(sentences: readonly string[]): string {
  return sentences.map((sentence) => `  ${sentence}\n`).join("");
}

function indent(text: string, by: string): string {
  return text
    .split("\n")
    .map((line) => by + line)
    .join("\n");
}
