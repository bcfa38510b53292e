/** What could not be looked at. A cluster or Rancher that did not answer has findings of its own. */
import { type Finding, finding } from "../findings.ts";
import type { CheckInput } from "./check.ts";
import { TOKEN_GAP } from "./token.ts";

export function gaps({ estate }: CheckInput): Finding[] {
  return estate.gaps
    .filter(({ target }) => target !== TOKEN_GAP && !/^cluster [^:]+$/.test(target))
    .map(({ target, why }) => finding("estate.gap", target, `It could not be looked at: ${why}`));
}
