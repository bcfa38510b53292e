/** Builds every chain from a leaf to an anchor: Go's `buildChains` (crypto/x509/verify.go), with its budget. */
import { type Finding, finding } from "../../findings.ts";
import { EXTENSION } from "../x509/extensions.ts";
import type { X509 } from "../x509/parse.ts";
import { signatureFault } from "./issuer-signature.ts";
import { type Places, titleOf } from "./place.ts";
import type { Pool } from "./pool.ts";
import { type Role, validityFaults } from "./validity.ts";

/** How many candidates Go tries before it gives up (`maxChainSignatureChecks`). */
const MAX_SIGNATURE_CHECKS = 100;

export interface PathSearch {
  readonly anchors: Pool;
  readonly intermediates: Pool;
  readonly at: Date;
  readonly places: Places;
}

export interface FoundPaths {
  /** Leaf first, anchor last; in the order in which Go finds them. */
  readonly chains: readonly (readonly X509[])[];
  /** Why candidates were not taken, whether or not a chain was found without them. */
  readonly rejected: readonly Finding[];
}

export function findPaths(leaf: X509, search: PathSearch): FoundPaths {
  const builder = new PathBuilder(search);
  const { chains } = builder.extend([leaf]);
  return { chains, rejected: builder.rejected };
}

interface Extended {
  /** Whether the candidate was a good issuer, whatever became of the chain beyond it. */
  readonly followed: boolean;
  readonly chains: readonly (readonly X509[])[];
  /** The budget ran out before any chain was found. */
  readonly gaveUp: boolean;
}

class PathBuilder {
  readonly #search: PathSearch;
  readonly #rejected = new Map<string, Finding>();
  #checks = 0;

  constructor(search: PathSearch) {
    this.#search = search;
  }

  get rejected(): Finding[] {
    return [...this.#rejected.values()];
  }

  /** @param chain never empty */
  extend(chain: readonly X509[]): Extended {
    const child = chain.at(-1);
    const chains: (readonly X509[])[] = [];
    if (child === undefined) {
      return { chains, gaveUp: false, followed: true };
    }
    let deadEnd = true;
    for (const { role, issuer } of this.#candidates(child)) {
      this.#checks += 1;
      if (this.#checks > MAX_SIGNATURE_CHECKS) {
        this.#reject(budgetSpent(child, this.#search.places));
        return { chains, gaveUp: chains.length === 0, followed: true };
      }
      const longer = this.#consider(chain, child, { role, issuer });
      chains.push(...longer.chains);
      deadEnd &&= !longer.followed;
      if (longer.gaveUp) {
        return { chains, gaveUp: chains.length === 0, followed: true };
      }
    }
    // Where an issuer was good and only its own issuer is missing, that one is reported.
    if (deadEnd) {
      this.#reject(unknownAuthority(child, this.#search.places));
    }
    return { chains, gaveUp: false, followed: true };
  }

  #candidates(child: X509): Candidate[] {
    const { anchors, intermediates } = this.#search;
    return [
      ...anchors.possibleIssuers(child).map((issuer) => ({ role: "anchor" as const, issuer })),
      ...intermediates.possibleIssuers(child).map((issuer) => ({ role: "intermediate" as const, issuer })),
    ];
  }

  #consider(chain: readonly X509[], child: X509, { role, issuer }: Candidate): Extended {
    const { at, places } = this.#search;
    if (issuer.publicKey.key.kind === "unknown" || isIn(chain, issuer)) {
      return NOTHING;
    }
    const faults = [signatureFault(child, issuer, places) ?? []].flat();
    if (faults.length === 0) {
      faults.push(...validityFaults(issuer, { role, below: chain.length, at, places }));
    }
    for (const fault of faults) {
      this.#reject(fault);
    }
    if (faults.length > 0) {
      return NOTHING;
    }
    const longer = [...chain, issuer];
    return role === "anchor" ? { chains: [longer], gaveUp: false, followed: true } : this.extend(longer);
  }

  #reject(fault: Finding): void {
    this.#rejected.set(`${fault.code} ${fault.target} ${fault.sentence}`, fault);
  }
}

interface Candidate {
  readonly role: Exclude<Role, "leaf">;
  readonly issuer: X509;
}

const NOTHING: Extended = { chains: [], gaveUp: false, followed: false };

/** Go's `alreadyInChain`: the same subject, key and alternative names, so that cross-signed CAs make no loops. */
function isIn(chain: readonly X509[], candidate: X509): boolean {
  for (const member of chain) {
    if (!same(member.subject.raw, candidate.subject.raw) || !same(member.publicKey.raw, candidate.publicKey.raw)) {
      continue;
    }
    const own = namesExtension(candidate);
    const others = namesExtension(member);
    if (own === undefined || others === undefined) {
      // As Go: one without names beside one with names ends the search.
      return own === others;
    }
    if (same(own, others)) {
      return true;
    }
  }
  return false;
}

function namesExtension(certificate: X509): Uint8Array | undefined {
  return certificate.extensions.find(({ oid }) => oid === EXTENSION.alternativeNames)?.value.contents;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a).equals(b);
}

function unknownAuthority(child: X509, places: Places): Finding {
  return finding(
    "chain.unknown-authority",
    places.of(child),
    `No certificate of the bundle, and none that the server sends, is a valid issuer of ${titleOf(child)}; its issuer is called ${issuerTitle(child)}.`,
  );
}

function budgetSpent(child: X509, places: Places): Finding {
  return finding(
    "chain.too-many-candidates",
    places.of(child),
    `Go gives up after ${MAX_SIGNATURE_CHECKS} candidates: too many certificates share their names.`,
  );
}

function issuerTitle(child: X509): string {
  return titleOf({ ...child, subject: child.issuer });
}
