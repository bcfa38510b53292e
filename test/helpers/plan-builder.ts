/** Plans for tests of what reads them: an overlap from one test authority to another. */
import { FarrierError } from "../../src/errors.ts";
import type { Cluster } from "../../src/estate/cluster.ts";
import type { Estate, ReleaseFacts } from "../../src/estate/estate.ts";
import { unionBundle } from "../../src/pki/bundle.ts";
import { pinOfFile } from "../../src/pki/pin.ts";
import { assemblePlan, type PlanInput } from "../../src/plan/assemble.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { type EstateShape, estateWith, makeAuthority, NOW, pinServed } from "./estate-builder.ts";

export const OLD = await makeAuthority("Old");
export const YOUNG = await makeAuthority("New");
/** A public authority, whose root agents have in their system's own store. */
export const PUBLIC = await makeAuthority("Public");
export const BOTH_BUNDLE = unionBundle(OLD.bundle, YOUNG.bundle);
export const TARGET_BUNDLE = unionBundle(YOUNG.bundle, "");

/** The pins of the three epochs. */
export const PIN = {
  current: pinServed(OLD.bundle),
  both: pinOfFile(BOTH_BUNDLE),
  target: pinOfFile(TARGET_BUNDLE),
} as const;

export const SEALED = { file: "backups/serving-target.age", sha256: "0".repeat(64) };

/** Before anything was done, unless said otherwise. */
export function estateOf(clusters: readonly Cluster[], change: Partial<EstateShape> = {}): Estate {
  return estateWith({ bundle: OLD.bundle, chain: OLD.chain, clusters, ...change });
}

/** Rancher as a Helm release, with these of the values that decide about TLS. */
export function helmReleased(
  values: ReleaseFacts["values"],
  change: Partial<ReleaseFacts> = {},
): Pick<Estate["installation"], "installer"> {
  const release: ReleaseFacts = {
    name: "rancher",
    namespace: "cattle-system",
    revision: 4,
    status: "deployed",
    chart: { name: "rancher", version: "2.15.1" },
    driver: "secret",
    values,
    defaults: { privateCA: false, "ingress.tls.source": "rancher" },
    ...change,
  };
  return { installer: { kind: "helm", release } };
}

/** The same authority as before, but Rancher has made it itself: no Secret is mounted, and cert-manager signs. */
export function generatedEstate(
  clusters: readonly Cluster[],
  change: Partial<Estate["installation"]> = helmReleased({ hostname: "rancher.example.test" }),
): Estate {
  const estate = estateOf(clusters);
  const { secret: _secret, written: _written, ...trust } = estate.trust;
  const installation = { ...estate.installation, privateCa: false, tlsSource: "rancher" as const, ...change };
  return { ...estate, trust, installation };
}

/** Agents do not verify strictly, and Rancher is a Helm release with these values. */
export function lenient(estate: Estate, values: ReleaseFacts["values"] = PRIVATE_VALUES): Estate {
  const installation = { ...estate.installation, ...helmReleased(values), agentTlsMode: "system-store" as const };
  const clusters = estate.clusters.map((cluster) =>
    cluster.agent === undefined ? cluster : { ...cluster, agent: { ...cluster.agent, strict: false } },
  );
  return { ...estate, installation, clusters };
}

export const PRIVATE_VALUES = { privateCA: true, "ingress.tls.source": "secret" };

/** Rancher has a public certificate and serves no bundle: it comes from Let's Encrypt, unless said otherwise. */
export function publicEstate(
  clusters: readonly Cluster[],
  change: Partial<Estate["installation"]> = { tlsSource: "letsEncrypt" },
): Estate {
  const estate = lenient(estateOf(clusters, { bundle: "", chain: PUBLIC.chain }), {
    "ingress.tls.source": "letsEncrypt",
  });
  const { secret: _secret, written: _written, ...trust } = estate.trust;
  return { ...estate, trust, installation: { ...estate.installation, privateCa: false, ...change } };
}

/** The same estate where a load balancer ends TLS: no Secret holds the certificate. */
export function elsewhere(estate: Estate): Estate {
  const { secret: _, ...serving } = estate.serving;
  return { ...estate, serving, installation: { ...estate.installation, tlsSource: "external" } };
}

export function overlapInput(estate: Estate, change: Partial<PlanInput> = {}): PlanInput {
  return {
    estate,
    direction: "forward",
    rotation: "r-20261123-00000000",
    now: NOW,
    findings: [],
    goal: { bundle: YOUNG.bundle, chain: YOUNG.chain, sealed: SEALED },
    current: { sealed: SEALED },
    ...change,
  };
}

export function overlapPlan(clusters: readonly Cluster[], change: Partial<PlanInput> = {}): Plan {
  return assemblePlan(overlapInput(estateOf(clusters), change));
}

/** What a refusal says. @throws Error when nothing is refused */
export function refusal(run: () => unknown): { code: string; sentence: string; hint: string } {
  try {
    run();
  } catch (error) {
    if (error instanceof FarrierError) return { code: error.code, sentence: error.message, hint: error.hint };
    throw error;
  }
  throw new Error("it was not refused");
}
