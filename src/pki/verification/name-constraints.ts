/** Are all names in a chain allowed by the CAs above? Go's `checkChainConstraints` (crypto/x509/constraints.go). */
import { asciiLowerCase, isDomainName } from "../names/domain-name.ts";
import { ipText, parseIp } from "../names/ip-address.ts";
import { type Mailbox, parseMailbox } from "../names/mailbox.ts";
import type { Uri } from "../names/uri.ts";
import { EXTENSION } from "../x509/extensions.ts";
import type { NameConstraints } from "../x509/name-constraints.ts";
import type { X509 } from "../x509/parse.ts";
import { dnsQueries, emailQueries, ipQueries, type Queries } from "./constraint-set.ts";

export interface ConstraintFault {
  /** Whose name is not allowed. */
  readonly certificate: X509;
  /** A phrase: `DNS name "a.example" is not permitted by any constraint of CN=Root`. */
  readonly reason: string;
}

interface Constrained {
  readonly index: number;
  readonly constraints: NameConstraints;
}

/** The first fault, looking from the leaf up. Names of self-issued intermediates count too, which RFC 5280 exempts. */
export function constraintFault(chain: readonly X509[]): ConstraintFault | undefined {
  const constrained = chain.flatMap(({ nameConstraints }, index) =>
    nameConstraints === undefined ? [] : [{ index, constraints: nameConstraints }],
  );
  for (const [index, certificate] of chain.entries()) {
    const above: Constrained[] = constrained.filter((candidate) => candidate.index > index);
    const hasNames = certificate.extensions.some(({ oid }) => oid === EXTENSION.alternativeNames);
    const reason = hasNames && above.length > 0 ? namesFault(certificate, above) : undefined;
    if (reason !== undefined) {
      return { certificate, reason };
    }
  }
  return undefined;
}

interface NamesToCheck {
  readonly ip: readonly Uint8Array[];
  readonly dns: readonly string[];
  readonly uri: readonly string[];
  readonly email: readonly Mailbox[];
}

/** @param above lowest first */
function namesFault(certificate: X509, above: readonly Constrained[]): string | undefined {
  const uri: string[] = [];
  for (const candidate of certificate.names.uri) {
    const host = uriHost(candidate);
    if (host === undefined) {
      return `URI ${candidate.text} cannot be matched against constraints`;
    }
    uri.push(host);
  }
  const email: Mailbox[] = [];
  for (const text of certificate.names.email) {
    const mailbox = parseMailbox(text);
    if (mailbox === undefined) {
      return `email address ${text} cannot be matched against constraints`;
    }
    email.push({ ...mailbox, domain: asciiLowerCase(mailbox.domain) });
  }
  const names = { ip: certificate.names.ip, dns: certificate.names.dns, uri, email };
  return above.map(({ constraints }) => firstFault(names, constraints)).find((fault) => fault !== undefined);
}

/** Empty hosts, IP addresses and unreadable ports cannot be compared with domains. */
function uriHost(uri: Uri): string | undefined {
  const host = asciiLowerCase(uri.host);
  if (host === "" || (host.startsWith("[") && host.endsWith("]"))) {
    return undefined;
  }
  const bare = host.includes(":") && !host.endsWith("]") ? withoutPort(host) : host;
  return bare === undefined || parseIp(bare.replace(/(:.*)%.*$/, "$1")) !== undefined ? undefined : bare;
}

/** Go's `net.SplitHostPort` for a host that has a colon and is no bracketed literal. */
function withoutPort(host: string): string | undefined {
  const literal = /^\[([^\]]*)\]:[^:]*$/.exec(host);
  if (literal !== null) {
    return literal[1];
  }
  const parts = host.split(":");
  return parts.length === 2 && !/[[\]]/.test(host) ? parts[0] : undefined;
}

function firstFault(names: NamesToCheck, { permitted, excluded }: NameConstraints): string | undefined {
  return (
    check({
      kind: "IP address",
      names: names.ip,
      text: ipText,
      permitted: ipQueries(permitted.ip),
      excluded: ipQueries(excluded.ip),
    }) ??
    check({
      kind: "DNS name",
      names: names.dns,
      text: String,
      domain: String,
      permitted: dnsQueries(permitted.dns, "permitted"),
      excluded: dnsQueries(excluded.dns, "excluded"),
    }) ??
    check({
      kind: "URI",
      names: names.uri,
      text: String,
      domain: String,
      permitted: dnsQueries(permitted.uri, "permitted"),
      excluded: dnsQueries(excluded.uri, "excluded"),
    }) ??
    check({
      kind: "email address",
      names: names.email,
      text: ({ local, domain }) => `${local}@${domain}`,
      domain: ({ domain }) => domain,
      permitted: emailQueries(permitted.email, "permitted"),
      excluded: emailQueries(excluded.email, "excluded"),
    })
  );
}

interface KindOfName<Name> {
  readonly kind: string;
  readonly names: readonly Name[];
  readonly text: (name: Name) => string;
  /** The part that must be a domain name, whether or not there are constraints of this kind. */
  readonly domain?: (name: Name) => string;
  readonly permitted: Queries<Name>;
  readonly excluded: Queries<Name>;
}

function check<Name>(kind: KindOfName<Name>): string | undefined {
  for (const name of kind.names) {
    const text = `${kind.kind} ${kind.text(name)}`;
    if (kind.domain !== undefined && !isDomainName(kind.domain(name), "name")) {
      return `${text} is not a valid name, and there are name constraints`;
    }
    if (kind.permitted.some((query) => query(name) === undefined)) {
      return `${text} is not permitted by any name constraint`;
    }
    const exclusion = kind.excluded.map((query) => query(name)).find((found) => found !== undefined);
    if (exclusion !== undefined) {
      return `${text} is excluded by the name constraint ${JSON.stringify(exclusion)}`;
    }
  }
  return undefined;
}
