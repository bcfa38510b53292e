/** Asking a gate of the live estate: when its stage is entered, and once more when its change comes late. */
import { FarrierError } from "../errors.ts";
import type { Estate } from "../estate/estate.ts";
import { minReadySecondsBefore } from "../journal/before-arming.ts";
import { evaluateGate, type GateVerdict } from "../plan/gates/evaluate-gate.ts";
import { lateSteps } from "../plan/late-steps.ts";
import type { Stage, Step } from "../plan/plan.ts";
import type { Workshop } from "./workshop.ts";

/** `agents`: only what is on the move. `all`: node agents, system-agents and Fleet agents that came meanwhile, too. */
export type Consumers = "agents" | "all";

/** The verdict, and the steps that would clear what holds. A gate is open only when it was asked about all consumers. */
export async function lookAtGate(
  workshop: Workshop,
  stage: Stage,
  consumers: Consumers = "all",
): Promise<{ readonly verdict: GateVerdict; readonly late: readonly Step[] }> {
  const { plan, ledger, now } = workshop.parts;
  const begun = now();
  const estate = await estateFor(workshop, stage, consumers);
  const question = { plan, stage, estate, waivers: ledger.waivers, now: now() };
  const backupVerified = ledger.run.steps["rotation/prove-decryption"]?.phase === "done";
  const verdict = evaluateGate({ ...question, backupVerified });
  if (verdict.passes && consumers === "all") workshop.gateSeenOpen(stage.id, begun);
  const before = (clusterId: string) => minReadySecondsBefore(plan, ledger.state?.plans ?? [], clusterId) ?? 0;
  return { verdict, late: lateSteps({ ...question, minReadySecondsBefore: before }) };
}

/** A gate that was seen open is believed for so long; steps that wait, and laptops that sleep, take longer. */
const BELIEVED_MS = 60_000;

/**
 * For the writes that change what everybody is served: the gate is open now, not some time ago.
 * @throws FarrierError `rotation.held` when it has shut since
 */
export async function requireOpenGate(workshop: Workshop, stage: Stage): Promise<void> {
  const seen = workshop.gateOpenSince(stage.id);
  if (seen !== undefined && Math.abs(workshop.parts.now().getTime() - seen.getTime()) <= BELIEVED_MS) return;
  const { verdict } = await lookAtGate(workshop, stage);
  if (verdict.passes) return;
  const [first] = verdict.holds;
  throw new FarrierError(
    "rotation.held",
    `The gate of stage ${stage.id} has shut again before anything was written: ${first?.why ?? "it does not say why"}`,
    first === undefined ? {} : { hint: first.hint },
  );
}

/** Gates that ask nothing of the clusters don't look at them: at five hundred clusters that is most of the work. */
async function estateFor(workshop: Workshop, stage: Stage, consumers: Consumers): Promise<Estate> {
  const indifferent = stage.gate === "nothing" || stage.gate === "backup-verified";
  if (indifferent && stage.kind !== "settle") return workshop.latestEstate();
  if (stage.gate === "bundle-served" && stage.kind !== "settle") return workshop.observeServed();
  return workshop.observe(consumers === "all" && changesWhatIsServed(stage));
}

/** What these write concerns every consumer at once: one that came meanwhile must be seen before. */
function changesWhatIsServed({ kind }: Stage): boolean {
  return kind === "widen" || kind === "switch" || kind === "narrow" || kind === "replace";
}
