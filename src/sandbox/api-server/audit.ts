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

/** Counts requests and tells of them. It keeps none: a large estate has hundreds of API servers in one process. */
export class Audit {
  readonly #listeners = new Set<(entry: AuditEntry) => void>();
  readonly #requests = new Map<string, number>();
  #total = 0;

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
    for (const listener of this.#listeners) listener(entry);
  }
}
