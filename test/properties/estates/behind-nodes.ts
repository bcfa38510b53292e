/** Random estates whose first cluster is led to by one of its nodes as well, over a real `sshd`. One number makes one case. */
import { type Case, caseOf } from "./scenario.ts";

/** Sandbox seconds: what the plan and the first steps take, and more. */
const AWAY_SECONDS = 1200;

/** The case of a number. Every third is turned back; in the others the tunnel is dead when the plan is made. */
export function behindNodeOf(seed: number): Case {
  const way = seed % 3 === 0 ? "back" : "forth";
  const drawn = caseOf(seed, way, "ssh");
  return { ...drawn, procedure: "overlap", ...(way === "forth" ? { awaySeconds: AWAY_SECONDS } : {}) };
}
