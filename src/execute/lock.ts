/**
 * The estate's half of the journal: ConfigMap `farrier-rotation` beside Rancher. It names the rotation, the plan, the
 * process that works, and how long the journal is with the hash of its last line. Every batch of steps writes it by
 * compare-and-swap before it changes anything, so that a copied directory, a truncated journal or a process that slept
 * are noticed before their next write.
 *
 *   (none) ──► running ──► released ──► running …
 *                 └──► finished ──► running (a rollback, or the next rotation)
 */
import { z } from "zod";
import { FarrierError } from "../errors.ts";
import type { Head } from "../journal/chain.ts";
import type { JournalEntry } from "../journal/entry.ts";
import type { Api } from "../kubernetes/api.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { configMaps } from "../kubernetes/resource.ts";
import { Batcher } from "./batcher.ts";
import { describeHolder, type Holder, holderSchema, whereabouts } from "./holder.ts";
import { retrying } from "./retry.ts";

export const LOCK_NAME = "farrier-rotation";

const recordSchema = z.object({
  rotation: z.string(),
  plan: z.string(),
  state: z.enum(["running", "released", "finished"]),
  holder: z.string().transform((text) => holderSchema.parse(JSON.parse(text))),
  journalLength: z.coerce.number().int(),
  journalHead: z.string(),
  heartbeat: z.string(),
});
export type LockRecord = z.infer<typeof recordSchema>;

/** What the lock binds to the estate: `head` is read anew for each write, `entries` once, to judge what was found. */
export interface LockedJournal {
  readonly head: Head;
  readonly entries: readonly JournalEntry[];
}

export interface LockRequest {
  readonly api: Api;
  readonly namespace: string;
  readonly rotation: string;
  readonly planDigest: string;
  readonly holder: Holder;
  readonly journal: LockedJournal;
  readonly takeOver: boolean;
  /** The journal was rebuilt from the estate: it need not continue what the estate has seen. */
  readonly adopt?: boolean;
  readonly now: () => Date;
}

/** How the lock was come by: for the journal, and for people. */
export type Acquisition = "new" | "resumed" | "taken-over";

/** A compare-and-swap is trusted for so long (wall clock: sleeping counts); then it is made again before a write. */
const FRESH_MS = 5_000;
const HEARTBEAT_MS = 20_000;
const WRITE_DEADLINE_MS = 60_000;
/** Whoever stops at once does not wait longer than this for the estate's answer. */
const LET_GO_MS = 3_000;

/** The lock as it is in the estate; undefined when there is none. */
export async function readLock(api: Api, namespace: string): Promise<LockRecord | undefined> {
  const object = await api.get(configMaps(namespace), LOCK_NAME);
  return object === undefined ? undefined : recordOf(object);
}

export class EstateLock {
  readonly #request: LockRequest;
  readonly #batcher: Batcher;
  #version: string;
  #confirmedAt = 0;
  #lost: FarrierError | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  readonly #ending = new AbortController();

  private constructor(request: LockRequest, version: string) {
    this.#request = request;
    this.#version = version;
    this.#batcher = new Batcher(() => this.#write("running"));
  }

  /**
   * Takes the lock, or says who has it.
   * @throws FarrierError `lock.held` when somebody else works, or has gone further than this journal; `api.*`
   */
  static async acquire(request: LockRequest): Promise<{ lock: EstateLock; how: Acquisition }> {
    const found = await request.api.get(configMaps(request.namespace), LOCK_NAME);
    const how = found === undefined ? "new" : judge(request, recordOf(found));
    try {
      const stored =
        found === undefined
          ? await request.api.create(configMaps(request.namespace), lockObject(request, "running", undefined))
          : await request.api.replace(
              configMaps(request.namespace),
              lockObject(request, "running", found.metadata.resourceVersion),
            );
      const lock = new EstateLock(request, stored.metadata.resourceVersion ?? "");
      lock.#confirmedAt = Date.now();
      return { lock, how };
    } catch (error) {
      if (!(error instanceof ApiError) || error.kind !== "conflict") throw error;
      throw new FarrierError("lock.held", "Another process took the estate at this very moment.", { cause: error });
    }
  }

  /** Writes the lock with the journal as it is now. Calls that wait at the same time share one write. */
  async confirm(): Promise<void> {
    await this.#batcher.run();
  }

  /** Makes sure, just before a write, that the lock was still ours a moment ago. */
  async ensureFresh(): Promise<void> {
    if (this.#lost !== undefined) throw this.#lost;
    if (Math.abs(Date.now() - this.#confirmedAt) > FRESH_MS) await this.confirm();
  }

  /** Shows others that this process lives, while nothing needs to be written. */
  startHeartbeat(): void {
    this.#heartbeat = setInterval(() => {
      // Losing the lock is noticed, and said, by the next write.
      this.confirm().catch(() => {});
    }, HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  /** Lets go: others may go on with the same journal. After a loss there is nothing to let go of. */
  async release(state: "released" | "finished"): Promise<void> {
    clearInterval(this.#heartbeat);
    await this.#batcher.idle();
    if (this.#lost === undefined) await this.#write(state);
  }

  /**
   * Lets go for somebody who does not wait. An estate that does not answer, since Rancher's container stands still, is
   * left as a process that dies leaves it: whoever goes on sees that this one is gone.
   */
  async letGo(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, LET_GO_MS);
    await Promise.race([this.release("released").catch(() => {}), late.promise]);
    clearTimeout(timer);
    this.abandon();
  }

  /** Stops the heartbeat and leaves the lock as it is, as a process that dies does. */
  abandon(): void {
    clearInterval(this.#heartbeat);
    this.#lost ??= new FarrierError("lock.held", "This process has let go of the estate.");
    this.#ending.abort(this.#lost);
  }

  async #write(state: LockRecord["state"]): Promise<void> {
    if (this.#lost !== undefined) throw this.#lost;
    await retrying(() => this.#swap(state), { deadlineMs: WRITE_DEADLINE_MS, signal: this.#ending.signal });
  }

  async #swap(state: LockRecord["state"]): Promise<void> {
    const { api, namespace } = this.#request;
    try {
      const stored = await api.replace(configMaps(namespace), lockObject(this.#request, state, this.#version));
      this.#version = stored.metadata.resourceVersion ?? "";
      this.#confirmedAt = Date.now();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.kind === "conflict" || error.status === 404) return this.#reconsider(state);
      throw error;
    }
  }

  /** Somebody wrote the object: another process, or this one in a request whose answer was lost. */
  async #reconsider(state: LockRecord["state"]): Promise<void> {
    const found = await this.#request.api.get(configMaps(this.#request.namespace), LOCK_NAME);
    const record = found === undefined ? undefined : recordOf(found);
    if (found !== undefined && record?.holder.id === this.#request.holder.id) {
      this.#version = found.metadata.resourceVersion ?? "";
      return this.#swap(state);
    }
    this.#lost =
      record === undefined
        ? new FarrierError("lock.held", `ConfigMap ${LOCK_NAME} was removed while this process worked.`)
        : held(record, "has taken over");
    throw this.#lost;
  }
}

/** Whether the lock that was found may be taken. */
function judge(request: LockRequest, record: LockRecord): Acquisition {
  if (record.rotation !== request.rotation) {
    if (record.state === "finished") return "new";
    throw new FarrierError(
      "lock.held",
      `Rotation ${record.rotation} is under way on this estate; ${describeHolder(record.holder)} worked on it last, at ${record.heartbeat}.`,
      { hint: "Finish it or roll it back first." },
    );
  }
  const takeOver = record.state === "running" && !mayResume(request, record);
  if (request.adopt !== true && !continues(request.journal, record)) {
    throw new FarrierError(
      "lock.held",
      `The estate has seen ${record.journalLength} entries of this rotation's journal, written by ${describeHolder(record.holder)}; this directory's journal has ${request.journal.head.seq} and is not a continuation of them.`,
      { hint: "Go on in the directory that was last worked in. If it is lost, farrier adopt rebuilds the journal." },
    );
  }
  return takeOver ? "taken-over" : "resumed";
}

function mayResume(request: LockRequest, record: LockRecord): boolean {
  const where = record.holder.id === request.holder.id ? "gone" : whereabouts(record.holder);
  if (where === "gone") return true;
  if (request.takeOver) return false;
  throw held(record, "works on this rotation");
}

/** The journal contains, at that place, the very line that the estate saw last. */
export function continues(journal: LockedJournal, record: LockRecord): boolean {
  if (record.journalLength === 0) return true;
  if (record.journalLength > journal.head.seq) return false;
  if (record.journalLength === journal.head.seq) return record.journalHead === journal.head.hash;
  return journal.entries[record.journalLength]?.prev === record.journalHead;
}

function held(record: LockRecord, does: string): FarrierError {
  return new FarrierError(
    "lock.held",
    `${describeHolder(record.holder)} ${does}; it was last heard of at ${record.heartbeat}.`,
    { hint: "Wait for it or stop it. If it is gone for good, farrier apply --take-over." },
  );
}

function recordOf(object: KubeObject): LockRecord {
  const parsed = recordSchema.safeParse(object.data);
  if (parsed.success) return parsed.data;
  throw new FarrierError("lock.held", `ConfigMap ${LOCK_NAME} is not one that this version of Farrier wrote.`, {
    hint: "Look at it; delete it if no rotation is under way.",
  });
}

function lockObject(request: LockRequest, state: LockRecord["state"], resourceVersion: string | undefined) {
  const { head } = request.journal;
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: LOCK_NAME,
      namespace: request.namespace,
      labels: { "app.kubernetes.io/managed-by": "farrier" },
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    data: {
      rotation: request.rotation,
      plan: request.planDigest,
      state,
      holder: JSON.stringify(request.holder),
      journalLength: String(head.seq),
      journalHead: head.hash,
      heartbeat: request.now().toISOString(),
    },
  };
}
