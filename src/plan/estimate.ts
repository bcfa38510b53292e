/** What a rotation costs, roughly: for people who choose a time for it. */
import type { Plan, Stage, Step, StepKind } from "./plan.ts";
import { stepsOf } from "./reading.ts";

interface Cost {
  /** Seconds, from the quickest to the slowest that is still usual. */
  readonly least: number;
  readonly most: number;
  readonly requests: number;
}

/**
 * Seen on a real Rancher 2.15.1: ready 5–20 s after a start; an agent connected 11 s and Ready 18 s after a redeploy; an
 * armed agent's waiting pod starts within its back-off, 5 minutes at most, or at once when it is deleted.
 */
const COSTS: Readonly<Record<StepKind, Cost>> = {
  "save-objects": { least: 1, most: 5, requests: 6 },
  "back-up-estate": { least: 5, most: 600, requests: 4 },
  "save-snapshot": { least: 2, most: 300, requests: 0 },
  "request-snapshot": { least: 15, most: 600, requests: 8 },
  // Gigabytes, and Rancher starts anew.
  "copy-container": { least: 20, most: 1200, requests: 1 },
  "prove-decryption": { least: 0, most: 1, requests: 0 },
  "arm-agent": { least: 3, most: 60, requests: 5 },
  "serve-bundle": { least: 10, most: 120, requests: 12 },
  "roll-agent": { least: 5, most: 120, requests: 6 },
  "redeploy-agent": { least: 11, most: 60, requests: 6 },
  "reapply-agent": { least: 22, most: 300, requests: 40 },
  "present-certificate": { least: 1, most: 15, requests: 4 },
  "replace-certificate": { least: 10, most: 135, requests: 16 },
  "restart-agent": { least: 30, most: 120, requests: 5 },
  "restart-rancher": { least: 10, most: 120, requests: 8 },
  "settle-agent": { least: 1, most: 5, requests: 3 },
  "arm-node-agents": { least: 1, most: 20, requests: 8 },
  // One node after the other: how many there are is seen then.
  "roll-node-agents": { least: 30, most: 1800, requests: 60 },
  "settle-node-agents": { least: 1, most: 5, requests: 4 },
  "prove-trust": { least: 1, most: 30, requests: 4 },
  "pin-agent": { least: 10, most: 120, requests: 14 },
  "drop-agent-tokens": { least: 1, most: 10, requests: 12 },
  "recreate-agent-pods": { least: 10, most: 120, requests: 14 },
  "drop-person-tokens": { least: 1, most: 10, requests: 12 },
  "hold-access": { least: 5, most: 90, requests: 12 },
  "renew-rancher": { least: 10, most: 120, requests: 8 },
  "prove-access": { least: 15, most: 60, requests: 4 },
  "upgrade-release": { least: 10, most: 180, requests: 40 },
  "delete-certificate": { least: 1, most: 5, requests: 3 },
  "remove-bundle": { least: 1, most: 5, requests: 3 },
};

/** Observation of the estate at a gate: requests for each cluster. */
const REQUESTS_PER_LOOK = 3;

/** Adds up the stages: waves one after the other, within a wave as many steps at once as it allows. */
export function estimate(stages: readonly Stage[], clusters: number, armingMinReadySeconds: number): Plan["estimate"] {
  const steps = stages.flatMap(stepsOf);
  const spreads = stages.filter(({ kind }) => kind === "spread");
  const straddling = spreads.length * armingMinReadySeconds;
  const gates = stages.filter(({ gate }) => gate !== "nothing").length;
  return {
    durationSeconds: {
      least: duration(stages, "least") + straddling,
      most: duration(stages, "most") + straddling,
    },
    agentRestarts: count(steps, ["roll-agent", "redeploy-agent", "restart-agent", "pin-agent", "recreate-agent-pods"]),
    rancherRestarts:
      count(steps, ["serve-bundle", "replace-certificate", "restart-rancher", "upgrade-release"]) +
      // The clusters of one wave share a restart.
      stages.flatMap(({ waves }) => waves).filter((wave) => wave.steps.some(({ kind }) => kind === "renew-rancher"))
        .length,
    requests: steps.reduce((sum, { kind }) => sum + COSTS[kind].requests, 0) + gates * clusters * REQUESTS_PER_LOOK,
  };
}

function count(steps: readonly Step[], kinds: readonly StepKind[]): number {
  return steps.filter(({ kind }) => kinds.includes(kind)).length;
}

function duration(stages: readonly Stage[], bound: "least" | "most"): number {
  return stages.reduce((sum, stage) => sum + stageDuration(stage, bound), 0);
}

function stageDuration(stage: Stage, bound: "least" | "most"): number {
  const resting = stage.rest?.kind === "seconds" ? stage.rest.seconds : 0;
  return stage.waves.reduce((sum, wave) => {
    const rounds = Math.ceil(wave.steps.length / wave.concurrency);
    const slowest = Math.max(0, ...wave.steps.map(({ kind }) => COSTS[kind][bound]));
    return sum + rounds * slowest + wave.soakSeconds;
  }, resting);
}
