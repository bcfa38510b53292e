/** Waiting between two looks, for as long as somebody waits for the answer. */
import { setTimeout as pause } from "node:timers/promises";

/**
 * The runtime's own pause ends with an error of its own, whatever the signal's reason was.
 * @throws the signal's reason, at once when it is aborted
 */
export async function pauseFor(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await pause(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
