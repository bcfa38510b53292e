/** Random estates whose Rancher the real helm upgrades on the way. One number makes one case. */
import fc from "fast-check";
import type { ScenarioInput } from "../../../src/sandbox/scenario/scenario.ts";
import { type Case, deaths, happenings, SPEED, type Upgrade } from "./scenario.ts";

const UPGRADES: readonly Upgrade[] = [
  "generated-to-private",
  "private-to-public",
  "generated-to-public",
  "gateway-to-public",
  "external-to-public",
];
const NAME = "paris";

/** Where the certificate comes from at first, and where TLS ends. */
const BEGINNINGS: Readonly<Record<Upgrade, ScenarioInput["tls"]>> = {
  "generated-to-private": { source: "rancher" },
  "generated-to-public": { source: "rancher" },
  "private-to-public": { source: "secret" },
  "gateway-to-public": { source: "secret", exposure: "gateway" },
  "external-to-public": { source: "external" },
};

const drawing = fc.record({
  version: fc.constantFrom("2.15.1", "2.14", "2.12"),
  agents: fc.constantFrom(1, 1, 2),
  happenings: happenings([NAME]),
  deaths,
  deathsBack: deaths,
  turn: fc.integer({ min: 3, max: 110 }),
});

/** The case of a number: each way in turn, and every second one is turned back. */
export function upgradeOf(seed: number): Case {
  const [drawn] = fc.sample(drawing, { seed, numRuns: 1 });
  if (drawn === undefined) throw new Error("a sample of one has one member");
  const { version, agents, turn, ...rest } = drawn;
  const upgrade = UPGRADES[seed % UPGRADES.length] ?? "generated-to-private";
  return {
    seed,
    procedure: "overlap",
    ...rest,
    upgrade,
    estate: {
      seed,
      speed: SPEED,
      // A Gateway leads to Rancher in its charts from 2.14 on.
      rancher: { version: upgrade === "gateway-to-public" && version === "2.12" ? "2.14" : version },
      tls: { mode: "system-store", ...BEGINNINGS[upgrade] },
      clusters: [{ name: NAME, agents }],
    },
    ...(seed % 2 === 0 ? { turnsBackAt: turn } : {}),
  };
}
