/**
 * Certificate policies along a chain: Go 1.26's `policiesValid` (RFC 5280 §6.1 as updated by RFC 9618), for callers that
 * ask for no policy. It fails only where a CA requires an explicit policy and none is left, or maps anyPolicy.
 */
import type { X509 } from "../x509/parse.ts";
import { ANY_POLICY, PolicyGraph } from "./policy-graph.ts";

interface Counters {
  inhibitAny: number;
  explicit: number;
  mapping: number;
}

/** @param chain leaf first, anchor last; the anchor's own policies do not count */
export function policiesHold(chain: readonly X509[]): boolean {
  const below = chain.slice(0, -1);
  const counters: Counters = { inhibitAny: below.length + 1, explicit: below.length + 1, mapping: below.length + 1 };
  let graph: PolicyGraph | undefined = new PolicyGraph();
  for (const [index, certificate] of [...below.entries()].toReversed()) {
    if ((certificate.policies ?? []).length === 0) {
      graph = undefined;
    }
    if (counters.explicit === 0 && graph === undefined) {
      return false;
    }
    const isLeaf = index === 0;
    if (graph !== undefined && !process(graph, certificate, { counters, isLeaf })) {
      return false;
    }
    if (!isLeaf) {
      count(counters, certificate);
    }
  }
  return outcome(chain, counters, graph);
}

function outcome(chain: readonly X509[], counters: Counters, graph: PolicyGraph | undefined): boolean {
  if (chain.length === 1) {
    return true;
  }
  const explicit = chain[0]?.requireExplicitPolicy === 0 ? 0 : Math.max(counters.explicit - 1, 0);
  return explicit > 0 || (graph?.hasValidPolicy ?? false);
}

/** False where Go refuses at once. */
function process(
  graph: PolicyGraph,
  certificate: X509,
  { counters, isLeaf }: { readonly counters: Counters; readonly isLeaf: boolean },
): boolean {
  const policies = certificate.policies ?? [];
  graph.deepen();
  for (const policy of policies.filter((candidate) => candidate !== ANY_POLICY)) {
    const parents = graph.parentsFor(policy);
    if (parents.length > 0) {
      graph.insert(policy, parents);
    }
  }
  if (policies.includes(ANY_POLICY) && (counters.inhibitAny > 0 || (!isLeaf && isSelfIssued(certificate)))) {
    graph.insertForAny();
  }
  graph.prune();
  return isLeaf || applyMappings(graph, certificate, counters.mapping > 0);
}

function applyMappings(graph: PolicyGraph, certificate: X509, allowed: boolean): boolean {
  const mappings = certificate.policyMappings ?? [];
  if (allowed && mappings.some(({ issuer, subject }) => issuer === ANY_POLICY || subject === ANY_POLICY)) {
    return false;
  }
  if (!allowed) {
    for (const { issuer } of mappings) {
      graph.deleteLeaf(issuer);
    }
  }
  graph.prune();
  if (allowed) {
    for (const [issuer, group] of Map.groupBy(mappings, (mapping) => mapping.issuer)) {
      graph.map(
        issuer,
        group.map(({ subject }) => subject),
      );
    }
  }
  return true;
}

function count(counters: Counters, certificate: X509): void {
  if (!isSelfIssued(certificate)) {
    counters.explicit = Math.max(counters.explicit - 1, 0);
    counters.mapping = Math.max(counters.mapping - 1, 0);
    counters.inhibitAny = Math.max(counters.inhibitAny - 1, 0);
  }
  counters.explicit = lowered(counters.explicit, certificate.requireExplicitPolicy);
  counters.mapping = lowered(counters.mapping, certificate.inhibitPolicyMapping);
  counters.inhibitAny = lowered(counters.inhibitAny, certificate.inhibitAnyPolicy);
}

/** Negative limits count as absent, as in Go. */
function lowered(counter: number, limit: number | undefined): number {
  return limit !== undefined && limit >= 0 ? Math.min(counter, limit) : counter;
}

function isSelfIssued(certificate: X509): boolean {
  return Buffer.from(certificate.issuer.raw).equals(certificate.subject.raw);
}
