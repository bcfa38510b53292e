/**
 * Epochs without a bundle: Rancher serves none, its agents pin none, and they verify with the store of the system that
 * their image brings (run.sh: with an empty `CATTLE_CA_CHECKSUM` nothing is fetched, and no `serverca` is stored).
 *
 * What a store holds cannot be seen from here. A plan takes the public roots that are known to it, and before Rancher
 * drops its bundle every agent has to show that it starts without it.
 */
import { unionBundle } from "../pki/bundle.ts";
import { verifyChain } from "../pki/verification/verify-chain.ts";
import { certificatesIn } from "./chain.ts";
import type { Epoch } from "./plan.ts";
import type { Goal } from "./release.ts";

/** Agents of this epoch pin nothing, and trust their system's own store. */
export function usesSystemStore({ pin }: Pick<Epoch, "pin">): boolean {
  return pin === "";
}

/** @param goal `bundle` empty: Rancher serves none in the end */
export function goalOf({ bundle }: { readonly bundle?: string }): Goal {
  return bundle === "" ? "system-store" : "bundle";
}

/** What agents of an epoch verify with, as far as the plan knows it, PEM: its bundle, or the public roots in use. */
export function anchorsOf({ bundle, systemRoots }: Pick<Epoch, "bundle" | "systemRoots">): string {
  return bundle === "" ? (systemRoots ?? "") : bundle;
}

/**
 * The public roots at which a chain ends, PEM, as a bundle is written; empty where it ends at none of those known.
 * Where several accept it (roots sign each other) it is all of them: no agent has to have the same one.
 *
 * @param chain leaf first, PEM
 * @param known public roots, PEM
 */
export function publicRootsOf(chain: string, known: string, at: Date): string {
  const served = [...certificatesIn(chain)];
  const issuers = new Set(served.map(({ issuer }) => issuer));
  const named = certificatesIn(known).filter(({ subject }) => issuers.has(subject));
  const accepted = named.filter((root) => verifyChain({ chain: served, anchors: [root], at }).accepted);
  // A chain that is refused for another reason (it has ended, its key is weak) is to be refused for that.
  return unionBundle(accepted.length > 0 ? accepted : named, []);
}
