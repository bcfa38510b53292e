/**
 * The journal's file. One process writes it (the lock in the estate sees to that). An entry is handed to observers, and
 * its promise resolves, only when it is on disk; entries that are waiting at the same time share one flush.
 */
import { appendFileSync, fstatSync } from "node:fs";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { syncDirectory, unwritable } from "../backup/private-files.ts";
import { FarrierError } from "../errors.ts";
import { type Head, nextLine } from "../journal/chain.ts";
import type { JournalEntry, JournalEvent } from "../journal/entry.ts";
import { readJournal } from "../journal/read-journal.ts";

/** Whom an entry is about. */
export interface Subject {
  /** A cluster id, `rancher` or `rotation`. */
  readonly target: string;
  readonly step?: string;
}

/** Sees every entry twice: when it is about to be written, and when it is on disk. */
export interface JournalObserver {
  beforeFlush?(entry: JournalEntry): void;
  afterFlush?(entry: JournalEntry): void;
}

interface Waiting {
  readonly entry: JournalEntry;
  readonly line: string;
  readonly head: Head;
  readonly resolve: (entry: JournalEntry) => void;
  readonly reject: (error: unknown) => void;
}

export interface JournalOptions {
  readonly rotation: string;
  readonly now: () => Date;
  readonly observers?: readonly JournalObserver[];
}

export type LoadedJournal = ReturnType<typeof readJournal>;

/**
 * Reads a journal without opening it for writing; a missing file is an empty journal.
 * @throws FarrierError `journal.*`, `input.file-unreadable`
 */
export async function loadJournal(path: string, rotation?: string): Promise<LoadedJournal> {
  return readJournal(await textOf(path), rotation === undefined ? {} : { rotation });
}

export class JournalStore {
  #file: FileHandle | undefined;
  readonly #torn: boolean;
  readonly #path: string;
  readonly #options: JournalOptions;
  readonly #loaded: readonly JournalEntry[];
  readonly #observers: JournalObserver[];
  #written: Head;
  #flushed: Head;
  #size: number;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #broken: unknown;

  private constructor(path: string, loaded: LoadedJournal, options: JournalOptions) {
    this.#path = path;
    this.#torn = loaded.torn !== undefined;
    this.#size = loaded.keepBytes;
    this.#options = options;
    this.#loaded = loaded.entries;
    this.#observers = [...(options.observers ?? [])];
    this.#written = loaded.head;
    this.#flushed = loaded.head;
  }

  /**
   * Reads the journal in order to write it. The file is made, and a torn last line (the process died while it wrote) is
   * cut off, only with the first entry: until then somebody else may hold the rotation.
   * @throws FarrierError `journal.*`, `input.file-unreadable`
   */
  static async open(path: string, options: JournalOptions): Promise<{ store: JournalStore; torn: boolean }> {
    const loaded = await loadJournal(path, options.rotation);
    return { store: new JournalStore(path, loaded, options), torn: loaded.torn !== undefined };
  }

  /** What was on disk when the journal was opened, oldest first. What is appended is not kept: observers see it. */
  get loaded(): readonly JournalEntry[] {
    return this.#loaded;
  }

  /** Length and hash of what is on disk. */
  get head(): Head {
    return this.#flushed;
  }

  observe(observer: JournalObserver): void {
    this.#observers.push(observer);
  }

  /**
   * Appends an entry; resolves when it is on disk. After a failed write the store takes no more: what cannot be
   * recorded is not done.
   * @throws FarrierError `rotation.unwritable`
   */
  append(subject: Subject, event: JournalEvent): Promise<JournalEntry> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    const at = this.#options.now().toISOString();
    const { entry, line, head } = nextLine(this.#written, {
      at,
      rotation: this.#options.rotation,
      ...subject,
      ...event,
    });
    this.#written = head;
    const appended = new Promise<JournalEntry>((resolve, reject) => {
      this.#waiting.push({ entry, line, head, resolve, reject });
    });
    this.#flushing ??= this.#flush();
    return appended;
  }

  /** Waits for what is being written, then closes the file. */
  async close(): Promise<void> {
    await this.#flushing;
    await this.#file?.close();
  }

  async #flush(): Promise<void> {
    // One turn of the event loop lets steps that finish together share a flush.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#write(batch);
    }
    this.#flushing = undefined;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    try {
      if (this.#broken !== undefined) throw this.#broken;
      for (const { entry } of batch) for (const observer of this.#observers) observer.beforeFlush?.(entry);
      this.#file ??= await this.#openFile();
      const { fd } = this.#file;
      this.#refuseOtherWriter(fd);
      const bytes = Buffer.from(batch.map(({ line }) => line).join(""));
      // Into the system's memory only, which takes less than handing it to a thread; the flush is what takes time.
      appendFileSync(fd, bytes);
      await this.#file.datasync();
      this.#size += bytes.length;
    } catch (error) {
      this.#broken = error instanceof FarrierError ? error : unwritable(this.#path, error);
      for (const { reject } of batch) reject(this.#broken);
      return;
    }
    for (const { entry, head, resolve } of batch) {
      this.#flushed = head;
      for (const observer of this.#observers) observer.afterFlush?.(entry);
      resolve(entry);
    }
  }

  async #openFile(): Promise<FileHandle> {
    const file = await open(this.#path, "a", 0o600);
    try {
      if (this.#torn) await file.truncate(this.#size);
      await file.sync();
      await syncDirectory(dirname(this.#path));
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Somebody took over in this very directory while the process slept: their lines must not be mixed with ours. */
  #refuseOtherWriter(fd: number): void {
    if (fstatSync(fd).size === this.#size) return;
    throw new FarrierError(
      "lock.held",
      `Another process has written to ${this.#path}: it has taken over this rotation.`,
    );
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw new FarrierError("input.file-unreadable", `The journal ${path} cannot be read.`, { cause: error });
  }
}
