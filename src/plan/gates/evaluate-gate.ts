/**
 * A stage's entry condition, asked of the live estate. Every gating consumer of every cluster counts, also of clusters
 * that came after the plan; only a waiver that is in force lets one be left behind.
 */
import type { Cluster } from "../../estate/cluster.ts";
import type { Estate } from "../../estate/estate.ts";
import type { Epoch, Plan, Stage } from "../plan.ts";
import { epochNamed, finalEpoch } from "../reading.ts";
import { armedHolds, type ClusterQuestion, preparedHolds, sessionHolds, startedHolds } from "./agent-holds.ts";
import { type Hold, isInForce, type Waiver } from "./hold.ts";
import {
  acceptedHolds,
  chainHolds,
  handOverHolds,
  presentedHolds,
  servedHolds,
  servesEverywhere,
  settledHolds,
  unwrittenHolds,
} from "./rancher-holds.ts";

export interface GateQuestion {
  readonly plan: Plan;
  readonly stage: Stage;
  /** As observed when the stage is entered; older than ten minutes holds every gate. */
  readonly estate: Estate;
  readonly waivers: readonly Waiver[];
  readonly now: Date;
  /** What was saved was decrypted in this run. */
  readonly backupVerified: boolean;
}

export interface GateVerdict {
  readonly passes: boolean;
  readonly holds: readonly Hold[];
  /** Clusters that would hold the gate but for a waiver, sorted. */
  readonly waived: readonly string[];
}

/** Nothing is concluded from an observation older than this. */
const OBSERVATION_MAX_AGE_MS = 10 * 60_000;

/** Pure: asks, never waits. */
export function evaluateGate(question: GateQuestion): GateVerdict {
  const { stage, plan, now } = question;
  const epoch = stage.gateEpoch === undefined ? finalEpoch(plan) : epochNamed(plan, stage.gateEpoch);
  switch (stage.gate) {
    case "nothing":
      return verdict([], []);
    case "backup-verified":
      return verdict(question.backupVerified ? [] : [UNVERIFIED_BACKUP], []);
    case "prepared":
      // The flag day was: whoever it has cut off is no reason not to go on to those who wait for their pin.
      if (servesEverywhere(question.estate, epoch)) {
        return verdict([...staleHolds(question), ...chainHolds(plan, epoch, now)], []);
      }
      return overClusters(question, epoch, { ask: preparedHolds, holds: chainHolds(plan, epoch, now) });
    case "bundle-served":
      return verdict(
        [
          ...staleHolds(question),
          ...servedHolds(question.estate, epoch),
          ...settledHolds(plan, question.estate, epoch),
        ],
        [],
      );
    case "all-armed":
      // What everybody is served already changes nothing for any agent.
      if (servesEverywhere(question.estate, epoch)) return verdict(staleHolds(question), []);
      return overClusters(question, epoch, {
        ask: armedHolds,
        holds: [...acceptedHolds(plan, question.estate, epoch, now), ...unwrittenHolds(plan, question.estate, epoch)],
      });
    case "all-started":
      return allStarted(question, epoch);
    case "handed-over": {
      // Only when everybody accepts it may a person change it: before that, nobody is asked to.
      const started = allStarted(question, epoch);
      return started.passes ? verdict(handOverHolds(plan, question.estate), started.waived) : started;
    }
    case "switch-proved":
      return overClusters(question, epoch, {
        ask: sessionHolds,
        holds: [...presentedHolds(plan, question.estate), ...unwrittenHolds(plan, question.estate, epoch)],
      });
  }
}

function allStarted(question: GateQuestion, epoch: Epoch): GateVerdict {
  const { plan, estate, now } = question;
  return overClusters(question, epoch, {
    ask: startedHolds,
    holds: [...chainHolds(plan, epoch, now), ...servedHolds(estate, epoch), ...settledHolds(plan, estate, epoch)],
  });
}

/** Whether this cluster is left behind by somebody's word. */
export function isWaived(clusterId: string, waivers: readonly Waiver[], now: Date): boolean {
  return waivers.some((waiver) => waiver.clusterId === clusterId && isInForce(waiver, now));
}

const UNVERIFIED_BACKUP: Hold = {
  target: "rotation",
  why: "It was not shown that what was saved can be decrypted.",
  hint: "Run stage backup again, with the identity that the backups are sealed for.",
};

interface ClusterCondition {
  readonly ask: (question: ClusterQuestion) => readonly Hold[];
  /** Holds that no waiver lifts. */
  readonly holds: readonly Hold[];
}

function overClusters(question: GateQuestion, epoch: Epoch, condition: ClusterCondition): GateVerdict {
  const { plan, estate, waivers, now } = question;
  const waived: string[] = [];
  const holds = [...staleHolds(question), ...condition.holds];
  for (const cluster of sorted(estate.clusters)) {
    const own = condition.ask({ plan, estate, cluster, epoch, now });
    if (own.length === 0) continue;
    if (isWaived(cluster.id, waivers, now)) waived.push(cluster.id);
    else holds.push(...own);
  }
  return verdict(holds, waived);
}

function sorted(clusters: readonly Cluster[]): Cluster[] {
  return clusters.toSorted((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)));
}

function staleHolds({ estate, now }: GateQuestion): Hold[] {
  if (now.getTime() - Date.parse(estate.observedAt) <= OBSERVATION_MAX_AGE_MS) return [];
  const why = `The estate was looked at at ${estate.observedAt}, which is too long ago to conclude anything.`;
  return [{ target: "rancher", why, hint: "Look again." }];
}

function verdict(holds: readonly Hold[], waived: readonly string[]): GateVerdict {
  return { passes: holds.length === 0, holds, waived };
}
