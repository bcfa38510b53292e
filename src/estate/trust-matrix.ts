/** Consumers × epochs: what each consumer has shown about each bundle. */
import { hasStarted, isArmed } from "./agent-state.ts";
import type { Cluster, Consumer } from "./cluster.ts";
import type { Estate } from "./estate.ts";
import type { Evidence, EvidenceKind } from "./evidence.ts";

/**
 * - `started`, `armed`, `declared`: the strongest thing shown for this epoch.
 * - `none`: it could be shown, but is not.
 * - `unproved`: this version knows no evidence for a consumer of this kind, or what people hold never proves anything.
 */
export type TrustState = "started" | "armed" | "declared" | "none" | "unproved";

export interface MatrixCell {
  readonly epoch: string;
  readonly state: TrustState;
  readonly evidence: readonly Evidence[];
  /** Age of the newest evidence, whole seconds; absent without evidence. */
  readonly ageSeconds?: number;
}

export interface MatrixRow {
  readonly consumer: Consumer;
  readonly clusterName: string;
  readonly cells: readonly MatrixCell[];
}

export interface EvidenceQuestion {
  readonly now: Date;
  /** What arming sets: see `StartQuestion`. */
  readonly minReadySeconds: number;
}

/** One row for each consumer, sorted by its id; an agent that could not be read has cells without evidence. */
export function trustMatrix(
  estate: Estate,
  epochs: readonly { readonly name: string; readonly pin: string }[],
  question: EvidenceQuestion,
): MatrixRow[] {
  return estate.clusters
    .flatMap((cluster) => cluster.consumers.map((consumer) => rowOf({ estate, cluster, consumer }, epochs, question)))
    .toSorted((a, b) => (a.consumer.id < b.consumer.id ? -1 : Number(a.consumer.id > b.consumer.id)));
}

/** What a cluster's agent shows about one pin, weakest first; empty where its Deployment could not be read. */
export function agentEvidence(
  cluster: Cluster,
  pin: string,
  question: EvidenceQuestion & { readonly observedAt: string },
): Evidence[] {
  const { agent } = cluster;
  if (agent === undefined) return [];
  const source = `deployment ${agent.namespace}/${agent.name} of ${cluster.id}`;
  const seen = (kind: EvidenceKind): Evidence => ({ kind, pin, at: question.observedAt, source });
  const connected = cluster.connected?.status === "True";
  const started = hasStarted(agent, pin, { ...question, connected });
  return [
    ...(agent.pin === pin ? [seen("declared")] : []),
    ...(isArmed(agent, pin, question.minReadySeconds) ? [seen("armed")] : []),
    ...(started ? [seen("started")] : []),
  ];
}

interface Subject {
  readonly estate: Estate;
  readonly cluster: Cluster;
  readonly consumer: Consumer;
}

function rowOf(
  subject: Subject,
  epochs: readonly { readonly name: string; readonly pin: string }[],
  question: EvidenceQuestion,
): MatrixRow {
  const cells = epochs.map(({ name, pin }) => {
    const evidence = evidenceFor(subject, pin, question);
    const age = ageOf(evidence, question.now);
    const state = stateOf(subject.consumer, evidence);
    return { epoch: name, state, evidence, ...(age === undefined ? {} : { ageSeconds: age }) };
  });
  return { consumer: subject.consumer, clusterName: subject.cluster.name, cells };
}

function evidenceFor({ estate, cluster, consumer }: Subject, pin: string, question: EvidenceQuestion): Evidence[] {
  const recorded = consumer.evidence.filter((one) => one.pin === pin);
  if (consumer.kind !== "cluster-agent") return recorded;
  const own = agentEvidence(cluster, pin, { ...question, observedAt: estate.observedAt });
  const kinds = new Set(own.map(({ kind }) => kind));
  return [...own, ...recorded.filter(({ kind }) => !kinds.has(kind) && !DERIVED.has(kind))];
}

/** Always concluded from the workload itself, so that no older conclusion stands beside what is seen now. */
const DERIVED: ReadonlySet<EvidenceKind> = new Set(["declared", "armed", "started"]);

function stateOf(consumer: Consumer, evidence: readonly Evidence[]): TrustState {
  const kinds = new Set(evidence.map(({ kind }) => kind));
  if (!consumer.gating) return "unproved";
  if (kinds.has("started")) return "started";
  if (kinds.has("armed")) return "armed";
  if (!consumer.movable) return "unproved";
  return kinds.has("declared") ? "declared" : "none";
}

function ageOf(evidence: readonly Evidence[], now: Date): number | undefined {
  if (evidence.length === 0) return undefined;
  const newest = Math.max(...evidence.map(({ at }) => Date.parse(at)));
  return Math.max(0, Math.floor((now.getTime() - newest) / 1000));
}
