/** Findings for people: errors first, one block each, then a line that counts them. */
import type { Finding, Severity } from "../../findings.ts";
import { plainLine } from "./legible.ts";
import { type Meaning, paint } from "./style.ts";
import { pad } from "./width.ts";
import { wrap } from "./wrap.ts";

/** A finding, or one read from a plan, whose code may be of another version. */
export type ShownFinding = Omit<Finding, "code"> & { readonly code: string };

const ORDER = ["error", "warning", "info"] as const satisfies readonly Severity[];
const MEANING = { error: "bad", warning: "attention", info: "quiet" } as const satisfies Record<Severity, Meaning>;

/** Several lines, ending with a newline. */
export function renderFindings(findings: readonly ShownFinding[]): string {
  const blocks = ORDER.flatMap((severity) =>
    findings.filter((finding) => finding.severity === severity).map((finding) => renderFinding(finding)),
  );
  return `${blocks.join("")}${countFindings(findings)}\n`;
}

/** Where sentences begin, after the severity. */
const HANG = 9;

function renderFinding(finding: ShownFinding): string {
  const label = paint(MEANING[finding.severity], pad(finding.severity, 7));
  const about = finding.sentence.includes(finding.target) ? "" : `${finding.target}: `;
  const said = wrap(`${label}  ${about}${plainLine(finding.sentence)}  ${paint("quiet", `[${finding.code}]`)}`, HANG);
  return `${said}\n${paint("quiet", wrap(" ".repeat(HANG) + plainLine(finding.hint), HANG))}\n`;
}

/** `2 errors, 1 warning`, or `No findings.` */
function countFindings(findings: readonly ShownFinding[]): string {
  const counts = ORDER.map((severity) => ({
    severity,
    count: findings.filter((one) => one.severity === severity).length,
  }));
  const said = counts
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) => `${count} ${severity === "info" ? "note" : severity}${count === 1 ? "" : "s"}`);
  return said.length === 0 ? paint("good", "No findings.") : said.join(", ");
}
