/** Would the agents accept the target chain, under the bytes of the target bundle, for Rancher's name, now and later? */
import { type Finding, finding } from "../findings.ts";
import { judgeTarget } from "../pki/judge-target.ts";
import { type CheckInput, hostnameOf, timeText } from "./check.ts";

/** Everything that the certificate rules have to say about the target. */
export function targetAccepted({ estate, target, now }: CheckInput): Finding[] {
  if (target === undefined) return [];
  return [...judgeTarget({ ...target, hostname: hostnameOf(estate), at: now }).findings];
}

/** A chain that ends before the rotation does would end with every agent cut off. */
export function targetOutlives({ target, until }: CheckInput): Finding[] {
  const [first] = (target?.chain ?? []).toSorted((a, b) => a.notAfter.getTime() - b.notAfter.getTime());
  if (first === undefined || first.notAfter > until) return [];
  const sentence = `${first.subject} of the target chain ends on ${timeText(first.notAfter)}, before the rotation may be over.`;
  return [finding("target.ends-early", "target chain", sentence)];
}

/** The target is what is served already. */
export function targetDiffers({ estate, target }: CheckInput): Finding[] {
  const leaf = target?.chain[0];
  if (leaf === undefined || leaf.fingerprint !== estate.serving.certificates[0]?.fingerprint) return [];
  return [
    finding("target.in-use", "target chain", "The target's serving certificate is the one that Rancher uses already."),
  ];
}
