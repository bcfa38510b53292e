/** Node agents whose pin is not theirs to keep: somebody takes it back while they are rolled, or the right to set it is lost. */
import { afterEach, describe, expect, test } from "vitest";
import { openRotation } from "../../src/execute/rotation.ts";
import type { JournalEntry } from "../../src/journal/entry.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { agents, pinOfServed, servedBundle } from "../helpers/estate-facts.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";

const LONG = 5 * 60_000;
/** A node has 180 s. */
const AT_ONCE = 120_000;
const SETS = { group: "apps", version: "v1", resource: "daemonsets", namespace: "cattle-system" };
const ANOTHER_PIN = "d".repeat(64);

let lab: RotationLab;
afterEach(() => lab.stop());
const quito = () => lab.sandbox.cluster("quito");

async function prepare(target: "private" | "public"): Promise<Plan> {
  lab = await startRotationLab({
    rancher: { version: "2.11.5" },
    tls: { mode: "system-store" },
    clusters: [{ name: "quito", nodeAgent: true, nodes: 3 }],
    speed: 200,
  });
  if (target === "private") return await lab.prepare();
  return await lab.prepare({}, lab.directory, { ...(await lab.sandbox.pki.publicCa.issue()), bundle: "" });
}

async function nodeAgentPin(): Promise<string> {
  const { spec } = Object(await quito().client.get(SETS, "cattle-node-agent"));
  const [{ env }] = spec.template.spec.containers;
  return env.find(({ name }: { name: string }) => name === "CATTLE_CA_CHECKSUM").value;
}

/** Somebody clicks redeploy. */
const redeploys = (): Promise<void> => lab.sandbox.inject({ kind: "redeploy", cluster: quito().id });

/** Somebody has kubectl, and another pin. */
async function patches(): Promise<void> {
  const env = [{ name: "CATTLE_CA_CHECKSUM", value: ANOTHER_PIN }];
  const body = { spec: { template: { spec: { containers: [{ name: "agent", env }] } } } };
  await quito().client.patch(SETS, "cattle-node-agent", { type: "strategic", body });
}

interface Row {
  readonly name: string;
  readonly target: "private" | "public";
  readonly step: string;
  /** After which entry of the step somebody acts, and what they do. */
  readonly after: JournalEntry["type"];
  readonly hand: () => Promise<void>;
  readonly until: string;
  readonly epoch: string;
}

const ROWS: readonly Row[] = [
  {
    name: "Rancher's redeploy while they let go of it",
    target: "public",
    step: "roll-node-agents@target",
    after: "step-applied",
    hand: redeploys,
    until: "arm@target",
    epoch: "target",
  },
  {
    name: "another pin once armed ones are to start with their own",
    target: "private",
    step: "roll-node-agents@both",
    after: "step-started",
    hand: patches,
    until: "spread@both",
    epoch: "both",
  },
];

describe("the pin of node agents that is taken back", () => {
  test.for(ROWS)("by $name is set again at once", { timeout: LONG }, async (row) => {
    const plan = await prepare(row.target);
    const step = `${quito().id}/${row.step}`;
    const stop = new AbortController();
    const seen: string[] = [];
    let begun: number | undefined;
    let ended: number | undefined;
    const afterFlush = (entry: JournalEntry): void => {
      if (entry.type === "stage-done" && entry.data.stage === row.until) stop.abort();
      if (entry.step !== step) return;
      if (entry.type === row.after && !seen.includes(entry.type)) void row.hand();
      begun ??= Date.now();
      ended = Date.now();
      // A redeploy restarts the agent that Rancher's tunnel ends at, and the step is in the middle of its looks or not.
      if (entry.type === "step-retried" && entry.data.failure.code === "api.unreachable") return;
      seen.push(entry.type === "step-retried" ? `${entry.type} ${entry.data.failure.code}` : entry.type);
    };
    const outcome = await lab.apply({ stop: stop.signal, observers: [{ afterFlush }] });
    expect(outcome).toMatchObject({ kind: "halted", halt: { kind: "interrupted" } });
    expect(seen).toEqual([
      "step-started",
      "step-applied",
      "step-retried step.taken-back",
      "step-added",
      "step-started",
      "step-applied",
      "step-done",
    ]);
    expect((ended ?? Number.NaN) - (begun ?? Number.NaN)).toBeLessThan(AT_ONCE);
    expect(await nodeAgentPin()).toBe(plan.epochs.find(({ name }) => name === row.epoch)?.pin);
    await lab.sandbox.waitUntilConnected();
  });
});

test(
  "on the way to a public certificate, Rancher is not asked for a pin where the right to take it off was lost: it would give back those of before",
  async () => {
    await prepare("public");
    const { id } = quito();
    const loses = (entry: JournalEntry): void => {
      const armed = entry.type === "step-done" && entry.step === `${id}/roll-agent@target`;
      if (armed) void lab.sandbox.inject({ kind: "forbidden", cluster: "quito" });
    };
    const outcome = await lab.apply({ gateWaitSeconds: 0, observers: [{ afterFlush: loses }] });
    expect(outcome).toMatchObject({ kind: "held", stage: "narrow", holds: [{ target: `${id}/node-agent` }] });
    const { state } = await openRotation(lab.directory);
    expect(state?.current.steps[`${id}/roll-node-agents@target`]?.failure).toMatchObject({ code: "api.forbidden" });
    expect(await nodeAgentPin()).toBe(pinOfServed(await servedBundle(lab.sandbox)));
    expect((await agents(lab.sandbox)).quito).toMatchObject({ pin: "", pods: [""] });
    await lab.sandbox.waitUntilConnected();
    expect(lab.sandbox.statistics().refusals).toEqual([]);
  },
  LONG,
);
