/**
 * Would Go accept this leaf? A port of `x509.Certificate.Verify` (Go 1.26) for server authentication. Where Go stops at
 * the first fault, all are collected.
 */
import { type Finding, finding } from "../../findings.ts";
import type { X509 } from "../x509/parse.ts";
import { hostnameFault } from "./hostname.ts";
import { forbidsServing } from "./key-purpose.ts";
import { constraintFault } from "./name-constraints.ts";
import { findPaths } from "./path.ts";
import type { Places } from "./place.ts";
import { titleOf } from "./place.ts";
import { policiesHold } from "./policies.ts";
import { Pool } from "./pool.ts";
import { validityFaults } from "./validity.ts";

export interface PathQuestion {
  readonly leaf: X509;
  /** What the server sends beside the leaf. */
  readonly intermediates: readonly X509[];
  /** Go trusts each of them, whether root or not. */
  readonly anchors: readonly X509[];
  /** Not checked when undefined. */
  readonly hostname: string | undefined;
  readonly at: Date;
  readonly places: Places;
}

export interface PathAnswer {
  readonly accepted: boolean;
  /** Why it is refused: empty exactly when it is accepted. */
  readonly faults: readonly Finding[];
  /** The first chain that Go accepts; when refused, the first that it could build, if any. */
  readonly path: readonly X509[] | undefined;
}

export function verifyPath(question: PathQuestion): PathAnswer {
  const { leaf, hostname, at, places } = question;
  const faults = validityFaults(leaf, { role: "leaf", below: 0, at, places });
  const wrongHost = hostname === undefined ? undefined : hostnameFault(leaf, hostname, places.of(leaf));
  if (wrongHost !== undefined) {
    faults.push(wrongHost);
  }
  const anchors = new Pool(question.anchors);
  const found = anchors.has(leaf)
    ? { chains: [[leaf]], rejected: [] }
    : findPaths(leaf, { anchors, intermediates: new Pool(question.intermediates), at, places });
  const judged = found.chains.map((chain) => ({ chain, fault: chainFault(chain, places) }));
  const good = judged.find(({ fault }) => fault === undefined)?.chain;
  if (good === undefined) {
    faults.push(...(judged.length === 0 ? found.rejected : judged.flatMap(({ fault }) => fault ?? [])));
  }
  return { accepted: faults.length === 0, faults: unique(faults), path: good ?? found.chains[0] };
}

/** What Go checks of a whole chain. */
function chainFault(chain: readonly X509[], places: Places): Finding | undefined {
  const [leaf] = chain;
  if (leaf !== undefined && !policiesHold(chain)) {
    return finding(
      "chain.policies",
      places.of(leaf),
      "A CA of the chain requires certificate policies which the certificates below it do not have.",
    );
  }
  const forbidding = forbidsServing(chain);
  if (forbidding !== undefined) {
    return finding(
      "chain.extended-key-usage",
      places.of(forbidding),
      `${titleOf(forbidding)} has an extendedKeyUsage extension without serverAuth: neither it nor what is below it may serve.`,
    );
  }
  const constrained = constraintFault(chain);
  return constrained === undefined
    ? undefined
    : finding("chain.name-constraints", places.of(constrained.certificate), `The ${constrained.reason}.`);
}

function unique(faults: readonly Finding[]): Finding[] {
  return [...new Map(faults.map((fault) => [`${fault.code} ${fault.target} ${fault.sentence}`, fault])).values()];
}
