/** The bundle that a plan starts from: what Rancher serves, if anything, and what Secret `tls-ca` holds. */
import type { Estate } from "../estate/estate.ts";
import { pinOf, settingValueOf } from "../pki/pin.ts";

export interface PresentBundle {
  /** The bytes that Secret `tls-ca` must hold for Rancher to serve this. */
  readonly bundle: string;
  readonly pin: string;
  /**
   * Rancher serves this everywhere and the Secret holds it. If not, somebody was stopped between writing the Secret and
   * restarting Rancher, and any restart of a container would change what is served.
   */
  readonly settled: boolean;
}

/**
 * - All replicas agree: what they serve is the start, whatever the Secret holds. If a new bundle was written and
 *   nothing has restarted, writing the served one again harms nobody.
 * - Replicas differ: Rancher was being restarted with what the Secret holds; that is gone through with first, because
 *   every agent straddled both bundles before it began.
 */
export function presentBundle(estate: Estate): PresentBundle {
  const { served, written } = estate.trust;
  // Without privateCA no Secret is mounted: Rancher serves the CA that it has made for itself, and nothing can differ.
  const mounted = estate.installation.privateCa;
  if (servesNone(estate)) return { bundle: "", pin: "", settled: true };
  const values = [...new Set(served)];
  const writtenValue = written === undefined ? undefined : settingValueOf(written);
  const [first = estate.trust.stored] = values;
  const value = values.length > 1 && writtenValue !== undefined ? writtenValue : first;
  const holds = written !== undefined && writtenValue === settingValueOf(value);
  return {
    bundle: holds ? written : `${settingValueOf(value)}\n`,
    pin: pinOf(value),
    settled: !mounted || (holds && values.length <= 1),
  };
}

/**
 * Nothing is mounted, and there is no CA of Rancher's own that it would serve: what a replica still serves is of the time
 * before, and goes with its pod.
 */
function servesNone({ installation, trust }: Estate): boolean {
  return !installation.privateCa && (trust.served.length === 0 ? trust.stored === "" : trust.served.includes(""));
}
