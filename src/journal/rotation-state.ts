/** What a journal says about its rotation: the shapes that the fold makes. Plain data, fit for JSON. */
import type { Evidence } from "../estate/evidence.ts";
import type { Hold, Waiver } from "../plan/gates/hold.ts";
import type { Step } from "../plan/plan.ts";
import type { JournalEvent } from "./entry.ts";

/** The data of one type of event. */
export type EventData<Type extends JournalEvent["type"]> = Extract<JournalEvent, { type: Type }>["data"];

export interface StepState {
  /** `pending` only for a step that was added, or opened again, and has not started. */
  readonly phase: "pending" | "started" | "applied" | "done" | "failed";
  /** What was there before the step's first start: it wins over anything observed later. */
  readonly before?: unknown;
  /** The first `before` of a step that was opened again: what was there before this run ever touched it. */
  readonly original?: unknown;
  /** Times that it was started or retried. */
  readonly attempts: number;
  readonly failure?: EventData<"step-failed">;
  readonly evidence: readonly Evidence[];
  /** It was found done; nothing was written for it. */
  readonly alreadyDone: boolean;
  /** The latest entry about it, ISO 8601. */
  readonly at: string;
}

/** One plan's run: the way forth, or a way back. */
export interface PlanRun {
  readonly file: string;
  readonly digest: string;
  readonly direction: "forward" | "rollback";
  readonly begunAt: string;
  readonly steps: Readonly<Record<string, StepState>>;
  readonly stages: Readonly<Record<string, "entered" | "done">>;
  /** The stage that was entered last. */
  readonly stage?: string;
  /** Gates that opened, by stage. A gate is asked again when its stage is entered again. */
  readonly gates: Readonly<Record<string, { readonly waived: readonly string[]; readonly at: string }>>;
  /** The gate that holds. */
  readonly held?: { readonly stage: string; readonly holds: readonly Hold[]; readonly at: string };
  readonly rest?: { readonly stage: string; readonly until: string };
  readonly lateSteps: Readonly<Record<string, readonly Step[]>>;
  /** By cluster id: the encrypted kubeconfigs that came after the plan's, the last one in force. */
  readonly endpoints: Readonly<Record<string, readonly EventData<"endpoint-renewed">["sealed"][]>>;
  readonly finished?: { readonly digest: string; readonly worldChanged: boolean; readonly at: string };
}

export interface RotationState {
  readonly rotation: string;
  /** Every plan that was begun, in order; the last is the current one. */
  readonly plans: readonly PlanRun[];
  readonly current: PlanRun;
  /** All waivers, also those that have run out: gates ask about the time. A later one for a cluster replaces the earlier. */
  readonly waivers: readonly Waiver[];
  readonly paused?: { readonly by: string; readonly why: string; readonly at: string };
  /** Who began or took over last. */
  readonly holder: string;
  /** How many entries the state is made of. */
  readonly length: number;
  /** Time of the last of them, ISO 8601. */
  readonly lastAt: string;
}
