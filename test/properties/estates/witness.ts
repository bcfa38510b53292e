/** Watches a rotation from outside while it runs: what the API server saw, and what the journal held at that moment. */
import type { JournalObserver } from "../../../src/execute/journal-store.ts";
import type { JournalEntry } from "../../../src/journal/entry.ts";
import { type AuditEntry, isWrite } from "../../../src/sandbox/api-server/audit.ts";
import type { Sandbox } from "../../../src/sandbox/sandbox.ts";

/** What only Farrier writes in this estate: with these names, and not their status. */
const OURS = new Set(["secrets/tls-ca", "secrets/tls-rancher-ingress", "configmaps/farrier-rotation"]);
const LOCK = "configmaps/farrier-rotation";

export class Witness {
  /** Writes of Secrets that no journalled step had announced. */
  readonly unannounced: string[] = [];
  /** How often the rotation's own objects and the Secrets were written. */
  writes = 0;
  /** Entries on disk. */
  length = 0;
  readonly #open = new Set<string>();
  readonly #tell: (length: number) => void;
  readonly #subscription: { remove(): void };

  /** @param tell called with the number of entries whenever one is on disk */
  constructor(sandbox: Sandbox, tell: (length: number) => void) {
    this.#tell = tell;
    this.#subscription = sandbox.managementServer.audit.onEntry((entry) => this.#saw(entry));
  }

  readonly observer: JournalObserver = {
    afterFlush: (entry: JournalEntry): void => {
      this.length = entry.seq;
      const { step = "", type } = entry;
      if (type === "step-started") this.#open.add(step);
      if (type === "step-done" || type === "step-failed") this.#open.delete(step);
      this.#tell(entry.seq);
    },
  };

  stop(): void {
    this.#subscription.remove();
  }

  #saw(entry: AuditEntry): void {
    const object = `${entry.resource}/${entry.name}`;
    if (!isWrite(entry) || !OURS.has(object)) return;
    this.writes += 1;
    if (object !== LOCK && this.#open.size === 0) this.unannounced.push(`${entry.verb} ${object}`);
  }
}
