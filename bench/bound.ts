/** The least time that a rotation can take: what agents and Rancher need for their own restarts, stage by stage. */

/** The part of a plan that restarts anything. */
export interface BoundedPlan {
  /** Seconds that a new pod of an armed agent must be Ready before the old one goes. */
  readonly armingMinReadySeconds: number;
  readonly stages: readonly {
    readonly waves: readonly { readonly steps: readonly { readonly kind: string; readonly target: string }[] }[];
  }[];
}

/** Seconds that one restart takes, without Farrier, until everybody that it concerns is connected. */
export interface RestartTimes {
  readonly agent: number;
  readonly rancher: number;
}

/** How long things take in the estate that is measured. */
export interface Estate {
  readonly times: RestartTimes;
  /** Of each cluster's agent, by the cluster's id; one where it is not said. */
  readonly replicas: ReadonlyMap<string, number>;
  /** How many seconds of the estate's go by in one of the measurement. */
  readonly speed: number;
}

/** An agent's pods become new ones. Armed agents do that by themselves, all at once, as soon as the bundle is served. */
const ROLLOUTS = ["restart-agent", "roll-agent"];
const SERVES_BUNDLE = "serve-bundle";
const RANCHER_RESTARTS = [SERVES_BUNDLE, "restart-rancher"];

/** In seconds. */
export interface LeastTimes {
  /**
   * The restarts along the stages, one stage after the other as the plan has them: of each stage Rancher's restarts, and
   * the longest rollout of one agent, whose Deployment brings its replicas over one after the other, each Ready for
   * `minReadySeconds`. Arming counts nothing: the old pods stay connected, and a new one need but fail.
   */
  readonly inTurn: number;
  /**
   * What no order of them can beat: rollouts that wait for a bundle may run while Rancher still restarts with it, so that
   * of those two the longer one counts alone.
   */
  readonly overlapped: number;
}

export function leastTimes({ stages, armingMinReadySeconds }: BoundedPlan, estate: Estate): LeastTimes {
  const { times, replicas, speed } = estate;
  const perReplica = times.agent + armingMinReadySeconds / speed;
  let inTurn = 0;
  let spared = 0;
  let serving = 0;
  for (const { waves } of stages) {
    const steps = waves.flatMap((wave) => wave.steps);
    const rollouts = steps.filter(({ kind }) => ROLLOUTS.includes(kind));
    const longest = Math.max(0, ...rollouts.map(({ target }) => (replicas.get(target) ?? 1) * perReplica));
    const restarts = steps.filter(({ kind }) => RANCHER_RESTARTS.includes(kind)).length * times.rancher;
    inTurn += restarts + longest;
    if (steps.some(({ kind }) => kind === SERVES_BUNDLE)) {
      serving = restarts;
    } else if (rollouts.length > 0) {
      spared += Math.min(serving, longest);
      serving = 0;
    }
  }
  return { inTurn, overlapped: inTurn - spared };
}
