/** Random estates whose Rancher the real helm upgrades on the way. One number makes one case. */
import fc from "fast-check";
import { type Case, deaths, happenings, SPEED, type Upgrade } from "./scenario.ts";

const UPGRADES: readonly Upgrade[] = ["generated-to-private", "private-to-public", "generated-to-public"];
const NAME = "paris";

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
      rancher: { version },
      tls: { mode: "system-store", source: upgrade === "private-to-public" ? "secret" : "rancher" },
      clusters: [{ name: NAME, agents }],
    },
    ...(seed % 2 === 0 ? { turnsBackAt: turn } : {}),
  };
}
