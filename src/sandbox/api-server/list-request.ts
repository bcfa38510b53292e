/** Lists, whole or in pages. All pages of one list show the cluster as it was when the first was read. */

import type { KubeObject } from "../cluster-client.ts";
import type { ResourceKind } from "./kinds.ts";
import { amount, versionIn } from "./query.ts";
import { fieldPredicate, labelPredicate, type Predicate } from "./selectors.ts";
import { badRequest, tooLargeResourceVersion } from "./status-errors.ts";
import type { Store } from "./store.ts";

export interface ListQuery {
  readonly kind: ResourceKind;
  /** Undefined for all namespaces. */
  readonly namespace: string | undefined;
  readonly query: URLSearchParams;
}

export interface ListPage {
  readonly items: readonly KubeObject[];
  /** `metadata` of the list. */
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
}

/** @throws ApiError 400 for what cannot be read, 410 for a continue token that is too old. */
export function listPage(store: Store, { kind, namespace, query }: ListQuery): ListPage {
  const selected = selection(kind, query);
  const limit = amount(query, "limit");
  const token = continueToken(query);
  const asked = versionIn(query);
  if (asked !== undefined && asked > store.revision) throw tooLargeResourceVersion(asked, store.revision);
  const exact = query.get("resourceVersionMatch") === "Exact" ? asked : undefined;
  const revision = token?.revision ?? exact ?? store.revision;
  const all = revision === store.revision ? store.list(kind, namespace) : store.listAt(kind, namespace, revision);
  const matching = all.filter(selected);
  const start = token === undefined ? 0 : matching.findIndex((object) => keyOf(object) > token.after);
  const rest = start === -1 ? [] : matching.slice(start);
  const items = limit === undefined ? rest : rest.slice(0, limit);
  const last = items.at(-1);
  const resourceVersion = String(revision);
  if (last === undefined || items.length === rest.length) return { items, metadata: { resourceVersion } };
  const more = { resourceVersion, continue: tokenFor(revision, keyOf(last)) };
  const isWhole = !query.get("labelSelector") && !query.get("fieldSelector");
  // The API counts what remains only where it need not read it all to know.
  const remaining = isWhole ? { remainingItemCount: rest.length - items.length } : {};
  return { items, metadata: { ...more, ...remaining } };
}

/** Which objects the request selects. @throws ApiError 400 */
export function selection(kind: ResourceKind, query: URLSearchParams): Predicate {
  const byLabel = labelPredicate(query.get("labelSelector") ?? undefined);
  const byField = fieldPredicate(query.get("fieldSelector") ?? undefined, kind.selectableFields);
  return (object) => byLabel(object) && byField(object);
}

interface ContinueToken {
  readonly revision: number;
  /** The last object of the page before. */
  readonly after: string;
}

function tokenFor(revision: number, after: string): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: revision, start: after })).toString("base64url");
}

function continueToken(query: URLSearchParams): ContinueToken | undefined {
  const token = query.get("continue");
  if (token === null || token === "") return undefined;
  try {
    const { rv, start } = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    if (typeof rv === "number" && typeof start === "string") return { revision: rv, after: start };
  } catch {
    // Falls through: whatever is wrong with it, it is not one of ours.
  }
  throw badRequest("continue key is not valid: unknown token");
}

function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}
