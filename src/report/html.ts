/** The report as one HTML file without outside parts, for a browser in light or dark, or for printing. */
import { describeCell, duration, harmless, shortTime } from "./phrases.ts";
import type { Report } from "./report.ts";
import { STYLESHEET } from "./stylesheet.ts";

/** A whole document; every text from outside is escaped. */
export function renderHtml(report: Report): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Rotation ${escapeHtml(report.rotation)}</title>
<style>${STYLESHEET}</style>
</head>
<body>
<main>
${header(report)}
${part("Stages", stages(report))}
${part("Who trusts what", matrix(report))}
${part("Bundles", epochs(report))}
${part("Presented now", certificates(report.now.presented))}
${part("Waivers", list(report.waivers.map((one) => `${code(one.clusterId)} ${escapeHtml(one.reason)} <small>${escapeHtml(one.by)}, until ${escapeHtml(one.until)}</small>`)))}
${part("What may still trust the old authority", list(report.remaining.map(named)))}
${part("What could not be looked at", list(report.gaps.map(named)))}
${part("Evidence", evidence(report))}
</main>
</body>
</html>
`;
}

const OUTCOME = {
  finished: { word: "Finished", tone: "good" },
  unfinished: { word: "Not finished", tone: "attention" },
  "rolled-back": { word: "Rolled back", tone: "attention" },
} as const satisfies Record<Report["outcome"], { word: string; tone: string }>;

function header(report: Report): string {
  const outcome = OUTCOME[report.outcome];
  return `<header>
<p class="outcome ${outcome.tone}">${outcome.word}</p>
<h1>${escapeHtml(report.estate.serverUrl)}</h1>
<p>Rotation ${code(report.rotation)}, procedure <em>${escapeHtml(report.procedure)}</em>, Rancher ${escapeHtml(report.estate.rancherVersion)}. Written <time>${escapeHtml(report.writtenAt)}</time>.</p>
${list(report.why.map(escapeHtml))}
</header>`;
}

function stages(report: Report): string {
  const rows = report.stages.map((stage) => {
    const waived = stage.waived.length === 0 ? "" : ` <small>waived: ${escapeHtml(stage.waived.join(", "))}</small>`;
    const tone = stage.doneAt === undefined ? "attention" : "good";
    return `<tr><td class="whole"><span class="dot ${tone}"></span>${escapeHtml(stage.id)}</td><td>${escapeHtml(stage.says)}${waived}</td><td class="whole">${escapeHtml(shortTime(stage.enteredAt))}</td><td class="whole">${duration(stage)}</td></tr>`;
  });
  return table(["Stage", "What happened", "Entered", "Took"], rows);
}

const TONE = { started: "good", armed: "attention", declared: "attention", unproved: "bad", none: "quiet" } as const;

function matrix(report: Report): string {
  const rows = report.consumers.map((row) => {
    const cells = row.cells.map((cell) => {
      const title = cell.evidence.map((one) => `${one.kind}: ${one.source}, ${one.at}`).join("\n");
      return `<td title="${escapeHtml(title)}"><span class="dot ${TONE[cell.state]}"></span>${escapeHtml(describeCell(cell))}</td>`;
    });
    return `<tr><td>${escapeHtml(row.cluster)}</td><td class="whole">${escapeHtml(row.kind)}</td>${cells.join("")}</tr>`;
  });
  return table(["Cluster", "Consumer", ...report.epochs.map((epoch) => epoch.name)], rows);
}

function epochs(report: Report): string {
  return report.epochs
    .map((epoch) => {
      const served = epoch.pin === report.now.pin ? ' <span class="tag">served now</span>' : "";
      return `<h3>${escapeHtml(epoch.name)}${served}</h3><p>Pin ${epoch.pin === "" ? "none: the system's own store" : code(epoch.pin)}</p>${certificates(epoch.certificates)}`;
    })
    .join("");
}

function certificates(certificates: Report["now"]["presented"]): string {
  const rows = certificates.map(
    (one) =>
      `<tr><td>${escapeHtml(one.subject)}</td><td>${escapeHtml(one.issuer)}</td><td class="whole">${escapeHtml(one.notAfter.slice(0, 10))}</td><td class="whole">${code(one.fingerprint.slice(0, 16))}</td></tr>`,
  );
  return table(["Subject", "Issuer", "Until", "SHA-256"], rows);
}

function evidence(report: Report): string {
  return list([
    `Journal: ${report.journal.entries} entries, head ${code(report.journal.headHash)}`,
    ...report.plans.map(
      (plan) =>
        `${escapeHtml(plan.file)} (${plan.direction}), SHA-256 ${code(plan.digest)}, begun ${escapeHtml(plan.begunAt)}`,
    ),
    `${code("farrier report --verify")} checks the journal's hash chain and compares its head with the one in the estate.`,
  ]);
}

function part(title: string, body: string): string {
  return body === "" ? "" : `<section>\n<h2>${escapeHtml(title)}</h2>\n${body}\n</section>`;
}

function table(headings: readonly string[], rows: readonly string[]): string {
  if (rows.length === 0) return "";
  const head = headings.map((heading) => `<th scope="col">${escapeHtml(heading)}</th>`).join("");
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

function list(items: readonly string[]): string {
  return items.length === 0 ? "" : `<ul>${items.map((item) => `<li>${item}</li>`).join("")}</ul>`;
}

function named(one: { readonly target: string; readonly why: string }): string {
  return `<strong>${escapeHtml(one.target)}</strong>: ${escapeHtml(one.why)}`;
}

function code(text: string): string {
  return `<code>${escapeHtml(text)}</code>`;
}

function escapeHtml(text: string): string {
  return harmless(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
