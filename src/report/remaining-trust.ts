/** What still trusts the authority that was to go, as far as it can be known. */
import type { Estate } from "../estate/estate.ts";
import type { MatrixRow } from "../estate/trust-matrix.ts";
import type { Plan } from "../plan/plan.ts";
import { finalEpoch } from "../plan/reading.ts";

export interface Remaining {
  readonly target: string;
  readonly why: string;
}

/**
 * Names the served bundle while it still holds certificates that the final one drops, every gating consumer without
 * proof for the final bundle, and what people hold, which nothing can prove.
 */
export function remainingTrust(plan: Plan, estate: Estate, matrix: readonly MatrixRow[]): Remaining[] {
  const final = finalEpoch(plan);
  const kept = new Set(final.certificates.map((one) => one.fingerprint));
  const served = estate.trust.certificates
    .filter((one) => !kept.has(one.fingerprint))
    .map((one) => ({ target: "setting cacerts", why: `Rancher still serves ${one.subject} in its trust bundle.` }));
  const unproved = matrix
    .filter((row) => row.consumer.gating && row.cells.find((cell) => cell.epoch === final.name)?.state !== "started")
    .map((row) => ({ target: row.consumer.id, why: "It has not shown that it runs with the final bundle alone." }));
  const held =
    plan.procedure === "overlap"
      ? [
          {
            target: "downloaded kubeconfigs",
            why: "Every kubeconfig that Rancher made before the last bundle was served carries an older one; people must download them again.",
          },
        ]
      : [];
  return [...served, ...unproved, ...held];
}
