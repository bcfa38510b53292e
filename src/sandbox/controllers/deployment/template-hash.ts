/** Telling pod templates apart, and naming ReplicaSets after them. */
import type { PodTemplate } from "../workload.ts";

/** The label by which the pods of a Deployment's ReplicaSets differ. It is never part of the comparison. */
export const HASH_LABEL = "pod-template-hash";

/** Kubernetes' SafeEncodeString: no vowels and no digits that look like them, so that no hash spells a word. */
const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/**
 * The hash of a template, up to ten letters. `collisions` (a Deployment's `status.collisionCount`) gives another one
 * when the name that the first would make is taken. The letters differ from Kubernetes' own, which hashes Go's memory
 * layout; nobody may depend on them.
 */
export function templateHash(template: PodTemplate, collisions = 0): string {
  const text = canonicalText(template) + (collisions > 0 ? `#${collisions}` : "");
  return [...String(fnv1a(text))].map((digit) => ALPHABET[Number(digit)] ?? "").join("");
}

/** Whether two templates make the same pods. */
export function isSameTemplate(a: PodTemplate, b: PodTemplate): boolean {
  return canonicalText(a) === canonicalText(b);
}

/** The template with the label set, as a ReplicaSet carries it. */
export function withHash(template: PodTemplate, hash: string): PodTemplate {
  return {
    ...template,
    metadata: { ...template.metadata, labels: { ...template.metadata?.labels, [HASH_LABEL]: hash } },
  };
}

/** Every pass over a Deployment compares all its templates again, which are the same objects most of the time. */
const texts = new WeakMap<PodTemplate, string>();

function canonicalText(template: PodTemplate): string {
  const known = texts.get(template);
  if (known !== undefined) return known;
  const text = canonical(withoutHash(template));
  texts.set(template, text);
  return text;
}

function withoutHash(template: PodTemplate): PodTemplate {
  const { [HASH_LABEL]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

/**
 * JSON with sorted keys and without what is empty. Go's types cannot tell an empty list, map or text from none, so
 * that `kubectl rollout undo` sends back templates that differ from what it read in exactly these.
 */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, each]) => !isEmpty(each));
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join(",")}}`;
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  return typeof value === "object" && Object.values(value).every(isEmpty);
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
