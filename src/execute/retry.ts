/** The one place that tries again. Reads inside the connection layer may be repeated there; writes only here. */
import { ApiError } from "../kubernetes/api-error.ts";
import { pauseFor } from "./pause-for.ts";

export interface RetryOptions {
  /** Milliseconds from now in which another attempt may begin. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** Told about each failure before the next attempt. */
  readonly onRetry?: (attempt: number, error: unknown) => Promise<void>;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

/**
 * The same attempt may succeed in a moment. A conflict is the server's word that somebody else wrote at the same time:
 * the next attempt reads again, and whether the step's own field was changed is seen there.
 */
export function isTransient(error: unknown): boolean {
  return error instanceof ApiError && (error.transient || error.kind === "conflict");
}

/** Repeats `work` while it fails for passing reasons; pauses double from 0.25 s to 10 s, with jitter. */
export async function retrying<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  const end = Date.now() + options.deadlineMs;
  for (let attempt = 1; ; attempt++) {
    options.signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      const wait = pauseBefore(attempt, error);
      if (!isTransient(error) || Date.now() + wait > end) throw error;
      await options.onRetry?.(attempt, error);
      await pauseFor(wait, options.signal);
    }
  }
}

function pauseBefore(attempt: number, error: unknown): number {
  const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
  const base = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt - 1, 10));
  return Math.max(asked, base * (0.5 + Math.random() / 2));
}
