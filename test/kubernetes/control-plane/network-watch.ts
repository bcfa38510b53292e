/** List, then watch, and again: what a watch of the API has to do so that its reader misses nothing. */

import { setTimeout as delay } from "node:timers/promises";
import type { KubeObject, ObjectList, Watch, WatchEvent } from "../../../src/sandbox/cluster-client.ts";

export interface WatchSource {
  list(): Promise<ObjectList>;
  /** The watch's lines from a version on; ends when the server ends it. */
  stream(resourceVersion: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  onEvent(event: WatchEvent): void;
}

/** How long to wait after the server could not be reached, in wall milliseconds. */
const PAUSE_MS = 200;

export class NetworkWatch implements Watch {
  readonly #source: WatchSource;
  readonly #closed = new AbortController();
  /** What the reader has been told of, by namespace and name. */
  readonly #known = new Map<string, KubeObject>();

  constructor(source: WatchSource) {
    this.#source = source;
    void this.#run();
  }

  close(): void {
    this.#closed.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closed;
    let version: string | undefined;
    while (!signal.aborted) {
      try {
        version ??= await this.#begin();
        version = await this.#follow(version);
      } catch {
        version = undefined;
        await delay(PAUSE_MS, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** Tells what is there, and what has gone since the last time. @returns the version from which to watch */
  async #begin(): Promise<string> {
    const { items, resourceVersion } = await this.#source.list();
    const gone = new Map(this.#known);
    for (const object of items) {
      const key = keyOf(object);
      const before = this.#known.get(key);
      gone.delete(key);
      if (before?.metadata.resourceVersion === object.metadata.resourceVersion) continue;
      this.#tell({ type: before === undefined ? "ADDED" : "MODIFIED", object });
    }
    for (const object of gone.values()) this.#tell({ type: "DELETED", object });
    return resourceVersion;
  }

  /** @returns the last version seen, or undefined when the server no longer knows what came after it */
  async #follow(from: string): Promise<string | undefined> {
    let version = from;
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of await this.#source.stream(from, this.#closed.signal)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const event = JSON.parse(line);
        if (event.type === "ERROR") return undefined;
        version = event.object.metadata.resourceVersion;
        if (event.type !== "BOOKMARK") this.#tell(event);
      }
    }
    return version;
  }

  #tell(event: WatchEvent): void {
    if (this.#closed.signal.aborted) return;
    if (event.type === "DELETED") this.#known.delete(keyOf(event.object));
    else this.#known.set(keyOf(event.object), event.object);
    this.#source.onEvent(event);
  }
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}
