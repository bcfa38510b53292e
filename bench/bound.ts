/** The least time that a rotation can take: what agents and Rancher need for their own restarts, along the waves. */

/** The part of a plan that restarts anything. */
export interface BoundedPlan {
  /** Seconds that a new pod of an armed agent must be Ready before the old one goes. */
  readonly armingMinReadySeconds: number;
  readonly stages: readonly {
    readonly waves: readonly {
      readonly concurrency: number;
      readonly steps: readonly { readonly kind: string; readonly target: string }[];
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

/** One pod of the agent's is made anew, whatever the number of its replicas. */
const POD_RESTARTS = ["arm-agent", "redeploy-agent"];
/** Its Deployment brings the replicas over one after the other; an old pod goes only when the new one has been Ready for `minReadySeconds`. */
const ROLLOUTS = ["restart-agent", "roll-agent"];
const RANCHER_RESTARTS = ["serve-bundle", "restart-rancher"];

/** How long things take in the estate that is measured. */
export interface Estate {
  readonly times: RestartTimes;
  /** Of each cluster's agent, by the cluster's id; one where it is not said. */
  readonly replicas: ReadonlyMap<string, number>;
  /** How many seconds of the estate's go by in one of the measurement. */
  readonly speed: number;
}

/** In seconds: of a wave, as many restarts at the same time as it allows; waves one after the other. */
export function lowerBound(plan: BoundedPlan, { times, replicas, speed }: Estate): LowerBound {
  let restarts = 0;
  let readiness = 0;
  for (const { steps, concurrency } of plan.stages.flatMap(({ waves }) => waves)) {
    const of = (kinds: readonly string[], weight: (target: string) => number): number =>
      rounds(
        steps.filter(({ kind }) => kinds.includes(kind)).map(({ target }) => weight(target)),
        concurrency,
      );
    const rollouts = of(ROLLOUTS, (target) => replicas.get(target) ?? 1);
    restarts += (of(POD_RESTARTS, () => 1) + rollouts) * times.agent;
    restarts += of(RANCHER_RESTARTS, () => 1) * times.rancher;
    readiness += (rollouts * plan.armingMinReadySeconds) / speed;
  }
  return { restarts, readiness };
}

/** The least number of rounds in which so many can be done at a time: never less than the longest takes alone. */
function rounds(lengths: readonly number[], concurrency: number): number {
  const all = lengths.reduce((sum, length) => sum + length, 0);
  return Math.max(0, ...lengths, Math.ceil(all / concurrency));
}
