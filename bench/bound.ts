/** The least time that a rotation can take: what agents and Rancher need for their own restarts, along the waves. */

/** The part of a plan that restarts anything. */
export interface BoundedPlan {
  /** Seconds that a new pod of an armed agent must be Ready before the old one goes. */
  readonly armingMinReadySeconds: number;
  readonly stages: readonly {
    readonly waves: readonly {
      readonly concurrency: number;
      readonly steps: readonly { readonly kind: string }[];
    }[];
  }[];
}

/** Seconds that one restart takes, without Farrier, until everybody that it concerns is connected. */
export interface RestartTimes {
  readonly agent: number;
  readonly rancher: number;
}

export interface LowerBound {
  /** Restarts alone. */
  readonly restarts: number;
  /** What the agents' Deployments wait on top of it, because they were told to: `minReadySeconds`. */
  readonly readiness: number;
}

const AGENT_RESTARTS = ["arm-agent", "redeploy-agent", "restart-agent", "roll-agent"];
/** Their old pods go only when the new ones have been Ready for `minReadySeconds`. */
const RESTARTS_UNTIL_AVAILABLE = ["restart-agent", "roll-agent"];
const RANCHER_RESTARTS = ["serve-bundle", "restart-rancher"];

/**
 * In seconds: of a wave, as many restarts at the same time as it allows; waves one after the other.
 * @param speed how many seconds of the estate's go by in one of the measurement
 */
export function lowerBound(plan: BoundedPlan, times: RestartTimes, speed: number): LowerBound {
  let restarts = 0;
  let readiness = 0;
  for (const { steps, concurrency } of plan.stages.flatMap(({ waves }) => waves)) {
    const rounds = (kinds: readonly string[]): number =>
      Math.ceil(steps.filter(({ kind }) => kinds.includes(kind)).length / concurrency);
    restarts += rounds(AGENT_RESTARTS) * times.agent + rounds(RANCHER_RESTARTS) * times.rancher;
    readiness += (rounds(RESTARTS_UNTIL_AVAILABLE) * plan.armingMinReadySeconds) / speed;
  }
  return { restarts, readiness };
}
