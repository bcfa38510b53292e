/** An agent's pin is set, and while Farrier waits for the agent to follow, somebody takes the pin back. */
import { describe, expect, type TestContext, test } from "vitest";
import type { ApplyOutcome } from "../../src/execute/apply.ts";
import type { JournalEntry } from "../../src/journal/entry.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { isWrite } from "../../src/sandbox/api-server/audit.ts";
import type { ScenarioInput } from "../../src/sandbox/scenario/scenario.ts";
import { agents } from "../helpers/estate-facts.ts";
import { type RotationLab, type ServingPair, startRotationLab } from "../helpers/rotation-lab.ts";

/** Several estates at the same time: each of them mostly waits. */
const LONG = 5 * 60_000;
/** Arming has 180 s, a roll-over 600 s; and the Deployment is looked at each 30 s at least. */
const AT_ONCE = 120_000;
const DEPLOYMENTS = { group: "apps", version: "v1", resource: "deployments", namespace: "cattle-system" };
const NODES = { group: "", version: "v1", resource: "nodes" };
const ANOTHER_PIN = "d".repeat(64);

interface Estate {
  readonly lab: RotationLab;
  readonly plan: Plan;
  readonly id: string;
}

async function estateOf(
  { onTestFinished }: TestContext,
  tls: ScenarioInput["tls"] = {},
  target?: (lab: RotationLab) => Promise<ServingPair>,
): Promise<Estate> {
  const lab = await startRotationLab({ clusters: [{ name: "paris" }], tls, speed: 200 });
  onTestFinished(() => lab.stop());
  const plan = await lab.prepare({}, lab.directory, await target?.(lab));
  return { lab, plan, id: lab.sandbox.cluster("paris").id };
}

const toPublic = async ({ sandbox }: RotationLab): Promise<ServingPair> => ({
  ...(await sandbox.pki.publicCa.issue()),
  bundle: "",
});

const pinOf = ({ epochs }: Plan, name: string) => epochs.find((epoch) => epoch.name === name)?.pin;

/** Somebody clicks redeploy. */
const redeploys = ({ lab, id }: Estate): Promise<void> => lab.sandbox.inject({ kind: "redeploy", cluster: id });

/** Somebody has kubectl, and another pin. */
async function patches({ lab }: Estate): Promise<void> {
  const env = [{ name: "CATTLE_CA_CHECKSUM", value: ANOTHER_PIN }];
  const body = { spec: { template: { spec: { containers: [{ name: "cluster-register", env }] } } } };
  await lab.sandbox.cluster("paris").client.patch(DEPLOYMENTS, "cattle-cluster-agent", { type: "strategic", body });
}

/** While they are cordoned no pod starts: the agent follows nothing that is written. */
async function cordon({ lab }: Estate, unschedulable: boolean): Promise<void> {
  const { client } = lab.sandbox.cluster("paris");
  const { items } = await client.list(NODES);
  for (const { metadata } of items)
    await client.patch(NODES, metadata.name, { type: "merge", body: { spec: { unschedulable } } });
}

interface Course {
  readonly outcome: ApplyOutcome;
  /** Of that run alone. */
  readonly journal: readonly JournalEntry[];
  /** Wall milliseconds from the first time that the step said what it was about to do. */
  readonly tookMs: number;
}

interface Occasion {
  readonly step: string;
  /** The stage at whose end it is looked. */
  readonly until: string;
  /** What somebody does. */
  readonly hand: (estate: Estate) => Promise<void>;
  /** When: as soon as the step has written the pin, or before it writes anything. */
  readonly moment?: "written" | "started";
}

/** Applies to the end of a stage; somebody interferes with a step, so often. */
async function applyTo(
  estate: Estate,
  { until, step, times, hand, moment = "written" }: Occasion & { readonly times: number },
): Promise<Course> {
  const { lab, id } = estate;
  const stop = new AbortController();
  const journal: JournalEntry[] = [];
  let begun: number | undefined;
  let left = times;
  let open = false;
  const acts: Promise<void>[] = [];
  const { audit } = lab.sandbox.cluster("paris");
  const pin = async () => (await agents(lab.sandbox)).paris?.pin;
  const act = async (): Promise<void> => {
    const given = await pin();
    await hand(estate);
    await lab.sandbox.waitUntil(async () => (await pin()) !== given, { what: "the pin to be taken back" });
    await cordon(estate, false);
  };
  const listener = audit.onEntry((entry) => {
    const writes = entry.resource === "deployments" && entry.name === "cattle-cluster-agent" && entry.verb === "patch";
    if (!writes || !isWrite(entry) || !open) return;
    open = false;
    acts.push(act());
  });
  const cordonFor = async (): Promise<void> => {
    await cordon(estate, true);
    if (moment === "started") await act();
  };
  const afterFlush = (entry: JournalEntry): void => {
    journal.push(entry);
    if (entry.type === "stage-done" && entry.data.stage === until) stop.abort();
    if (entry.step !== `${id}/${step}` || entry.type !== "step-started") return;
    begun ??= Date.now();
    if (left === 0) return;
    left -= 1;
    open = moment === "written";
    acts.push(cordonFor());
  };
  const outcome = await lab.apply({ stop: stop.signal, observers: [{ afterFlush }] });
  listener.remove();
  await Promise.all(acts);
  return { outcome, journal, tookMs: Date.now() - (begun ?? Date.now()) };
}

/** What the journal says of a step, entry by entry, but for looks that came while a redeployed agent was away. */
const courseOf = (journal: readonly JournalEntry[], step: string): string[] =>
  journal.flatMap((entry) => {
    if (entry.step !== step) return [];
    if (entry.type === "step-retried") {
      const { code } = entry.data.failure;
      return code === "api.unreachable" ? [] : [`${entry.type} ${code}`];
    }
    if (entry.type === "step-failed") return [`${entry.type} ${entry.data.code}`];
    return [entry.type];
  });

/** A busy machine comes to a step so late that a waiting pod's back-off has ended, and it has started: nobody could act then. */
const TURNS = 5;
const wasDoneByItself = ({ journal }: Course, { id }: Estate, { step }: Occasion): boolean =>
  courseOf(journal, `${id}/${step}`).join() === "step-done";

const messagesOf = (journal: readonly JournalEntry[]): string[] =>
  journal.flatMap((entry) => (entry.type === "step-failed" ? [`${entry.data.message} ${entry.data.hint}`] : []));

const SET_TWICE = [
  "step-started",
  "step-applied",
  "step-retried step.taken-back",
  "step-added",
  "step-started",
  "step-applied",
  "step-done",
];
const GIVEN_UP = [
  "step-started",
  "step-applied",
  "step-retried step.taken-back",
  "step-added",
  "step-started",
  "step-applied",
  "step-added",
  "step-failed step.taken-back",
];

interface Row extends Occasion {
  readonly name: string;
  /** What the agent pins in the end. */
  readonly epoch: string;
  readonly isPublic?: true;
}

const ROWS: readonly Row[] = [
  {
    name: "Rancher's redeploy in the middle of arming",
    step: "arm-agent@both",
    until: "arm@both",
    epoch: "both",
    hand: redeploys,
  },
  {
    name: "Rancher's redeploy while an agent lets go of its pin",
    step: "roll-agent@target",
    until: "arm@target",
    epoch: "target",
    hand: redeploys,
    isPublic: true,
  },
  {
    name: "another pin in the middle of arming",
    step: "arm-agent@both",
    until: "arm@both",
    epoch: "both",
    hand: patches,
  },
];

/** The step has nothing to write then: the agent had its pin before. */
const ARMED: Row = {
  name: "another pin once an armed agent is to start with its own",
  step: "roll-agent@both",
  until: "spread@both",
  epoch: "both",
  hand: patches,
  moment: "started",
};

describe.concurrent("a pin that is taken back", () => {
  const estateFor = (context: TestContext, { isPublic }: Row) =>
    isPublic === true ? estateOf(context, { mode: "system-store" }, toPublic) : estateOf(context);

  test.for([...ROWS, ARMED])(
    "once, by $name: it is set again, and the journal says why",
    { timeout: LONG },
    async (row, context) => {
      let estate = await estateFor(context, row);
      let course = await applyTo(estate, { ...row, times: 1 });
      for (let turn = 1; turn < TURNS && wasDoneByItself(course, estate, row); turn++) {
        estate = await estateFor(context, row);
        course = await applyTo(estate, { ...row, times: 1 });
      }
      const { lab, plan, id } = estate;
      const { outcome, journal, tookMs } = course;
      expect(outcome).toMatchObject({ kind: "halted", halt: { kind: "interrupted" } });
      expect(courseOf(journal, `${id}/${row.step}`)).toEqual(SET_TWICE);
      expect(tookMs).toBeLessThan(AT_ONCE);
      expect((await agents(lab.sandbox)).paris?.pin).toBe(pinOf(plan, row.epoch));
      await lab.sandbox.waitUntilConnected();
      expect(lab.sandbox.statistics().refusals).toEqual([]);
    },
  );

  test.for(ROWS)(
    "again and again, by $name: the step ends at once and says it, and the next attempt sets it",
    { timeout: LONG },
    async (row, context) => {
      const estate = await estateFor(context, row);
      const { lab, plan, id } = estate;
      const step = `${id}/${row.step}`;
      const first = await applyTo(estate, { ...row, times: 2 });
      expect(first.outcome).toEqual({ kind: "failed", stage: row.until, steps: [step] });
      expect(courseOf(first.journal, step)).toEqual(GIVEN_UP);
      expect(first.tookMs).toBeLessThan(AT_ONCE);
      expect(messagesOf(first.journal)).toEqual([
        expect.stringMatching(/^Somebody has taken back the pin .*cattle-cluster-agent.* farrier apply sets it again/),
      ]);
      await lab.sandbox.waitUntilConnected();

      const second = await applyTo(estate, { ...row, times: 0 });
      expect(second.outcome).toMatchObject({ kind: "halted" });
      expect(courseOf(second.journal, step)).toEqual(["step-started", "step-applied", "step-done"]);
      expect((await agents(lab.sandbox)).paris?.pin).toBe(pinOf(plan, row.epoch));
      await lab.sandbox.waitUntilConnected();
      expect(lab.sandbox.statistics().refusals).toEqual([]);
    },
  );

  test("another pin just before its own is set: the step stops, and the next attempt has read it", {
    timeout: LONG,
  }, async (context) => {
    const estate = await estateOf(context);
    const { lab, plan, id } = estate;
    const step = `${id}/arm-agent@target`;
    const occasion = { step: "arm-agent@target", until: "arm@target", hand: patches, moment: "started" } as const;
    const first = await applyTo(estate, { ...occasion, times: 1 });
    expect(first.outcome).toEqual({ kind: "failed", stage: "arm@target", steps: [step] });
    expect(courseOf(first.journal, step)).toEqual(["step-started", "step-added", "step-failed step.conflict"]);
    await lab.sandbox.waitUntilConnected();

    const second = await applyTo(estate, { ...occasion, times: 0 });
    expect(second.outcome).toMatchObject({ kind: "halted" });
    expect(courseOf(second.journal, step)).toEqual(["step-started", "step-applied", "step-done"]);
    const begun = second.journal.find(({ step: about, type }) => about === step && type === "step-started");
    expect(begun?.data).toMatchObject({ before: { pin: ANOTHER_PIN } });
    expect((await agents(lab.sandbox)).paris?.pin).toBe(pinOf(plan, "target"));
    await lab.sandbox.waitUntilConnected();
    expect(lab.sandbox.statistics().refusals).toEqual([]);
  });
});
