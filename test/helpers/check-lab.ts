/** A healthy estate for the checks, and what is needed to break it in one place. */
import type { CheckInput } from "../../src/checks/check.ts";
import type { Cluster } from "../../src/estate/cluster.ts";
import type { Estate } from "../../src/estate/estate.ts";
import type { Finding } from "../../src/findings.ts";
import { certificateFactsOf } from "../../src/observe/certificate-facts.ts";
import { agentsPool } from "../../src/pki/agents-pool.ts";
import {
  agentWith,
  clusterWith,
  estateWith,
  localCluster,
  makeAuthority,
  NOW,
  pinServed,
  type TestAuthority,
} from "./estate-builder.ts";

const DAY = 24 * 3_600_000;

export interface CheckLab {
  readonly authority: TestAuthority;
  /** The pin of the bundle that is served. */
  readonly pin: string;
  /** `local`, `c-paris` and `c-lagos`, all well; nothing to find but the kubeconfigs. */
  readonly estate: Estate;
  /** The healthy estate with a change, looked at a minute later by a check for a rotation of a day. */
  input(change?: Partial<Estate>): CheckInput;
  /** The healthy estate with another `c-paris`. */
  withParis(change: Partial<Cluster>): CheckInput;
}

export async function makeCheckLab(): Promise<CheckLab> {
  const authority = await makeAuthority("Today");
  const pin = pinServed(authority.bundle);
  const paris = clusterWith("c-paris", agentWith(pin), { name: "paris" });
  const lagos = clusterWith("c-lagos", agentWith(pin), { name: "lagos" });
  const certificates = agentsPool(authority.chain).anchors.map(certificateFactsOf);
  const fingerprints = certificates.map(({ fingerprint }) => fingerprint);
  const bare = estateWith({
    bundle: authority.bundle,
    chain: authority.chain,
    clusters: [localCluster(), paris, lagos],
    presented: fingerprints,
  });
  const estate: Estate = { ...bare, serving: { ...bare.serving, certificates } };
  const input = (change: Partial<Estate> = {}): CheckInput => ({
    estate: { ...estate, ...change },
    now: new Date(NOW.getTime() + 60_000),
    until: new Date(NOW.getTime() + DAY),
  });
  const withParis = (change: Partial<Cluster>) => input({ clusters: [localCluster(), { ...paris, ...change }, lagos] });
  return { authority, pin, estate, input, withParis };
}

/** `error agent.missing cluster c-paris (paris)`, one line each. */
export function summaries(findings: readonly Finding[]): string[] {
  return findings.map(({ severity, code, target }) => `${severity} ${code} ${target}`);
}
