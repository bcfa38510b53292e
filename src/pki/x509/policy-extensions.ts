/** Certificate policies, their mappings and constraints, as Go reads them. Policies are kept as the hex of their OID's bytes. */
import { contextTag, DerReader, type Element, TAG } from "../der/reader.ts";
import { readInt64 } from "../der/values.ts";

/** `undefined` means that the extension (or the field) is absent; a negative number counts as absent, as in Go. */
export interface PolicyRules {
  policies?: readonly string[];
  policyMappings?: readonly PolicyMapping[];
  requireExplicitPolicy?: number;
  inhibitPolicyMapping?: number;
  inhibitAnyPolicy?: number;
}

export interface PolicyMapping {
  readonly issuer: string;
  readonly subject: string;
}

export function readPolicies(value: Element): string[] {
  const what = "the certificate policies";
  const reader = DerReader.of(value).inside(TAG.sequence, what);
  const policies: string[] = [];
  while (!reader.empty) {
    const oid = reader.inside(TAG.sequence, what).element(TAG.oid, what);
    const policy = hexOf(oid);
    // Go keeps these OIDs as bytes, so that arcs may be of any size; they must be minimal, complete and unique.
    if (!isMinimalOid(oid.contents) || policies.includes(policy)) {
      reader.refuse(`${what}: a policy that is malformed or named twice`);
    }
    policies.push(policy);
  }
  return policies;
}

function isMinimalOid(contents: Uint8Array): boolean {
  const last = contents.at(-1);
  if (last === undefined || last >= 0x80) {
    return false;
  }
  return contents.every((byte, index) => byte !== 0x80 || (index > 0 && (contents[index - 1] ?? 0) >= 0x80));
}

export function readPolicyMappings(value: Element): PolicyMapping[] {
  const what = "the policy mappings";
  const reader = DerReader.of(value).inside(TAG.sequence, what);
  const mappings: PolicyMapping[] = [];
  while (!reader.empty) {
    const mapping = reader.inside(TAG.sequence, what);
    const issuer = hexOf(mapping.element(TAG.oid, what));
    mappings.push({ issuer, subject: hexOf(mapping.element(TAG.oid, what)) });
  }
  return mappings;
}

export function readPolicyConstraints(value: Element): PolicyRules {
  const what = "the policy constraints";
  const reader = DerReader.of(value).inside(TAG.sequence, what);
  const rules: PolicyRules = {};
  if (reader.next(contextTag(0))) {
    rules.requireExplicitPolicy = readInt64(reader, what, contextTag(0));
  }
  if (reader.next(contextTag(1))) {
    rules.inhibitPolicyMapping = readInt64(reader, what, contextTag(1));
  }
  return rules;
}

function hexOf(element: Element): string {
  return Buffer.from(element.contents).toString("hex");
}
