/** Asking a busy server again. For reads only: whether a write is tried again is the runner's to decide. */
import { setTimeout as pause } from "node:timers/promises";
import { ApiError } from "./api-error.ts";

const ATTEMPTS = 3;

/**
 * Asks again, shortly, when the server was only busy. 502 and 503 are left to the caller: a cluster without its
 * tunnel answers so for as long as it is away, and must not be asked three times by everyone.
 */
export async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === ATTEMPTS || !(error instanceof ApiError) || !isBusy(error)) throw error;
      const wait = Math.min(error.retryAfterMs ?? 0, 5_000) + 100 * 3 ** (attempt - 1) * (0.5 + Math.random());
      await pause(wait);
    }
  }
}

function isBusy(error: ApiError): boolean {
  // A bare 500 comes from Rancher's proxy, for a cluster that is away; the API's own names its reason.
  return (
    error.status === 429 ||
    // A read conflicts with nothing: some proxy or webhook on the way was overtaken.
    error.status === 409 ||
    (error.status === 500 && error.reason === "InternalError") ||
    error.status === 504 ||
    error.reason === "ECONNRESET" ||
    error.reason === "UND_ERR_SOCKET"
  );
}
