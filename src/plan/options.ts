/** What a person may set about a plan. */
import type { WantedBackup } from "./estate-backup.ts";

export interface PlanOptions {
  /** Cluster ids of the canary wave; the first cluster that can be armed when empty. */
  readonly canary: readonly string[];
  /** Clusters in each wave after the canary. Default 50. */
  readonly waveSize: number;
  /** Steps of a wave that run at the same time. Default 50. */
  readonly concurrency: number;
  /** The same for stages that mostly watch what clusters do by themselves. Default 200. */
  readonly spreadConcurrency: number;
  /** Steps of a wave that may fail before its stage stops; by default a tenth of the wave, at least one; none in a canary. */
  readonly failureBudget?: number;
  /** Seconds between one wave and the next. Default 0. */
  readonly soakSeconds: number;
  /** How long to rest before the old authority is dropped. Default: not at all. */
  readonly rest: { readonly kind: "seconds"; readonly seconds: number } | { readonly kind: "until-resumed" };
  /** By cluster id: the method that the person wants. */
  readonly methods: Readonly<Record<string, "patch" | "redeploy">>;
  /** Cluster ids that may pass the widen gate unarmed, because the person said so. */
  readonly acceptUnarmed: readonly string[];
  /**
   * Seconds that a new agent pod must be Ready before it counts as available. Default 30: a start check that fails
   * takes 1.5 s, and 20 s and 30 s were seen to hold on a real kubelet.
   */
  readonly armingMinReadySeconds: number;
  /** The estate's own backup, made before anything is touched. Default: none. */
  readonly estateBackup?: WantedBackup;
}

export const DEFAULT_OPTIONS: PlanOptions = {
  canary: [],
  waveSize: 50,
  concurrency: 50,
  spreadConcurrency: 200,
  soakSeconds: 0,
  rest: { kind: "seconds", seconds: 0 },
  methods: {},
  acceptUnarmed: [],
  armingMinReadySeconds: 30,
};
