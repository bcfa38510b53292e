/**
 * Name constraints of one certificate, searched in both ways that agents' Go has. Go 1.26 (crypto/x509/constraints.go)
 * sorts, prunes and searches by halves, looking at one neighbour only: ported step by step, since that decides what
 * happens with overlapping or odd constraints. Go ≤ 1.25 (`matchIPConstraint`, `matchDomainConstraint` in verify.go)
 * looks at each constraint in turn. Agents of Rancher 2.6–2.15 are built with Go 1.17–1.25, later ones with 1.26: a name
 * is permitted where both searches find a constraint, and excluded where either does.
 */
import { asciiLowerCase } from "../names/domain-name.ts";
import type { Mailbox } from "../names/mailbox.ts";
import { parseMailbox } from "../names/mailbox.ts";
import type { IpRange } from "../x509/name-constraints.ts";

/** The constraint that one way of searching finds for a name, or undefined. */
export type Query<Name> = (name: Name) => string | undefined;

/** One query per way of searching; none where there are no constraints of the kind. */
export type Queries<Name> = readonly Query<Name>[];

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

export function ipQueries(ranges: readonly IpRange[]): Queries<Uint8Array> {
  return ranges.length === 0 ? [] : [ipSearch(ranges), (ip) => rangeText(ranges.find((range) => contains(range, ip)))];
}

function ipSearch(ranges: readonly IpRange[]): Query<Uint8Array> {
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
      (range) => containsShortened(range, ip),
    );
    return rangeText(found);
  };
}

function compareRanges(a: IpRange, b: IpRange): number {
  return Buffer.compare(a.ip, b.ip) || Buffer.compare(a.mask, b.mask);
}

function coversRange(a: IpRange, b: IpRange): boolean {
  return (
    containsShortened(a, b.ip) &&
    containsShortened(
      a,
      b.ip.map((byte, index) => byte | (~(b.mask[index] ?? 0) & 0xff)),
    )
  );
}

/** Octet by octet; an IPv4 address in IPv6 form is an IPv6 address. */
function contains(range: IpRange, ip: Uint8Array): boolean {
  return (
    range.ip.length === ip.length &&
    range.ip.every((byte, index) => (byte & (range.mask[index] ?? 0)) === ((ip[index] ?? 0) & (range.mask[index] ?? 0)))
  );
}

/** Go's `net.IPNet.Contains`: `::ffff:a.b.c.d` is the IPv4 address a.b.c.d, in a range as in a name. */
function containsShortened(range: IpRange, ip: Uint8Array): boolean {
  const network = shortened(range.ip);
  return contains({ ip: network, mask: range.mask.subarray(range.mask.length - network.length) }, shortened(ip));
}

const IPV4_IN_IPV6 = Buffer.from("00000000000000000000ffff", "hex");

function shortened(ip: Uint8Array): Uint8Array {
  return ip.length === 16 && IPV4_IN_IPV6.equals(ip.subarray(0, 12)) ? ip.subarray(12) : ip;
}

function rangeText(range: IpRange | undefined): string | undefined {
  return range && `${Buffer.from(range.ip).toString("hex")}/${Buffer.from(range.mask).toString("hex")}`;
}

export function dnsQueries(constraints: readonly string[], use: "permitted" | "excluded"): Queries<string> {
  if (constraints.length === 0) {
    return [];
  }
  if (constraints.includes("")) {
    return [() => ""];
  }
  return [dnsSearch(constraints, use), (name) => constraints.find((constraint) => isSuffix(constraint, name))];
}

function dnsSearch(constraints: readonly string[], use: "permitted" | "excluded"): Query<string> {
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

export function emailQueries(constraints: readonly string[], use: "permitted" | "excluded"): Queries<Mailbox> {
  if (constraints.length === 0) {
    return [];
  }
  const exact = new Set<string>();
  for (const constraint of constraints) {
    const mailbox = constraint.includes("@") ? parseMailbox(constraint) : undefined;
    if (mailbox !== undefined) {
      exact.add(mailboxText(mailbox));
    }
  }
  const findExact: Query<Mailbox> = (mailbox) => {
    const text = mailboxText(mailbox);
    return exact.has(text) ? text : undefined;
  };
  const domains = dnsQueries(
    constraints.filter((constraint) => !constraint.includes("@")),
    use,
  );
  return domains.length === 0
    ? [findExact]
    : domains.map((query) => (mailbox: Mailbox) => findExact(mailbox) ?? query(mailbox.domain));
}

/** The domain does not depend on case, the local part does. */
function mailboxText({ local, domain }: Mailbox): string {
  return `${local}@${asciiLowerCase(domain)}`;
}
