/** A watch as a stream of JSON lines. */

import { ApiError, type KubeObject, type WatchEvent } from "../cluster-client.ts";
import type { ApiServer } from "./api-server.ts";
import { apiVersionOf } from "./kinds.ts";
import { type ListQuery, selection } from "./list-request.ts";
import { amount, flag, versionIn } from "./query.ts";
import { statusBody } from "./status-errors.ts";
import { type View, viewOfObject } from "./tables.ts";
import { TextStream } from "./text-stream.ts";
import { eventFor } from "./watch-events.ts";

const BOOKMARK_INTERVAL = 60_000;
/** How long before the end of a watch the last bookmark comes (k8s.io/apiserver/pkg/storage/cacher). */
const LAST_BOOKMARK_LEAD = 2_000;
/** The API's own choice where the client leaves the time out: 30 to 60 minutes; the least of it. */
const DEFAULT_SECONDS = 1800;

/** @throws ApiError 400 for selectors and versions that cannot be read. */
export function watchStream(server: ApiServer, list: ListQuery, view: View, signal?: AbortSignal): TextStream {
  const { kind, namespace, query } = list;
  const stream = new TextStream();
  const selected = selection(kind, query);
  const from = versionIn(query);
  const seconds = amount(query, "timeoutSeconds") ?? DEFAULT_SECONDS;
  const write = (event: WatchEvent) => stream.write(line(event.type, viewOfObject(view, event.object)));

  const bookmark = (annotations?: Readonly<Record<string, string>>) =>
    stream.write(line("BOOKMARK", bookmarkObject(list, server.store.revision, annotations)));
  const initial = query.get("sendInitialEvents") === "true" || (from === undefined && !query.has("sendInitialEvents"));
  if (initial) {
    for (const object of server.store.list(kind, namespace).filter(selected)) write({ type: "ADDED", object });
    if (query.get("sendInitialEvents") === "true") bookmark({ "k8s.io/initial-events-end": "true" });
  }
  const since = initial ? server.store.revision : (from ?? server.store.revision);
  try {
    const subscription = server.store.subscribe(kind, since, (change) => {
      const event = eventFor(change, namespace, selected);
      if (event !== undefined) write(event);
    });
    stream.onEnd(() => subscription.close());
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // As the watch cache does: the stream opens, and its only event says why it ends.
    stream.write(line("ERROR", statusBody(error)));
    stream.end();
    return stream;
  }
  const end = () => stream.end();
  if (flag(query, "allowWatchBookmarks")) {
    const periodic = setInterval(bookmark, BOOKMARK_INTERVAL).unref();
    const last = setTimeout(bookmark, Math.max(0, seconds * 1000 - LAST_BOOKMARK_LEAD)).unref();
    stream.onEnd(() => {
      clearInterval(periodic);
      clearTimeout(last);
    });
  }
  const deadline = setTimeout(end, seconds * 1000).unref();
  const stopping = server.onStop(end);
  signal?.addEventListener("abort", end);
  stream.onEnd(() => {
    clearTimeout(deadline);
    stopping.remove();
    signal?.removeEventListener("abort", end);
  });
  return stream;
}

function line(type: string, object: unknown): string {
  return `${JSON.stringify({ type, object })}\n`;
}

function bookmarkObject(
  { kind }: ListQuery,
  revision: number,
  annotations: Readonly<Record<string, string>> | undefined,
): Omit<KubeObject, "metadata"> {
  const metadata = {
    resourceVersion: String(revision),
    creationTimestamp: null,
    ...(annotations === undefined ? {} : { annotations }),
  };
  return { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata };
}
