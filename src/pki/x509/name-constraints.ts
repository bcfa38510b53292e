/** The name constraints extension: Go's `parseNameConstraintsExtension`. */
import { contextTag, DerReader, type Element, TAG } from "../der/reader.ts";
import { isDomainName } from "../names/domain-name.ts";
import { parseIp } from "../names/ip-address.ts";
import { parseMailbox } from "../names/mailbox.ts";
import { isAscii } from "./name.ts";

export interface IpRange {
  readonly ip: Uint8Array;
  readonly mask: Uint8Array;
}

/** Names that are permitted, or excluded, by kind. Text holds one byte per character. */
interface Subtrees {
  readonly dns: readonly string[];
  readonly ip: readonly IpRange[];
  readonly email: readonly string[];
  readonly uri: readonly string[];
}

export interface NameConstraints {
  readonly permitted: Subtrees;
  readonly excluded: Subtrees;
  /** There are constraints of a kind that Go does not check (directory names, …): it refuses them when critical. */
  readonly hasOtherKinds: boolean;
}

const WHAT = "the name constraints";

export function readNameConstraints(value: Element): NameConstraints {
  const outer = DerReader.of(value);
  const whole = outer.inside(TAG.sequence, WHAT);
  const permitted = whole.optional(contextTag(0, "constructed"), WHAT);
  const excluded = whole.optional(contextTag(1, "constructed"), WHAT);
  if (!outer.empty || !whole.empty) {
    outer.refuse("the name constraints are followed by other data", "trailing-data");
  }
  if ((permitted?.contents.length ?? 0) === 0 && (excluded?.contents.length ?? 0) === 0) {
    outer.refuse("the name constraints are empty");
  }
  const first = readSubtrees(permitted);
  const second = readSubtrees(excluded);
  return { permitted: first, excluded: second, hasOtherKinds: first.others > 0 || second.others > 0 };
}

interface MutableSubtrees {
  readonly dns: string[];
  readonly ip: IpRange[];
  readonly email: string[];
  readonly uri: string[];
  others: number;
}

function readSubtrees(element: Element | undefined): MutableSubtrees {
  const found: MutableSubtrees = { dns: [], ip: [], email: [], uri: [], others: 0 };
  const reader = element === undefined ? new DerReader(new Uint8Array()) : DerReader.of(element);
  while (!reader.empty) {
    const subtree = reader.inside(TAG.sequence, WHAT);
    readBase(subtree, subtree.any(WHAT), found);
  }
  return found;
}

function readBase(reader: DerReader, base: Element, found: MutableSubtrees): void {
  switch (base.tag) {
    case contextTag(2):
      found.dns.push(domainOf(reader, base));
      return;
    case contextTag(7):
      found.ip.push(rangeOf(reader, base.contents));
      return;
    case contextTag(1):
      found.email.push(emailOf(reader, base));
      return;
    case contextTag(6): {
      const domain = domainOf(reader, base);
      if (parseIp(domain) !== undefined) {
        reader.refuse("a URI constraint that is an IP address");
      }
      found.uri.push(domain);
      return;
    }
    default:
      found.others += 1;
  }
}

function textOf(reader: DerReader, base: Element): string {
  if (!isAscii(base.contents)) {
    reader.refuse("a name constraint that is not ASCII");
  }
  return Buffer.from(base.contents).toString("latin1");
}

function domainOf(reader: DerReader, base: Element): string {
  const domain = textOf(reader, base);
  return isDomainName(domain, "constraint") ? domain : reader.refuse("a name constraint that is not a domain name");
}

function emailOf(reader: DerReader, base: Element): string {
  const text = textOf(reader, base);
  const valid = text.includes("@") ? parseMailbox(text) !== undefined : isDomainName(text, "constraint");
  return valid ? text : reader.refuse("a name constraint that is not a mailbox");
}

function rangeOf(reader: DerReader, contents: Uint8Array): IpRange {
  if (contents.length !== 8 && contents.length !== 32) {
    reader.refuse(`an IP address constraint of ${contents.length} bytes`);
  }
  const half = contents.length / 2;
  const mask = contents.subarray(half);
  const bits = [...mask].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  if (!/^1*0*$/.test(bits)) {
    reader.refuse("an IP address constraint whose mask has gaps");
  }
  return { ip: contents.subarray(0, half), mask };
}
