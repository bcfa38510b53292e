/**
 * Waiting by watch: list, then follow the changes, until somebody is content.
 *
 *   list ──► follow ──► (stream ended) ──► follow from the last version
 *     ▲         └────► (410, broken connection, busy server) ──► back-off ──┐
 *     └───────────────────────────────────────────────────────────────────┘
 */
import { setTimeout as pause } from "node:timers/promises";
import { ApiError, type Asked, errorOfAnswer, errorOfConnection } from "./api-error.ts";
import { asKubeObject, type KubeObject } from "./object.ts";
import type { StreamedAnswer } from "./transport.ts";

export interface WatchOptions {
  /** Milliseconds from now after which waiting ends with an `ApiError` of kind `deadline`. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** What a list (or a single object's version) has shown a moment ago: it is continued, and not asked for again. */
  readonly from?: Listed | undefined;
  /**
   * Awaited before each stream is opened: whoever finds out elsewhere that nothing is left to wait for, because of what
   * the list has shown, ends the waiting here, and no connection is made for it.
   */
  readonly beforeStream?: (() => Promise<void>) | undefined;
}

/** Objects, and the version from which a watch continues them. */
export interface Listed {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
}

/** How to list, and how to follow from a resource version. */
export interface Watched {
  readonly asked: Asked;
  list(): Promise<Listed>;
  open(resourceVersion: string, signal: AbortSignal): Promise<StreamedAnswer>;
}

/** Without a reason, each signal would make an exception of its own, with its stack. */
const DECIDED = new Error("what was waited for has come");

type Decide<T> = (objects: readonly KubeObject[]) => T | undefined;

/** See `Api.watchUntil`. */
export async function watchUntil<T>(watched: Watched, decide: Decide<T>, options: WatchOptions): Promise<T> {
  const late = AbortSignal.timeout(Math.max(1, Math.ceil(options.deadlineMs)));
  const outer = options.signal === undefined ? late : AbortSignal.any([options.signal, late]);
  // The stream is ended through a controller of its own, so that nothing stays attached to the caller's signal.
  const ending = new AbortController();
  const end = (): void => ending.abort(outer.reason);
  if (outer.aborted) end();
  outer.addEventListener("abort", end, { once: true });
  try {
    return await follow(holding(continuing(watched, options.from), options.beforeStream), decide, ending.signal);
  } catch (error) {
    if (options.signal?.aborted === true) throw options.signal.reason;
    if (late.aborted) throw tooLate(watched.asked, options.deadlineMs);
    throw error;
  } finally {
    outer.removeEventListener("abort", end);
    ending.abort(DECIDED);
  }
}

/** The first list is the one that is known already; where the server's history has gone on too far, it is asked for. */
function continuing(watched: Watched, from: Listed | undefined): Watched {
  if (from === undefined || from.resourceVersion === "") return watched;
  let known: Listed | undefined = from;
  return {
    ...watched,
    async list() {
      const list = known ?? (await watched.list());
      known = undefined;
      return list;
    },
  };
}

function holding(watched: Watched, beforeStream: WatchOptions["beforeStream"]): Watched {
  if (beforeStream === undefined) return watched;
  return {
    ...watched,
    async open(resourceVersion, signal) {
      await beforeStream();
      signal.throwIfAborted();
      return await watched.open(resourceVersion, signal);
    },
  };
}

async function follow<T>(watched: Watched, decide: Decide<T>, signal: AbortSignal): Promise<T> {
  let failures = 0;
  for (;;) {
    signal.throwIfAborted();
    const session = new Session(decide);
    try {
      await session.run(watched, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ApiError) || !(error.transient || error.kind === "conflict")) throw error;
    }
    if (session.found !== undefined) return session.found.value;
    failures = session.progressed ? 1 : failures + 1;
    await backOff(failures, signal);
  }
}

/** One list, and the streams that continue it, as long as the server keeps the history in between. */
class Session<T> {
  found: { readonly value: T } | undefined;
  /** At least one event came. */
  progressed = false;
  #resourceVersion = "";
  #thrown: { readonly error: unknown } | undefined;
  readonly #objects = new Map<string, KubeObject>();
  readonly #decide: Decide<T>;

  constructor(decide: Decide<T>) {
    this.#decide = decide;
  }

  /** Returns once something is found, or when the server must be asked for a new list. */
  async run(watched: Watched, signal: AbortSignal): Promise<void> {
    const list = await watched.list();
    for (const item of list.items) this.#objects.set(keyOf(item), item);
    this.#resourceVersion = list.resourceVersion;
    this.#ask();
    // A server that ends a stream in good order is asked to go on where it ended.
    while (this.found === undefined && (await this.#read(watched, signal))) await backOff(0, signal);
  }

  /** Follows one stream to its end; false when it must be listed again. */
  async #read(watched: Watched, signal: AbortSignal): Promise<boolean> {
    const answer = await watched.open(this.#resourceVersion, signal);
    if (answer.status === 410) {
      await answer.body.text();
      return false;
    }
    if (answer.status !== 200) throw errorOfAnswer(watched.asked, { ...answer, body: await answer.body.text() });
    try {
      for await (const line of lines(answer.body)) {
        if (!this.#take(line)) return false;
        if (this.found !== undefined) return true;
      }
    } catch (error) {
      if (this.#thrown !== undefined) throw this.#thrown.error;
      signal.throwIfAborted();
      throw error instanceof ApiError ? error : errorOfConnection(watched.asked, error);
    } finally {
      answer.body.destroy();
    }
    return true;
  }

  /** Takes in one event; false when the server says that its history is gone. */
  #take(line: string): boolean {
    const event = parseEvent(line);
    if (event === undefined || event.type === "ERROR") return false;
    const version = event.object.metadata.resourceVersion;
    if (version !== undefined) this.#resourceVersion = version;
    this.progressed = true;
    if (event.type === "BOOKMARK") return true;
    if (event.type === "DELETED") this.#objects.delete(keyOf(event.object));
    else this.#objects.set(keyOf(event.object), event.object);
    this.#ask();
    return true;
  }

  /** What whoever decides throws is told from what the connection does: it ends the waiting. */
  #ask(): void {
    try {
      const value = this.#decide([...this.#objects.values()]);
      if (value !== undefined) this.found = { value };
    } catch (error) {
      this.#thrown = { error };
      throw error;
    }
  }
}

type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK"; readonly object: KubeObject }
  | { readonly type: "ERROR" };

/** Undefined for what is no event: a line that was cut off, or a proxy's words in between. */
function parseEvent(line: string): WatchEvent | undefined {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof event !== "object" || event === null || !("type" in event)) return undefined;
  if (event.type === "ERROR") return { type: "ERROR" };
  if (!("object" in event)) return undefined;
  const type = event.type;
  const bookmark = type === "BOOKMARK";
  const object = asKubeObject(bookmark ? named(event.object) : event.object);
  if (object === undefined) return undefined;
  if (type === "ADDED" || type === "MODIFIED" || type === "DELETED" || type === "BOOKMARK") return { type, object };
  return undefined;
}

/** A bookmark's object has a resource version and no name. */
function named(object: unknown): unknown {
  if (typeof object !== "object" || object === null || !("metadata" in object)) return undefined;
  const metadata = typeof object.metadata === "object" ? object.metadata : {};
  return { metadata: { name: "", ...metadata } };
}

async function* lines(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    const parts = rest.split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) if (part !== "") yield part;
  }
}

function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

/** 0.1 s, doubling to 5 s, each with jitter so that a thousand watchers don't come back in step. */
async function backOff(failures: number, signal: AbortSignal): Promise<void> {
  const base = failures === 0 ? 20 : Math.min(5_000, 100 * 2 ** (failures - 1));
  await pause(base * (0.5 + Math.random()), undefined, { signal });
}

/** What was waited for did not come in time. */
export function tooLate(asked: Asked, deadlineMs: number): ApiError {
  return new ApiError(
    `What was waited for on ${asked.server} (${asked.what}) did not come within ${Math.round(deadlineMs / 1000)} s.`,
    {
      kind: "deadline",
      code: "api.deadline",
      status: 0,
      reason: "Deadline",
      server: asked.server,
    },
  );
}
