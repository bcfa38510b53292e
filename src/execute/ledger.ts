/** The journal together with what it amounts to at every moment. */
import { FarrierError } from "../errors.ts";
import type { Head } from "../journal/chain.ts";
import type { JournalEntry, JournalEvent, Waiver } from "../journal/entry.ts";
import { type PlanRun, type RotationState, startFold } from "../journal/fold.ts";
import { type JournalObserver, type JournalOptions, JournalStore, type Subject } from "./journal-store.ts";

/** For entries about the rotation as a whole. */
export const ROTATION: Subject = { target: "rotation" };

export class Ledger {
  readonly #store: JournalStore;
  readonly #fold = startFold();

  private constructor(store: JournalStore) {
    this.#store = store;
    for (const entry of store.loaded) this.#fold.add(entry);
    store.observe({ afterFlush: (entry) => this.#fold.add(entry) });
  }

  /** @throws FarrierError `journal.*`, `rotation.unwritable` */
  static async open(path: string, options: JournalOptions & { readonly observers: readonly JournalObserver[] }) {
    const { observers, ...rest } = options;
    const { store, torn } = await JournalStore.open(path, rest);
    const ledger = new Ledger(store);
    // Observers come after the fold, so that they see an entry with the state that it leads to.
    for (const observer of observers) store.observe(observer);
    return { ledger, torn };
  }

  get head(): Head {
    return this.#store.head;
  }

  /** What was on disk when it was opened. */
  get entries(): readonly JournalEntry[] {
    return this.#store.loaded;
  }

  /** Resolves when the entry is on disk. */
  append(subject: Subject, event: JournalEvent): Promise<JournalEntry> {
    return this.#store.append(subject, event);
  }

  get state(): RotationState | undefined {
    return this.#fold.state;
  }

  /** The run of the plan in force. */
  get run(): PlanRun {
    const run = this.#fold.state?.current;
    if (run === undefined) throw new FarrierError("internal.unexpected", "The journal has no plan yet.");
    return run;
  }

  get waivers(): readonly Waiver[] {
    return this.#fold.state?.waivers ?? [];
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
