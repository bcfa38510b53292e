/** Random estates that only a flag day is left for. One number makes one case. */
import fc from "fast-check";
import { type Case, clusterFor, deaths, estate, type Happening, happenings, SPEED } from "./scenario.ts";

/** A Rancher that redeploys on somebody's word gives an armed agent the pin of the bundle that is about to go. */
function undoesArming({ fault }: Happening): boolean {
  return fault.kind === "redeploy";
}

const flagDay = estate.chain(({ clusters, version, replicas, ingressReplicas, mode, bundle }) =>
  fc.record({
    estate: fc.constant({
      speed: SPEED,
      rancher: { version, replicas, ingressReplicas },
      // Before 2.9 Rancher has no mode.
      tls: { mode: version === "2.6" ? ("strict" as const) : mode, bundle },
      clusters,
    }),
    happenings: happenings(clusters.map(({ name }) => name)),
    deaths,
    means: ["2.11", "2.9", "2.6"].includes(version)
      ? fc.constantFrom(undefined, "kubeconfig" as const, "node-agents" as const)
      : fc.constantFrom(undefined, undefined, "kubeconfig" as const),
    loss: fc.constantFrom(
      "forgotten" as const,
      "forgotten" as const,
      "ended" as const,
      "ended-same-authority" as const,
    ),
  }),
);

/** What befalls an agent before it is armed may cut it off for good; mostly it is armed by this entry. */
const ARMED_ENTRY = 14;

/** The case of a number. */
export function flagDayOf(seed: number): Case {
  const [drawn] = fc.sample(flagDay, { seed, numRuns: 1 });
  if (drawn === undefined) throw new Error("a sample of one has one member");
  const { means, happenings: all, ...rest } = drawn;
  const befalls = all.filter((one) => !undoesArming(one));
  // In one case of four, anything may happen at any moment.
  const happened = befalls.map((one) => ({ ...one, entry: seed % 4 === 0 ? one.entry : one.entry + ARMED_ENTRY }));
  return {
    seed,
    procedure: "replace",
    ...rest,
    ...(means === undefined ? {} : { means }),
    estate: {
      ...rest.estate,
      clusters: rest.estate.clusters.map((one, index) => ({ ...one, ...(index === 0 ? clusterFor(means) : {}) })),
      seed,
    },
    happenings: happened,
    deathsBack: [],
  };
}
