/** What the API server knows of a kind of object. The whole API is a table of these. */

import type { KubeObject, NewObject } from "../cluster-client.ts";

/** A column of `kubectl get`, as the server prints it (`meta.k8s.io/v1` Table). */
export interface Column {
  readonly name: string;
  readonly type?: "string" | "integer" | "date";
  readonly description?: string;
  /** 0 is always shown; 1 only with `-o wide`. */
  readonly priority?: 0 | 1;
  cell(object: KubeObject, now: Date): string | number;
}

/** One reason why an object is not valid: becomes a cause of the 422 answer. */
export interface FieldError {
  readonly field: string;
  readonly reason: "FieldValueRequired" | "FieldValueInvalid" | "FieldValueForbidden" | "FieldValueTooLong";
  /** As the API words it, with the field left out: `Required value`, `Invalid value: "x": …`. */
  readonly message: string;
}

export interface ResourceKind {
  /** "" for the core group. */
  readonly group: string;
  readonly version: string;
  /** The plural, as in the URL. */
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /**
   * Whether `/status` exists. If so, the main endpoint ignores changes of the status and `/status` changes nothing
   * else; if not, `/status` answers 404 and a plain write changes the status.
   */
  readonly statusSubresource: boolean;
  /** Whether `metadata.generation` counts changes of everything but metadata and status. */
  readonly tracksGeneration: boolean;
  /**
   * Defined by a CustomResourceDefinition: no strategic merge patch, updates must carry a resourceVersion, and the
   * definition itself is stored as an object.
   */
  readonly custom: boolean;
  readonly columns?: readonly Column[];
  /** Fields beside metadata.name and metadata.namespace that a field selector may name; dotted paths. */
  readonly selectableFields?: readonly string[];
  /** Whether names follow the rules of a path segment (RBAC) instead of those of a DNS subdomain. */
  readonly pathSegmentNames?: boolean;
  /** Fills in what the API fills in. Must return the same object if there is nothing to fill in. */
  prepare?(object: NewObject, old: KubeObject | undefined): NewObject;
  validate?(object: NewObject, old: KubeObject | undefined): readonly FieldError[];
}

/** `apps/v1` or `v1`. */
export function apiVersionOf(kind: { readonly group: string; readonly version: string }): string {
  return kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
}

/** `deployments.apps` or `pods`: how messages name a resource. */
export function qualifiedResource(kind: { readonly group: string; readonly resource: string }): string {
  return kind.group === "" ? kind.resource : `${kind.resource}.${kind.group}`;
}

/** `Deployment.apps` or `Pod`: how messages about invalid objects name a kind. */
export function qualifiedKind(kind: { readonly group: string; readonly kind: string }): string {
  return kind.group === "" ? kind.kind : `${kind.kind}.${kind.group}`;
}

/** The kinds of one server, found by what a URL says. */
export class KindTable {
  readonly all: readonly ResourceKind[];
  readonly #byPath = new Map<string, ResourceKind>();

  constructor(kinds: readonly ResourceKind[]) {
    this.all = kinds;
    for (const kind of kinds) this.#byPath.set(`${kind.group}/${kind.version}/${kind.resource}`, kind);
  }

  find(group: string, version: string, resource: string): ResourceKind | undefined {
    return this.#byPath.get(`${group}/${version}/${resource}`);
  }

  /** Group names in the order of the table, "" included. */
  groups(): readonly string[] {
    return [...new Set(this.all.map((kind) => kind.group))];
  }

  versions(group: string): readonly string[] {
    return [...new Set(this.all.filter((kind) => kind.group === group).map((kind) => kind.version))];
  }

  in(group: string, version: string): readonly ResourceKind[] {
    return this.all.filter((kind) => kind.group === group && kind.version === version);
  }
}
