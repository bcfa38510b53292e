/** The extensions that Go understands (`processExtensions`), and which critical ones it leaves unhandled. */
import { contextTag, DerReader, type Element, TAG } from "../der/reader.ts";
import { bitAt, readBitString, readBoolean, readInt64, readInteger, readOid } from "../der/values.ts";
import { type AlternativeNames, NO_NAMES, readAlternativeNames } from "./alternative-names.ts";
import { type NameConstraints, readNameConstraints } from "./name-constraints.ts";
import { type PolicyRules, readPolicies, readPolicyConstraints, readPolicyMappings } from "./policy-extensions.ts";

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  /** The contents of the octet string. */
  readonly value: Element;
}

export const EXTENSION = {
  subjectKeyId: "2.5.29.14",
  keyUsage: "2.5.29.15",
  alternativeNames: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  distributionPoints: "2.5.29.31",
  policies: "2.5.29.32",
  policyMappings: "2.5.29.33",
  authorityKeyId: "2.5.29.35",
  policyConstraints: "2.5.29.36",
  extendedKeyUsage: "2.5.29.37",
  inhibitAnyPolicy: "2.5.29.54",
  authorityInformation: "1.3.6.1.5.5.7.1.1",
} as const;

/** Bits of keyUsage that we look at. */
export const KEY_USAGE = { digitalSignature: 0, keyEncipherment: 2, keyAgreement: 4, certificateSign: 5 } as const;

export interface ExtensionFacts extends PolicyRules {
  /** Indexes of the bits that are set; undefined without the extension. */
  keyUsage?: ReadonlySet<number>;
  basicConstraints?: { readonly isCa: boolean; readonly maxPathLength?: number };
  names: AlternativeNames;
  nameConstraints?: NameConstraints;
  /** Object identifiers; undefined without the extension. */
  extendedKeyUsage?: readonly string[];
  subjectKeyId?: Uint8Array;
  authorityKeyId?: Uint8Array;
  /** Critical extensions that Go does not (fully) understand: it never accepts such a certificate in a chain. */
  unhandledCritical: readonly string[];
}

/** @throws EncodingRefused where Go refuses the certificate */
export function processExtensions(extensions: readonly Extension[]): ExtensionFacts {
  const facts: ExtensionFacts = { names: NO_NAMES, unhandledCritical: [] };
  const unhandled: string[] = [];
  for (const extension of extensions) {
    const handled = process(extension, facts);
    if (extension.critical && handled === "unhandled") {
      unhandled.push(extension.oid);
    }
  }
  facts.unhandledCritical = unhandled;
  return facts;
}

type Outcome = "handled" | "unhandled";

function process(extension: Extension, facts: ExtensionFacts): Outcome {
  const value = extension.value;
  switch (extension.oid) {
    case EXTENSION.keyUsage:
      facts.keyUsage = readKeyUsage(value);
      return "handled";
    case EXTENSION.basicConstraints:
      facts.basicConstraints = readBasicConstraints(value);
      return "handled";
    case EXTENSION.alternativeNames:
      facts.names = readAlternativeNames(value);
      return Object.values(facts.names).every((names) => names.length === 0) ? "unhandled" : "handled";
    case EXTENSION.nameConstraints:
      facts.nameConstraints = readNameConstraints(value);
      return facts.nameConstraints.hasOtherKinds ? "unhandled" : "handled";
    case EXTENSION.extendedKeyUsage:
      facts.extendedKeyUsage = readOids(value, "the extended key usage");
      return "handled";
    case EXTENSION.authorityKeyId:
      return assignKeyId(facts, "authorityKeyId", readAuthorityKeyId(extension));
    case EXTENSION.subjectKeyId:
      return assignKeyId(facts, "subjectKeyId", readSubjectKeyId(extension));
    default:
      return processRest(extension, facts);
  }
}

function processRest(extension: Extension, facts: ExtensionFacts): Outcome {
  switch (extension.oid) {
    case EXTENSION.distributionPoints:
      checkDistributionPoints(extension.value);
      return "handled";
    case EXTENSION.authorityInformation:
      checkAuthorityInformation(extension);
      return "handled";
    case EXTENSION.policies:
      facts.policies = readPolicies(extension.value);
      return "handled";
    case EXTENSION.policyMappings:
      facts.policyMappings = readPolicyMappings(extension.value);
      return "handled";
    case EXTENSION.policyConstraints:
      Object.assign(facts, readPolicyConstraints(extension.value));
      return "handled";
    case EXTENSION.inhibitAnyPolicy:
      facts.inhibitAnyPolicy = readInt64(DerReader.of(extension.value), "inhibitAnyPolicy");
      return "handled";
    default:
      return "unhandled";
  }
}

function assignKeyId(
  facts: ExtensionFacts,
  field: "authorityKeyId" | "subjectKeyId",
  id: Uint8Array | undefined,
): Outcome {
  if (id !== undefined) {
    facts[field] = id;
  }
  return "handled";
}

function readKeyUsage(value: Element): ReadonlySet<number> {
  const bits = readBitString(DerReader.of(value), "the key usage");
  return new Set([0, 1, 2, 3, 4, 5, 6, 7, 8].filter((index) => bitAt(bits, index)));
}

function readBasicConstraints(value: Element): { readonly isCa: boolean; readonly maxPathLength?: number } {
  const what = "the basic constraints";
  const reader = DerReader.of(value).inside(TAG.sequence, what);
  const isCa = reader.next(TAG.boolean) ? readBoolean(reader, what) : false;
  if (!reader.next(TAG.integer)) {
    return { isCa };
  }
  const length = readInteger(reader, what);
  if (length < 0n || length >= 2n ** 63n) {
    reader.refuse("the basic constraints: a path length that is negative or absurd");
  }
  return { isCa, maxPathLength: Number(length) };
}

function readOids(value: Element, what: string): string[] {
  const reader = DerReader.of(value).inside(TAG.sequence, what);
  const oids: string[] = [];
  while (!reader.empty) {
    oids.push(readOid(reader, what));
  }
  return oids;
}

function readAuthorityKeyId({ critical, value }: Extension): Uint8Array | undefined {
  const what = "the authority key identifier";
  const reader = DerReader.of(value);
  if (critical) {
    reader.refuse(`${what} is marked critical, which RFC 5280 forbids`);
  }
  return reader.inside(TAG.sequence, what).optional(contextTag(0), what)?.contents;
}

function readSubjectKeyId({ critical, value }: Extension): Uint8Array {
  const what = "the subject key identifier";
  const reader = DerReader.of(value);
  if (critical) {
    reader.refuse(`${what} is marked critical, which RFC 5280 forbids`);
  }
  return reader.element(TAG.octetString, what).contents;
}

/** Go reads the addresses only; what it cannot read makes it refuse the certificate. */
function checkDistributionPoints(value: Element): void {
  const what = "the CRL distribution points";
  const points = DerReader.of(value).inside(TAG.sequence, what);
  while (!points.empty) {
    const name = points.inside(TAG.sequence, what).optional(contextTag(0, "constructed"), what);
    if (name !== undefined) {
      const names = DerReader.of(name).inside(contextTag(0, "constructed"), what);
      while (names.next(contextTag(6))) {
        names.element(contextTag(6), what);
      }
    }
  }
}

function checkAuthorityInformation({ critical, value }: Extension): void {
  const what = "the authority information access";
  const reader = DerReader.of(value);
  if (critical) {
    reader.refuse(`${what} is marked critical, which RFC 5280 forbids`);
  }
  const descriptions = reader.inside(TAG.sequence, what);
  while (!descriptions.empty) {
    const description = descriptions.inside(TAG.sequence, what);
    readOid(description, what);
    description.optional(contextTag(6), what);
  }
}
