/** A person who cannot wait: the second Ctrl-C, at the very moment at which a step is about to write. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JournalEntry } from "../../src/journal/entry.ts";
import { type AuditEntry, isWrite } from "../../src/sandbox/api-server/audit.ts";
import { agents, pinOfServed, servedBundle } from "../helpers/estate-facts.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";

const REASON = new Error("nobody waits any more");
const LOCK = "farrier-rotation";
const CONFIG_MAPS = { group: "", version: "v1", resource: "configmaps", namespace: "cattle-system" };

interface Run {
  readonly outcome: unknown;
  /** The step that was announced when it was stopped; absent once there is none that was not stopped at before. */
  readonly stoppedAt?: string;
  /** What was written from the beginning, and what from then on, by anybody but the simulated world. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** What the estate has of it then. */
  readonly lock: unknown;
}

let lab: RotationLab;
const runs: Run[] = [];

/** Applies until a step is announced that no run before was stopped at. */
async function run(): Promise<Run> {
  const abort = new AbortController();
  const [before, after]: [string[], string[]] = [[], []];
  let stoppedAt: string | undefined;
  const afterFlush = ({ type, step }: JournalEntry): void => {
    if (type !== "step-started" || step === undefined || runs.some((one) => one.stoppedAt === step)) return;
    stoppedAt ??= step;
    abort.abort(REASON);
  };
  const see = (entry: AuditEntry): void => {
    const byWorld = entry.user.startsWith("system:") || entry.user === "kubernetes-admin";
    if (byWorld || entry.name === LOCK || !isWrite(entry)) return;
    (stoppedAt === undefined ? before : after).push(`${entry.verb} ${entry.resource}`);
  };
  const audits = [lab.sandbox.managementServer.audit, ...lab.sandbox.clusters.map(({ audit }) => audit)];
  const listeners = audits.map((audit) => audit.onEntry(see));
  const applied = lab.apply({ abort: abort.signal, observers: [{ afterFlush }] });
  const outcome = await applied.catch((error: unknown) => error);
  for (const listener of listeners) listener.remove();
  const lock = (await lab.sandbox.management.get(CONFIG_MAPS, LOCK))?.data;
  return { outcome, before, after, lock, ...(stoppedAt === undefined ? {} : { stoppedAt }) };
}

beforeAll(async () => {
  lab = await startRotationLab({ clusters: 1 });
  await lab.prepare();
  do runs.push(await run());
  while (runs.at(-1)?.stoppedAt !== undefined);
});
afterAll(() => lab?.stop());

describe("stopped at once when the journal has just announced a step, a run", () => {
  const rows: [string, string[]][] = [
    ["arm-agent@both", ["patch deployments"]],
    ["serve-bundle@both", ["update secrets", "patch deployments"]],
    ["present-certificate", ["update secrets"]],
    ["restart-agent@both", ["patch deployments"]],
    ["restart-rancher", ["delete pods"]],
    ["arm-agent@target", ["patch deployments"]],
    ["serve-bundle@target", ["update secrets", "patch deployments"]],
    ["settle-agent", ["patch deployments"]],
  ];
  it.each(rows)("leaves what %s writes to the next one", (step, writes) => {
    const index = runs.findIndex(({ stoppedAt }) => stoppedAt?.endsWith(`/${step}`));
    expect(runs[index]).toMatchObject({ outcome: REASON, after: [], lock: { state: "released" } });
    expect(runs[index + 1]?.before.slice(0, writes.length)).toEqual(writes);
  });

  it("is gone on with to the same end, with nobody cut off", async () => {
    expect(runs.at(-1)?.outcome).toEqual({ kind: "finished", worldChanged: true });
    const pin = pinOfServed(await servedBundle(lab.sandbox));
    for (const agent of Object.values(await agents(lab.sandbox))) expect(agent).toMatchObject({ pin, pods: [pin] });
    expect(lab.sandbox.statistics().refusals).toEqual([]);
  });
});
