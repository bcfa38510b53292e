/** May Rancher write its own setting when it starts with another bundle? */
import { type Finding, finding } from "../findings.ts";
import type { CheckInput } from "./check.ts";

export function settingUpdate({ estate }: CheckInput): Finding[] {
  const { allowed, why } = estate.trust.settingUpdate;
  switch (allowed) {
    case "yes":
      return [];
    case "no":
      return [
        finding(
          "trust.update-denied",
          "setting cacerts",
          `Rancher may not update its setting cacerts, so that it would stop at its start with another bundle${because(why)}`,
        ),
      ];
    case "unknown":
      return [
        finding(
          "trust.update-unknown",
          "setting cacerts",
          `Whether Rancher may update its setting cacerts could not be tried${because(why)}`,
        ),
      ];
  }
}

function because(why: string | undefined): string {
  return why === undefined ? "." : `: ${why}`;
}
