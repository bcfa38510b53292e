/** What a change means to somebody who watches only a part of a collection. */

import type { KubeObject, WatchEvent } from "../cluster-client.ts";
import type { Predicate } from "./selectors.ts";
import type { Change } from "./store.ts";

/**
 * Undefined if the change does not concern the watcher. An object that comes to match is ADDED for the watcher, one
 * that no longer does is DELETED, with the version of that change.
 *
 * @param namespace undefined for all namespaces.
 */
export function eventFor(change: Change, namespace: string | undefined, selected: Predicate): WatchEvent | undefined {
  const { object, previous, deleted } = change;
  if (namespace !== undefined && object.metadata.namespace !== namespace) return undefined;
  const before = previous !== undefined && selected(previous);
  const after = !deleted && selected(object);
  if (before && after) return { type: "MODIFIED", object };
  if (after) return { type: "ADDED", object };
  if (!before) return undefined;
  return { type: "DELETED", object: deleted ? object : withVersionOf(previous, object) };
}

function withVersionOf(previous: KubeObject, object: KubeObject): KubeObject {
  const { resourceVersion } = object.metadata;
  const metadata = { ...previous.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
  return { ...previous, metadata };
}
