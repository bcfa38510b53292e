/** Where values of Rancher's chart have to change: can they, and by what? */
import type { ReleaseFacts } from "../estate/estate.ts";
import { type Finding, finding } from "../findings.ts";
import type { CheckInput } from "./check.ts";

export function releaseUpgrade({ estate, target }: CheckInput): Finding[] {
  const { installer, privateCa, tlsSource, owners, namespace, deployment } = estate.installation;
  const { helm } = estate.access;
  const isIssued = tlsSource === "rancher" || tlsSource === "letsEncrypt";
  if (privateCa && !isIssued && target?.systemStore !== true) return [];
  if (installer.kind !== "helm") return [];
  const { release } = installer;
  const findings: Finding[] = [];
  if (helm?.problem !== undefined) {
    const what = helm.problem === "missing" ? "is not here" : `is ${helm.version ?? "of an unknown version"}`;
    const sentence = `The program ${helm.program} ${what}; release ${release.namespace}/${release.name} is upgraded with Helm 3 or 4.`;
    findings.push(finding("installation.helm-unusable", `release ${release.namespace}/${release.name}`, sentence));
  }
  const sentence = chartSentence(release, helm?.chart);
  if (sentence !== undefined) {
    findings.push(finding("installation.chart-missing", `release ${release.namespace}/${release.name}`, sentence));
  }
  if (owners.length > 0) {
    const who = owners.join(" and ");
    const target = `deployment ${namespace}/${deployment}`;
    findings.push(finding("installation.owned", target, `Rancher is kept by ${who}, which would put its values back.`));
  }
  return findings;
}

/** A chart that is named stands in for the stored one. */
function chartSentence(
  { namespace, name, chartMissing }: ReleaseFacts,
  named: NonNullable<CheckInput["estate"]["access"]["helm"]>["chart"],
): string | undefined {
  if (named !== undefined) {
    return named.problem === undefined ? undefined : `The chart that was named cannot be used: ${named.problem}.`;
  }
  if (chartMissing === undefined) return undefined;
  return `The chart of release ${namespace}/${name} cannot be rebuilt: ${chartMissing}.`;
}
