/** A stage's gate: asked of the live estate at entry, and again after every resume. */
import { ApiError } from "../kubernetes/api-error.ts";
import { managementClusters } from "../kubernetes/resource.ts";
import type { Hold } from "../plan/gates/hold.ts";
import type { Stage, Step } from "../plan/plan.ts";
import { type Consumers, lookAtGate } from "./gate-look.ts";
import { ROTATION } from "./ledger.ts";
import { pauseFor } from "./pause-for.ts";
import { runWave } from "./wave-runner.ts";
import type { Halt, Workshop } from "./workshop.ts";

export type GateOutcome =
  | { readonly kind: "passed" }
  | { readonly kind: "held"; readonly holds: readonly Hold[] }
  | { readonly kind: "halted"; readonly halt: Halt };

const FIRST_LOOK_AGAIN_MS = 500;
const LONGEST_LOOK_AGAIN_MS = 15_000;

/** Waits for the gate as long as the person allows; in between it does what would clear it. */
export async function passGate(workshop: Workshop, stage: Stage): Promise<GateOutcome> {
  const end = Date.now() + workshop.parts.gateWaitSeconds * 1000;
  const tried = new Map<string, number>();
  let consumers: Consumers = "all";
  for (let wait = FIRST_LOOK_AGAIN_MS; ; wait = Math.min(wait * 1.6, LONGEST_LOOK_AGAIN_MS)) {
    const halt = await workshop.halted();
    if (halt !== undefined) return { kind: "halted", halt };
    const { verdict, late } = await lookAtGate(workshop, stage, consumers);
    if (verdict.passes && consumers === "agents") {
      consumers = "all";
      continue;
    }
    consumers = whomToAsk(verdict.holds);
    const holds = explained(workshop, late, verdict.holds);
    if (!verdict.passes) await recordHold(workshop, stage, holds);
    const helped = await help(workshop, stage, untried(late, tried));
    if (verdict.passes) return await open(workshop, stage, verdict.waived);
    if (helped) continue;
    if (Date.now() >= end) return { kind: "held", holds };
    await somethingMoves(workshop, Math.min(wait, Math.max(1, end - Date.now())));
  }
}

/** While it is held by agents, only those are looked at again; it opens on a look at everybody. */
function whomToAsk(holds: readonly Hold[]): Consumers {
  const others = holds.filter(
    ({ target }) => target !== "rancher" && !/\/(cluster-agent|node-agent(-windows)?)$/.test(target),
  );
  return others.length === 0 ? "agents" : "all";
}

async function open(workshop: Workshop, stage: Stage, waived: readonly string[]): Promise<GateOutcome> {
  const data = { stage: stage.id, waived: [...waived] };
  await workshop.parts.ledger.append(ROTATION, { type: "gate-passed", data });
  return { kind: "passed" };
}

/** Where the step that would clear a hold was tried and failed, its reason is what a person has to mend. */
function explained(workshop: Workshop, late: readonly Step[], holds: readonly Hold[]): readonly Hold[] {
  const { run } = workshop.parts.ledger;
  return holds.map((hold) => {
    const step = late.find(({ target, kind }) =>
      kind.endsWith("-node-agents")
        ? hold.target.startsWith(`${target}/node-agent`)
        : hold.target === `${target}/cluster-agent`,
    );
    const failure = step === undefined ? undefined : run.steps[step.id]?.failure;
    if (step === undefined || failure === undefined) return hold;
    return {
      ...hold,
      why: `${hold.why} Step ${step.id} failed: ${failure.message.replace(/\.$/, "")}.`,
      hint: failure.hint,
    };
  });
}

/** Each late step has so many goes at one gate; then a person must look. */
const GOES = 2;

function untried(late: readonly Step[], tried: Map<string, number>): Step[] {
  const steps = late.filter(({ id }) => (tried.get(id) ?? 0) < GOES);
  for (const { id } of steps) tried.set(id, (tried.get(id) ?? 0) + 1);
  return steps;
}

async function recordHold(workshop: Workshop, stage: Stage, holds: readonly Hold[]): Promise<void> {
  const { ledger } = workshop.parts;
  const known = ledger.run.held;
  if (known?.stage === stage.id && JSON.stringify(known.holds) === JSON.stringify(holds)) return;
  await ledger.append(ROTATION, { type: "gate-held", data: { stage: stage.id, holds: [...holds] } });
}

/** Runs late steps: clusters that came later, agents whose pin was put back, unreachable ones that answer again. */
async function help(workshop: Workshop, stage: Stage, steps: readonly Step[]): Promise<boolean> {
  if (steps.length === 0) return false;
  const { ledger } = workshop.parts;
  for (const step of steps) {
    const data = { stage: stage.id, step };
    await ledger.append({ target: step.target, step: step.id }, { type: "step-added", data });
  }
  await runWave(workshop, stage, { concurrency: steps.length, failureBudget: steps.length, steps });
  if (workshop.fatal !== undefined) throw workshop.fatal;
  return true;
}

/** Resolves when one of Rancher's cluster objects changes, or after `longest`. */
async function somethingMoves(workshop: Workshop, longest: number): Promise<void> {
  const { world, abort, stop } = workshop.parts;
  const signal = AbortSignal.any([abort, stop]);
  let first: string | undefined;
  try {
    await pauseFor(Math.min(longest, FIRST_LOOK_AGAIN_MS), signal);
    await world.management.watchUntil(
      managementClusters,
      {},
      (clusters) => {
        const versions = clusters.map(({ metadata }) => metadata.resourceVersion).join(" ");
        first ??= versions;
        return versions === first ? undefined : true;
      },
      { deadlineMs: Math.max(1, longest - FIRST_LOOK_AGAIN_MS), signal },
    );
  } catch (error) {
    if (abort.aborted) throw error;
    if (stop.aborted || (error instanceof ApiError && (error.kind === "deadline" || error.transient))) return;
    throw error;
  }
}
