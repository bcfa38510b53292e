/** The graph of valid policies of RFC 9618, as Go 1.26 keeps it (crypto/x509/verify.go `policyGraph`). */

/** anyPolicy, 2.5.29.32.0, as the hex of its bytes. */
export const ANY_POLICY = "551d2000";

export interface PolicyNode {
  readonly policy: string;
  expected: readonly string[];
  readonly parents: Set<PolicyNode>;
  readonly children: Set<PolicyNode>;
}

type Stratum = Map<string, PolicyNode>;

export class PolicyGraph {
  readonly #strata: Stratum[];
  #byExpected = new Map<string, PolicyNode[]>();

  constructor() {
    const root = {
      policy: ANY_POLICY,
      expected: [ANY_POLICY],
      parents: new Set<PolicyNode>(),
      children: new Set<PolicyNode>(),
    };
    this.#strata = [new Map([[ANY_POLICY, root]])];
  }

  /** Starts the next certificate. */
  deepen(): void {
    this.#byExpected = new Map();
    for (const node of this.#leaves.values()) {
      for (const policy of node.expected) {
        this.#byExpected.set(policy, [...(this.#byExpected.get(policy) ?? []), node]);
      }
    }
    this.#strata.push(new Map());
  }

  insert(policy: string, parents: readonly PolicyNode[], expected: readonly string[] = [policy]): void {
    const node: PolicyNode = { policy, expected, parents: new Set(parents), children: new Set() };
    for (const parent of parents) {
      parent.children.add(node);
    }
    this.#leaves.set(policy, node);
  }

  /** The nodes above that a policy of the current certificate continues. */
  parentsFor(policy: string): readonly PolicyNode[] {
    const expecting = this.#byExpected.get(policy);
    const any = this.#above.get(ANY_POLICY);
    return expecting ?? (any === undefined ? [] : [any]);
  }

  /** anyPolicy continues everything above that nothing else continues. */
  insertForAny(): void {
    const missing = new Map<string, PolicyNode[]>();
    for (const parent of this.#above.values()) {
      for (const policy of parent.expected) {
        if (!this.#leaves.has(policy)) {
          missing.set(policy, [...(missing.get(policy) ?? []), parent]);
        }
      }
    }
    for (const [policy, parents] of missing) {
      this.insert(policy, parents);
    }
  }

  /** Maps a policy for the certificates below. */
  map(issuer: string, subjects: readonly string[]): void {
    const node = this.#leaves.get(issuer);
    const any = this.#leaves.get(ANY_POLICY);
    if (node !== undefined) {
      node.expected = subjects;
    } else if (any !== undefined) {
      this.insert(issuer, [any], subjects);
    }
  }

  deleteLeaf(policy: string): void {
    const node = this.#leaves.get(policy);
    if (node !== undefined) {
      unlink(node);
      this.#leaves.delete(policy);
    }
  }

  /** Drops nodes above that nothing continues. */
  prune(): void {
    for (const stratum of this.#strata.slice(1, -1).toReversed()) {
      for (const [policy, node] of stratum) {
        if (node.children.size === 0) {
          unlink(node);
          stratum.delete(policy);
        }
      }
    }
  }

  /** Whether any policy survives: one that came in below anyPolicy, or anyPolicy itself. */
  get hasValidPolicy(): boolean {
    const specific = this.#strata
      .flatMap((stratum) => [...stratum.values()])
      .some(
        ({ policy, parents }) =>
          policy !== ANY_POLICY && parents.size === 1 && [...parents].every((parent) => parent.policy === ANY_POLICY),
      );
    return specific || this.#leaves.has(ANY_POLICY);
  }

  get #leaves(): Stratum {
    return this.#strata.at(-1) ?? new Map();
  }

  get #above(): Stratum {
    return this.#strata.at(-2) ?? new Map();
  }
}

function unlink(node: PolicyNode): void {
  for (const parent of node.parents) {
    parent.children.delete(node);
  }
  for (const child of node.children) {
    child.parents.delete(node);
  }
}
