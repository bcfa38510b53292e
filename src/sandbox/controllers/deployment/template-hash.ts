/** Telling pod templates apart, and naming ReplicaSets after them. */
import { hash } from "node:crypto";
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
  const { fnv } = markOf(template);
  const number = collisions > 0 ? fnv1a(`#${collisions}`, fnv) : fnv;
  return [...String(number)].map((digit) => ALPHABET[Number(digit)] ?? "").join("");
}

/** Whether two templates make the same pods. */
export function isSameTemplate(a: PodTemplate, b: PodTemplate): boolean {
  return a === b || markOf(a).digest === markOf(b).digest;
}

/** The template with the label set, as a ReplicaSet carries it. */
export function withHash(template: PodTemplate, hash: string): PodTemplate {
  return {
    ...template,
    metadata: { ...template.metadata, labels: { ...template.metadata?.labels, [HASH_LABEL]: hash } },
  };
}

/** What stands for a template's text, which would be some kilobytes for each one. */
interface Mark {
  readonly fnv: number;
  /** SHA-256 of the text. */
  readonly digest: string;
}

/** Every pass over a Deployment compares all its templates again, which are the same objects most of the time. */
const marks = new WeakMap<PodTemplate, Mark>();

function markOf(template: PodTemplate): Mark {
  const known = marks.get(template);
  if (known !== undefined) return known;
  const text = canonical(withoutHash(template));
  const mark = { fnv: fnv1a(text, FNV_OFFSET), digest: hash("sha256", text, "base64") };
  marks.set(template, mark);
  return mark;
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

const FNV_OFFSET = 0x811c9dc5;

/** @param before the hash of what comes before the text */
function fnv1a(text: string, before: number): number {
  let fnv = before;
  for (const byte of new TextEncoder().encode(text)) fnv = Math.imul(fnv ^ byte, 0x01000193);
  return fnv >>> 0;
}
