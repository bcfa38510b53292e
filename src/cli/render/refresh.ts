/** Both sides of clusters beside each other: what Rancher holds, and what the cluster has. */
import type { ClusterLook } from "../../execute/prepare-refresh.ts";
import type { Comparison } from "../../plan/refresh/comparison.ts";
import { renderFindings } from "./findings.ts";
import { type Meaning, paint } from "./style.ts";
import { renderTable } from "./table.ts";

/** One paragraph a cluster, and the findings of all. */
export function renderLooks(looks: readonly ClusterLook[]): string {
  const paragraphs = looks.map(
    ({ id, name, comparisons, agentLog }) =>
      `${paint("strong", name === id ? id : `${name} (${id})`)}\n${renderComparisons(comparisons)}${renderLog(agentLog)}`,
  );
  const findings = looks.flatMap((look) => look.findings);
  return [...paragraphs, renderFindings(findings)].join("\n");
}

function renderLog(log: ClusterLook["agentLog"]): string {
  if (log === undefined) return "";
  if (log.kind === "unread") return `  Its agent's log could not be read: ${log.why}\n`;
  const lines = log.lines.map((line) => `    ${paint("quiet", line)}\n`);
  return `  The last lines of its agent (${log.pod}):\n${lines.join("")}`;
}

/** Rows of what was compared; never a token, only its fingerprint. */
export function renderComparisons(comparisons: readonly Comparison[]): string {
  if (comparisons.length === 0) return "  It could not be asked.\n";
  return renderTable(["WHAT", "WHERE", "STATE", "HELD", "THE CLUSTER'S", "WHY"], comparisons.map(row), 2);
}

const SUBJECT = {
  ca: "Rancher's CA for it",
  token: "Rancher's token for it",
  "agent-token": "token of the agent",
  "person-token": "token for a person",
  pin: "bundle of the agent",
} as const satisfies Record<Comparison["subject"], string>;

const MEANING = {
  same: "good",
  stale: "bad",
  missing: "bad",
  unknown: "attention",
} as const satisfies Record<Comparison["state"], Meaning>;

function row({ subject, where, state, held, own, why }: Comparison): readonly string[] {
  return [SUBJECT[subject], where, paint(MEANING[state], state), held || "-", own || "-", why];
}
