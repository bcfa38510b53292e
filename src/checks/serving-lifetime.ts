/** Does today's certificate last until the rotation has replaced it? */
import { type Finding, finding } from "../findings.ts";
import { type CheckInput, timeText } from "./check.ts";

export function servingLifetime({ estate, now, until }: CheckInput): Finding[] {
  const leaf = estate.serving.certificates[0];
  if (leaf === undefined) return [];
  const end = new Date(leaf.notAfter);
  // An expired one is a reason of its own in `served-chain`.
  if (end > until || end <= now) return [];
  const sentence = `Today's serving certificate ends on ${timeText(end)}, before the rotation may be over.`;
  return [finding("serving.ends-early", "serving certificate", sentence)];
}
