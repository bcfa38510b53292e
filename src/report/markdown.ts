/** The report as Markdown, for tickets. */
import { describeCell, duration, harmless, shortTime } from "./phrases.ts";
import type { Report } from "./report.ts";

/** The whole report; ends with a newline. */
export function renderMarkdown(report: Report): string {
  const sections = [
    heading(report),
    section("Stages", table(["Stage", "What happened", "From", "To", "Took"], report.stages.map(stageRow))),
    section("Who trusts what", matrix(report)),
    section("Bundles", table(["Epoch", "Pin", "Certificates"], report.epochs.map(epochRow))),
    section(
      "Waivers",
      list(report.waivers.map((one) => escapeText(`${one.clusterId}: ${one.reason} (${one.by}, until ${one.until})`))),
    ),
    section("What may still trust the old authority", list(report.remaining.map(named))),
    section("What could not be looked at", list(report.gaps.map(named))),
    section(
      "Evidence",
      list([
        `Journal: ${report.journal.entries} entries, head \`${report.journal.headHash}\``,
        ...report.plans.map(
          (plan) => `${plan.file} (${plan.direction}): SHA-256 \`${plan.digest}\`, begun ${plan.begunAt}`,
        ),
        "`farrier report --verify` checks the journal's hash chain and compares its head with the one in the estate.",
      ]),
    ),
  ];
  return `${sections.filter((text) => text !== "").join("\n\n")}\n`;
}

function heading(report: Report): string {
  return `# Rotation ${escapeText(report.rotation)}: ${report.outcome}

${escapeText(report.estate.serverUrl)}, Rancher ${escapeText(report.estate.rancherVersion)}; procedure *${report.procedure}*. Written ${report.writtenAt}.

${list(report.why.map(escapeText))}`;
}

function stageRow(stage: Report["stages"][number]): string[] {
  const waived = stage.waived.length === 0 ? "" : ` (waived: ${stage.waived.join(", ")})`;
  return [
    escapeText(stage.id),
    escapeText(`${stage.says}${waived}`),
    shortTime(stage.enteredAt),
    shortTime(stage.doneAt),
    duration(stage),
  ];
}

function epochRow(epoch: Report["epochs"][number]): string[] {
  return [
    epoch.name,
    epoch.pin === "" ? "none" : `\`${epoch.pin}\``,
    epoch.certificates.map((one) => escapeText(one.subject)).join("<br>"),
  ];
}

function matrix(report: Report): string {
  const names = report.epochs.map((epoch) => epoch.name);
  return table(
    ["Cluster", "Consumer", ...names],
    report.consumers.map((row) => [escapeText(row.cluster), escapeText(row.kind), ...row.cells.map(describeCell)]),
  );
}

function section(title: string, body: string): string {
  return body === "" ? "" : `## ${title}\n\n${body}`;
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join("\n");
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(headings), line(headings.map(() => "---")), ...rows.map(line)].join("\n");
}

function named(one: { readonly target: string; readonly why: string }): string {
  return `**${escapeText(one.target)}**: ${escapeText(one.why)}`;
}

/** Text from outside on one line, shown as it is: neither markup nor HTML, and no end of a table's cell. */
function escapeText(text: string): string {
  return harmless(text)
    .replaceAll(/\s+/g, " ")
    .replaceAll(/[\\`*_[\]|]/g, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
