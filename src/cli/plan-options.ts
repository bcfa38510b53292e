/** What `farrier.yaml` says about planning, with names of clusters turned into ids. */
import { FarrierError } from "../errors.ts";
import type { Cluster } from "../estate/cluster.ts";
import type { PlanOptions } from "../plan/options.ts";
import { findCluster } from "./cluster-name.ts";
import type { Settings } from "./settings.ts";

/** @throws FarrierError `input.cluster-unknown`, `input.cluster-ambiguous` for a name in the settings */
export function planOptions(settings: Settings, clusters: readonly Cluster[]): Partial<PlanOptions> {
  const { waves, rest, armingMinReadySeconds } = settings;
  const perCluster = Object.entries(settings.clusters ?? {}).map(([name, wish]) => ({
    id: findCluster(name, clusters).id,
    ...wish,
  }));
  const unarmed = perCluster.filter((one) => one.acceptUnarmed === true);
  const contradictory = unarmed.find((one) => one.method !== "redeploy");
  if (contradictory !== undefined) {
    throw new FarrierError("input.invalid", `Cluster ${contradictory.id} has acceptUnarmed without method redeploy.`, {
      hint: "A cluster whose agent is patched is always armed: remove acceptUnarmed, or set method: redeploy.",
    });
  }
  return {
    canary: (waves?.canary ?? []).map((name) => findCluster(name, clusters).id),
    ...(waves?.size === undefined ? {} : { waveSize: waves.size }),
    ...(waves?.concurrency === undefined ? {} : { concurrency: waves.concurrency }),
    ...(waves?.failureBudget === undefined ? {} : { failureBudget: waves.failureBudget }),
    ...(waves?.soakSeconds === undefined ? {} : { soakSeconds: waves.soakSeconds }),
    ...(rest === undefined
      ? {}
      : { rest: rest === "until-resumed" ? { kind: "until-resumed" } : { kind: "seconds", seconds: rest } }),
    methods: Object.fromEntries(
      perCluster.flatMap(({ id, method }) => (method === undefined ? [] : [[id, method] as const])),
    ),
    acceptUnarmed: unarmed.map((one) => one.id),
    ...(armingMinReadySeconds === undefined ? {} : { armingMinReadySeconds }),
  };
}

/** Until when the target must be valid. */
export function horizonOf(settings: Settings, now: Date): Date {
  return new Date(now.getTime() + (settings.horizonDays ?? DEFAULT_HORIZON_DAYS) * 86_400_000);
}

const DEFAULT_HORIZON_DAYS = 30;
