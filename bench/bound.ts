/** The least time that a rotation can take: what agents and Rancher need for their own restarts, along the waves. */

/** The part of a plan that restarts anything. */
export interface BoundedPlan {
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

const AGENT_RESTARTS = ["arm-agent", "redeploy-agent", "restart-agent", "roll-agent"];
const RANCHER_RESTARTS = ["serve-bundle", "restart-rancher"];

/** In seconds: of a wave, as many restarts at the same time as it allows; waves one after the other. */
export function lowerBound(plan: BoundedPlan, times: RestartTimes): number {
  let seconds = 0;
  for (const { waves } of plan.stages) {
    for (const { steps, concurrency } of waves) {
      const ofAgents = steps.filter(({ kind }) => AGENT_RESTARTS.includes(kind)).length;
      const ofRancher = steps.filter(({ kind }) => RANCHER_RESTARTS.includes(kind)).length;
      seconds += Math.ceil(ofAgents / concurrency) * times.agent + ofRancher * times.rancher;
    }
  }
  return seconds;
}
