/** What was asked of an API server: for tests that say "the API server saw no write", and for counting requests. */

export interface AuditEntry {
  readonly at: Date;
  /** get, list, watch, create, update, patch, delete, deletecollection. */
  readonly verb: string;
  readonly user: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
  /** The HTTP status of the answer. */
  readonly code: number;
}

const WRITE_VERBS: ReadonlySet<string> = new Set(["create", "update", "patch", "delete", "deletecollection"]);

/** Whether the request could have changed something: it was a write, no dry run, and was not refused. */
export function isWrite(entry: AuditEntry): boolean {
  return WRITE_VERBS.has(entry.verb) && !entry.dryRun && entry.code < 400 && !entry.resource.endsWith("reviews");
}

export class Audit {
  readonly #limit: number;
  readonly #writes: AuditEntry[] = [];
  readonly #listeners = new Set<(entry: AuditEntry) => void>();
  readonly #requests = new Map<string, number>();
  #total = 0;

  /** @param limit how many writes are kept at least; older ones are dropped. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The latest writes, oldest first. */
  get writes(): readonly AuditEntry[] {
    return this.#writes;
  }

  /** All requests since the start, reads and refused ones included. */
  get requestCount(): number {
    return this.#total;
  }

  /** The requests of one account since the start. */
  requestsOf(user: string): number {
    return this.#requests.get(user) ?? 0;
  }

  /** Calls back for every request, when it has been answered. */
  onEntry(listener: (entry: AuditEntry) => void): { remove(): void } {
    this.#listeners.add(listener);
    return { remove: () => this.#listeners.delete(listener) };
  }

  record(entry: AuditEntry): void {
    this.#total += 1;
    this.#requests.set(entry.user, this.requestsOf(entry.user) + 1);
    if (isWrite(entry)) {
      this.#writes.push(entry);
      if (this.#writes.length > this.#limit * 1.25) this.#writes.splice(0, this.#writes.length - this.#limit);
    }
    for (const listener of this.#listeners) listener(entry);
  }
}
