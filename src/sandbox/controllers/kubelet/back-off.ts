/** How long a kubelet waits before it starts a container again, or pulls an image again. */

/** A real kubelet shows the first restart about a second after the exit: rancher.md §0b row 8 (1, 10, 20, 40 … s). */
const FIRST_RESTART = 1_000;
const FIRST_BACK_OFF = 10_000;
/** Kubernetes: MaxContainerBackOff. */
const LONGEST_BACK_OFF = 300_000;
/** A container that ran for twice the longest back-off begins anew (client-go: Backoff.hasExpired). */
const FORGIVEN_AFTER = 2 * LONGEST_BACK_OFF;

/**
 * Milliseconds until the next start.
 * @param previous what this function gave after the exit before; undefined after a pod's first exit
 * @param ranFor how long the container ran until it exited, in milliseconds
 */
export function restartDelay(previous: number | undefined, ranFor: number): number {
  if (previous === undefined || ranFor > FORGIVEN_AFTER) return FIRST_RESTART;
  return nextBackOff(previous === FIRST_RESTART ? undefined : previous);
}

/** Milliseconds until an image is pulled again: 10 s, doubled up to 5 minutes. */
export function nextBackOff(previous: number | undefined): number {
  return previous === undefined ? FIRST_BACK_OFF : Math.min(LONGEST_BACK_OFF, previous * 2);
}

/** Whether a wait of that length shows as `CrashLoopBackOff`; the first restart is too soon for it. */
export function isBackOff(delay: number): boolean {
  return delay > FIRST_RESTART;
}

/** As Kubernetes writes durations: `10s`, `2m40s`, `5m0s`. */
export function inMinutes(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1_000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
