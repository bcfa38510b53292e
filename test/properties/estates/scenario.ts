/** Random estates, what befalls them, and where the process that works on them dies. One number makes one case. */
import fc from "fast-check";
import type { Fault } from "../../../src/sandbox/scenario/faults.ts";
import type { ScenarioInput } from "../../../src/sandbox/scenario/scenario.ts";

/** Where a process dies: at this entry of its life, before the entry is flushed or after. */
export interface Death {
  readonly entry: number;
  readonly moment: "before" | "after";
}

/** Something that happens when the journal has so many entries; 0 is before the plan is made. */
export interface Happening {
  readonly entry: number;
  readonly fault: Fault;
}

/**
 * How the first cluster is dealt with where it is not just one agent that is patched through Rancher's tunnel. `reapply` and
 * `credentials`: its agent is missing with its credentials and has a kubeconfig, or its credentials alone are missing.
 */
export type Means = "node-agents" | "kubeconfig" | "endpoint" | "ssh" | "redeploy" | "reapply" | "credentials";

/** What Rancher's release is changed for, by the real helm. */
export type Upgrade =
  | "generated-to-private"
  | "generated-to-public"
  | "private-to-public"
  /** A private certificate at a Gateway, or where TLS ends before the cluster. */
  | "gateway-to-public"
  | "external-to-public";

/**
 * Why only a flag day is left: somebody has put another certificate in place, or the present one has ended; and then its own
 * authority may sign the target, too.
 */
export type Loss = "forgotten" | "ended" | "ended-same-authority";

export interface Case {
  readonly seed: number;
  readonly estate: ScenarioInput;
  readonly procedure: "overlap" | "renew" | "replace";
  readonly means?: Means;
  readonly upgrade?: Upgrade;
  /** Of a flag day. */
  readonly loss?: Loss;
  readonly happenings: readonly Happening[];
  /** For so many sandbox seconds, from before the plan is made on, the first cluster's agent does not reach Rancher. */
  readonly awaySeconds?: number;
  /** There before the plan is made: a fault that only a person can mend, and the cluster that has it. */
  readonly obstacle?: { readonly cluster: string; readonly fault: Fault };
  /** The process dies so often, at these places, before one lives to the end. */
  readonly deaths: readonly Death[];
  /** Rolled back when the journal has so many entries; beyond the end: after the rotation is finished. */
  readonly turnsBackAt?: number;
  /** Deaths on the way back. */
  readonly deathsBack: readonly Death[];
}

/** How much faster than a real estate the cases live. */
export const SPEED = 200;

/** An agent that restarts more often than `minReadySeconds` never becomes available: nobody could move it. */
const SELDOM_SECONDS = 1_000;

const NAMES = ["paris", "tokyo", "lagos"];

const clusters = fc
  .array(
    fc.record({
      agents: fc.constantFrom(1, 1, 1, 2),
      latencyMs: fc.constantFrom(0, 0, 0, 80),
      kubernetes: fc.constantFrom("v1.33.4", "v1.30.14", "v1.27.16"),
    }),
    { minLength: 1, maxLength: NAMES.length, size: "small" },
  )
  // Mostly one cluster: what one cluster cannot show (waves, late ones) the others are there for.
  .chain((all) => fc.constantFrom(all.slice(0, 1), all.slice(0, 1), all.slice(0, 2), all))
  .map((all) => all.map((one, index) => ({ ...one, name: NAMES[index] ?? "" })));

export const estate = fc.record({
  // Not 2.15.0: its webhook refuses every change of the setting, and a check refuses the plan.
  version: fc.constantFrom("2.15.1", "2.15.1", "2.14", "2.12", "2.11", "2.9", "2.6"),
  replicas: fc.constantFrom(1, 1, 2),
  ingressReplicas: fc.constantFrom(1, 1, 2),
  mode: fc.constantFrom("strict" as const, "strict" as const, "system-store" as const),
  bundle: fc.constantFrom("plain" as const, "crlf" as const, "bom" as const, "comment" as const),
  clusters,
});

export const deaths = fc.array(
  fc.record({ entry: fc.integer({ min: 1, max: 45 }), moment: fc.constantFrom("before" as const, "after" as const) }),
  { maxLength: 3, size: "max" },
);

/** What passes by itself, in sandbox seconds; or what an estate lives with. */
function passing(cluster: string): fc.Arbitrary<Fault> {
  const seconds = fc.integer({ min: 20, max: 400 });
  return fc.oneof(
    { weight: 8, arbitrary: fc.constant({ kind: "restart-agent" as const, cluster }) },
    { weight: 3, arbitrary: fc.constant({ kind: "redeploy" as const, cluster }) },
    { weight: 3, arbitrary: fc.constant({ kind: "disconnect" as const, cluster }) },
    { weight: 2, arbitrary: seconds.map((after) => ({ kind: "offline" as const, cluster, seconds: after })) },
    {
      weight: 1,
      arbitrary: seconds.map((every) => ({ kind: "flapping" as const, cluster, everySeconds: every + SELDOM_SECONDS })),
    },
    {
      weight: 2,
      arbitrary: seconds.map((every) => ({ kind: "random-restarts" as const, everySeconds: every + SELDOM_SECONDS })),
    },
    { weight: 1, arbitrary: fc.constant({ kind: "restart-rancher" as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: "stale-rancher" as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: "setting-delay" as const, seconds: 40 }) },
    { weight: 1, arbitrary: fc.constant({ kind: "ingress-late" as const, seconds: 60 }) },
    {
      weight: 2,
      arbitrary: fc.constantFrom("rancher", "management", cluster).map((target) => ({
        kind: "api-errors" as const,
        target,
        rate: 0.05,
        statuses: [409 as const, 429 as const, 500 as const],
      })),
    },
  );
}

export function happenings(names: readonly string[]): fc.Arbitrary<Happening[]> {
  const one = fc.constantFrom(...names).chain((name) => {
    return fc.record({ entry: fc.integer({ min: 0, max: 80 }), fault: passing(name) });
  });
  return fc.array(one, { maxLength: 4, size: "max" });
}

const obstacle = (cluster: string): fc.Arbitrary<Fault> =>
  fc.constantFrom(
    { kind: "offline" as const, cluster },
    { kind: "forbidden" as const, cluster },
    { kind: "image-missing" as const, cluster },
    { kind: "node-full" as const, cluster },
  );

/**
 * Where no new pod can start, or the next one would pin another bundle than the one that is served, an agent that
 * somebody else ends is lost, whatever Farrier does.
 */
function endsItsAgent(fault: Fault, fragile: readonly (string | undefined)[]): boolean {
  if (fragile.length === 0) return false;
  return fault.kind === "random-restarts" || ("cluster" in fault && fragile.includes(fault.cluster));
}

/**
 * By the number, not by lot: which of the cases have which means stays as it is when anything else is drawn otherwise.
 * A cluster whose agent has the pin of another estate is not left to Rancher's own hand. An agent that was made anew is
 * there after a rollback as well.
 */
function meansOf(seed: number, version: string, { drifted, way }: { drifted: boolean; way: Way }): Means | undefined {
  if (seed % 8 === 1) return seed % 16 === 1 ? "kubeconfig" : "endpoint";
  if (seed % 8 === 5) return drifted ? undefined : "redeploy";
  if (seed % 8 === 3) return drifted || way === "back" ? undefined : seed % 16 === 3 ? "reapply" : "credentials";
  return seed % 4 === 0 && ["2.11", "2.9", "2.6"].includes(version) ? "node-agents" : undefined;
}

/** By the number as well: where TLS ends. A Gateway leads to Rancher in its charts from 2.14 on. */
function terminationOf(seed: number, version: string): ScenarioInput["tls"] {
  if (seed % 8 === 7) return { source: "external" };
  return seed % 8 === 2 && ["2.15.1", "2.14"].includes(version) ? { exposure: "gateway" } : {};
}

/** What makes the means matter: the tunnel is away for a while; and an agent that is not armed is let live. */
function happeningsWith(means: Means | undefined, seed: number, cluster: string): Happening[] {
  if (means !== "kubeconfig" && means !== "endpoint" && means !== "ssh") return [];
  // Rancher makes an endpoint's kubeconfig when it is planned for.
  return [{ entry: (seed % 50) + (means === "endpoint" ? 2 : 0), fault: { kind: "offline", cluster, seconds: 300 } }];
}

/** What the estate's first cluster must be for its means. */
export function clusterFor(means: Means | undefined): object {
  if (means === "node-agents") return { nodeAgent: true, nodes: 2 };
  if (means === "endpoint") return { authorizedEndpoint: true };
  // Rancher's registration manifest makes one replica.
  return means === "reapply" ? { agents: 1 } : {};
}

/** A rotation goes forth, or is turned back. */
export type Way = "forth" | "back";

/**
 * The case of a number. The way forth and the way back are drawn apart, so that each has its own cases.
 * @param fixed the means, where they do not go by the number
 */
export function caseOf(seed: number, way: Way, fixed?: Means): Case {
  const arbitrary = estate.chain(({ clusters: own, ...rancher }) => {
    const names = own.map(({ name }) => name);
    const { version, replicas, ingressReplicas, mode, bundle } = rancher;
    // Before 2.9 Rancher has no mode.
    const tls = { mode: version === "2.6" ? ("strict" as const) : mode, bundle, ...terminationOf(seed, version) };
    const last = names.at(-1) ?? "";
    return fc.record({
      estate: fc.constant({
        seed,
        speed: SPEED,
        rancher: { version, replicas, ingressReplicas },
        tls,
        clusters: own,
      }),
      procedure: fc.constantFrom("overlap" as const, "overlap" as const, "renew" as const),
      happenings: happenings(names),
      deaths,
      deathsBack: deaths,
      turn: fc.integer({ min: 3, max: 110 }),
      blocked: names.length > 1 && way === "forth" ? fc.option(obstacle(last), { freq: 2 }) : fc.constant(null),
      drifted: fc.constantFrom(false, false, false, false, false, way === "forth"),
    });
  });
  const [drawn] = fc.sample(arbitrary, { seed: seed * 2 + (way === "forth" ? 0 : 1), numRuns: 1 });
  if (drawn === undefined) throw new Error("a sample of one has one member");
  const { turn, blocked, drifted, ...rest } = drawn;
  const name = rest.estate.clusters[0]?.name ?? "";
  const obstructed = blocked === null ? [] : [rest.estate.clusters.at(-1)?.name];
  const means = fixed ?? meansOf(seed, rest.estate.rancher.version, { drifted, way });
  const fragile = drifted || means === "redeploy" || means === "credentials" ? [...obstructed, name] : obstructed;
  const happened = [...rest.happenings, ...happeningsWith(means, seed, name)].filter(
    ({ fault }) => !endsItsAgent(fault, fragile),
  );
  const faults: Fault[] = drifted ? [{ kind: "drifted", cluster: name, pin: "other" }] : [];
  return {
    seed,
    ...rest,
    happenings: happened,
    ...(means === undefined ? {} : { means }),
    estate: {
      ...rest.estate,
      clusters: rest.estate.clusters.map((one) => (one.name === name ? { ...one, ...clusterFor(means) } : one)),
      faults,
    },
    ...(blocked === null ? {} : { obstacle: { cluster: rest.estate.clusters.at(-1)?.name ?? "", fault: blocked } }),
    ...(way === "back" ? { turnsBackAt: turn } : {}),
  };
}
