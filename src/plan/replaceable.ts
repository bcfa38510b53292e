/** What a flag day is there to mend does not stand against planning it. */
import type { Finding, FindingCode } from "../findings.ts";

/** Findings that say that agents refuse what Rancher has now, or that they are away because of it. */
const MENDED: readonly FindingCode[] = ["serving.not-trusted"];

/** The same findings; those that are the reason for a flag day are warnings. */
export function replaceable(findings: readonly Finding[]): Finding[] {
  return findings.map((finding) =>
    finding.severity === "error" && MENDED.includes(finding.code) ? { ...finding, severity: "warning" } : finding,
  );
}
