/**
 * Name constraints of one certificate, searched as Go 1.26 does (crypto/x509/constraints.go): sorted, pruned, then by
 * binary search. Ported step by step, since the search decides what happens with overlapping or odd constraints.
 */
import { asciiLowerCase } from "../names/domain-name.ts";
import type { Mailbox } from "../names/mailbox.ts";
import { parseMailbox } from "../names/mailbox.ts";
import type { IpRange } from "../x509/name-constraints.ts";

/** The constraint that covers a name, or undefined. */
export type Query<Name> = (name: Name) => string | undefined;

function prune<T>(list: readonly T[], compare: (a: T, b: T) => number, covers: (a: T, b: T) => boolean): T[] {
  const kept: T[] = [];
  for (const item of list.toSorted(compare)) {
    const last = kept.at(-1);
    if (last === undefined || !covers(last, item)) {
      kept.push(item);
    }
  }
  return kept;
}

/** Finds the constraint that equals the name, or else looks at its lower neighbour only. */
function search<T>(
  sorted: readonly T[],
  compare: (constraint: T) => number,
  matches: (constraint: T) => boolean,
): T | undefined {
  const found = sorted.findIndex((constraint) => compare(constraint) >= 0);
  const index = found === -1 ? sorted.length : found;
  const exact = sorted[index];
  if (exact !== undefined && compare(exact) === 0) {
    return exact;
  }
  const neighbour = sorted[Math.max(index - 1, 0)];
  return neighbour !== undefined && matches(neighbour) ? neighbour : undefined;
}

export function ipQuery(ranges: readonly IpRange[]): Query<Uint8Array> | undefined {
  if (ranges.length === 0) {
    return undefined;
  }
  const bySize = new Map(
    [4, 16].map((size) => [
      size,
      prune(
        ranges.filter(({ ip }) => ip.length === size),
        compareRanges,
        coversRange,
      ),
    ]),
  );
  return (ip) => {
    const sorted = bySize.get(ip.length) ?? [];
    const found = search(
      sorted,
      (range) => Buffer.compare(range.ip, ip),
      (range) => contains(range, ip),
    );
    return found === undefined ? undefined : rangeText(found);
  };
}

function compareRanges(a: IpRange, b: IpRange): number {
  return Buffer.compare(a.ip, b.ip) || Buffer.compare(a.mask, b.mask);
}

function coversRange(a: IpRange, b: IpRange): boolean {
  return (
    contains(a, b.ip) &&
    contains(
      a,
      b.ip.map((byte, index) => byte | (~(b.mask[index] ?? 0) & 0xff)),
    )
  );
}

function contains(range: IpRange, ip: Uint8Array): boolean {
  return range.ip.every(
    (byte, index) => (byte & (range.mask[index] ?? 0)) === ((ip[index] ?? 0) & (range.mask[index] ?? 0)),
  );
}

function rangeText({ ip, mask }: IpRange): string {
  return `${Buffer.from(ip).toString("hex")}/${Buffer.from(mask).toString("hex")}`;
}

export function dnsQuery(constraints: readonly string[], use: "permitted" | "excluded"): Query<string> | undefined {
  if (constraints.length === 0) {
    return undefined;
  }
  if (constraints.includes("")) {
    return () => "";
  }
  const sorted = prune(constraints, compareDomains, isSuffix);
  const parents = use === "excluded" ? parentsOf(sorted) : new Map<string, string>();
  return (name) => {
    const found = search(
      sorted,
      (constraint) => compareDomains(constraint, name),
      (constraint) => isSuffix(constraint, name),
    );
    if (found !== undefined) {
      return found;
    }
    return name.startsWith("*") ? parents.get(withoutFirstLabel(asciiLowerCase(name))) : undefined;
  };
}

/** `*.example.com` also stands for an excluded `foo.example.com`. */
function parentsOf(constraints: readonly string[]): Map<string, string> {
  const parents = new Map<string, string>();
  for (const constraint of constraints.map(asciiLowerCase)) {
    const parent = withoutFirstLabel(constraint);
    if (parent !== "") {
      parents.set(parent, constraint);
    }
  }
  return parents;
}

function withoutFirstLabel(name: string): string {
  const dot = name.indexOf(".");
  return dot < 0 ? "" : name.slice(dot);
}

/** Whether `name` is `constraint` or below it; a constraint with a leading period means below only. */
function isSuffix(constraint: string, name: string): boolean {
  if (!asciiLowerCase(name).endsWith(asciiLowerCase(constraint))) {
    return false;
  }
  return constraint.startsWith(".") || name.length === constraint.length || name.at(-constraint.length - 1) === ".";
}

/** Compares from the end, case-insensitively, a period sorting before everything else. */
function compareDomains(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let index = 1; index <= shorter; index += 1) {
    const difference = weight(a, a.length - index) - weight(b, b.length - index);
    if (difference !== 0) {
      return difference;
    }
  }
  return a.length - b.length;
}

function weight(text: string, index: number): number {
  const character = text.charAt(index);
  return character === "." ? 0 : asciiLowerCase(character).charCodeAt(0);
}

export function emailQuery(constraints: readonly string[], use: "permitted" | "excluded"): Query<Mailbox> | undefined {
  if (constraints.length === 0) {
    return undefined;
  }
  const exact = new Set<string>();
  for (const constraint of constraints) {
    const mailbox = constraint.includes("@") ? parseMailbox(constraint) : undefined;
    if (mailbox !== undefined) {
      exact.add(mailboxText(mailbox));
    }
  }
  const domains = dnsQuery(
    constraints.filter((constraint) => !constraint.includes("@")),
    use,
  );
  return (mailbox) => (exact.has(mailboxText(mailbox)) ? mailboxText(mailbox) : domains?.(mailbox.domain));
}

/** The domain does not depend on case, the local part does. */
function mailboxText({ local, domain }: Mailbox): string {
  return `${local}@${asciiLowerCase(domain)}`;
}
