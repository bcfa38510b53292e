/** A stored object as a controller holds it: the object itself beside the parts of it that the controller reads. */
import { z } from "zod";
import { sharing } from "../api-server/json-value.ts";
import type { KubeObject } from "../cluster-client.ts";

export interface Item<Spec, Status> {
  readonly object: KubeObject;
  /** `namespace/name`, or the name alone for a cluster-scoped kind. */
  readonly key: string;
  readonly name: string;
  /** "" for a cluster-scoped kind. */
  readonly namespace: string;
  readonly uid: string;
  readonly spec: Spec;
  readonly status: Status;
}

/** Reads a stored object; undefined when it has not the shape of its kind, which an API server would not store. */
export type Reader<T> = (object: KubeObject) => T | undefined;

/** Makes the reader of a kind from the shapes of its spec and status; both may be missing in the object. */
export function reader<Spec extends object, Status extends object>(
  spec: z.ZodType<Spec>,
  status: z.ZodType<Status>,
): Reader<Item<Spec, Status>> {
  const readSpec = remembering(spec);
  const readStatus = remembering(status);
  return (object) => {
    const specRead = readSpec(object.spec ?? NOTHING);
    const statusRead = readStatus(object.status ?? NOTHING);
    if (specRead === undefined || statusRead === undefined) return undefined;
    return { ...identity(object), spec: specRead, status: statusRead };
  };
}

const NOTHING = Object.freeze({});

/**
 * Versions of a stored object share the parts that did not change, and what is frozen stays as it is: each part is
 * read once, and what is made of it is shared in turn.
 */
function remembering<T extends object>(shape: z.ZodType<T>): (part: unknown) => T | undefined {
  const known = new WeakMap<object, T>();
  return (part) => {
    if (typeof part !== "object" || part === null || !Object.isFrozen(part)) return shape.safeParse(part).data;
    const remembered = known.get(part);
    if (remembered !== undefined) return remembered;
    const read = shape.safeParse(part);
    if (!read.success) return undefined;
    // What was read differs from what is stored where a default was filled in; all else need not be there twice, and
    // sharing keeps the shape.
    const kept = sharing(part, read.data) as T;
    known.set(part, kept);
    return kept;
  };
}

/** An object without spec and status that is kept as it is stored: Secrets and ConfigMaps. */
export type PlainItem = Item<undefined, undefined>;

/** Reads an object of which only identity and content matter. */
export const readPlain: Reader<PlainItem> = (object) => ({ ...identity(object), spec: undefined, status: undefined });

/** The key of an object: `namespace/name`, or the name alone. */
export function keyOf(namespace: string | undefined, name: string): string {
  return namespace ? `${namespace}/${name}` : name;
}

function identity(object: KubeObject) {
  const { name, namespace = "", uid = "" } = object.metadata;
  return { object, key: keyOf(namespace, name), name, namespace, uid };
}

/** A label selector as workloads carry it. */
export const labelSelector = z.looseObject({ matchLabels: z.record(z.string(), z.string()).optional() });
