/** Would somebody else put back what the rotation writes? */
import { type Finding, finding } from "../findings.ts";
import type { CheckInput } from "./check.ts";

export function ownedSecrets({ estate }: CheckInput): Finding[] {
  return [estate.serving.secret, estate.trust.secret].flatMap((secret) => {
    if (secret === undefined || secret.owners.length === 0) return [];
    const target = `secret ${secret.namespace}/${secret.name}`;
    const who = secret.owners.join(" and ");
    return [finding("secret.owned", target, `${target} belongs to ${who}, which would put it back after a change.`)];
  });
}
