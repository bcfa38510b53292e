/** States that cannot be: told as defects of Farrier, before anything is written. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { agentWith, clusterWith } from "../../test/helpers/estate-builder.ts";
import { overlapPlan, PIN } from "../../test/helpers/plan-builder.ts";
import { stageNamed, stepsOf } from "../plan/reading.ts";
import { Ledger } from "./ledger.ts";
import { epochOf } from "./step-action.ts";

const DEFECT = {
  code: "internal.unexpected",
  exitCode: 1,
  hint: "Nothing more was done. Report it with the command, the version and this message.",
};

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-ledger-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("a defect is", () => {
  it("a rotation that is gone on with before it has a plan; no journal is made for it", async () => {
    const now = () => new Date("2026-11-23T12:00:00Z");
    const { ledger } = await Ledger.open(join(folder, "journal.jsonl"), { rotation: "r-1", now, observers: [] });
    expect(ledger.state).toBeUndefined();
    expect(() => ledger.run).toThrow(expect.objectContaining({ ...DEFECT, message: "The journal has no plan yet." }));
    await ledger.close();
    expect(await readdir(folder)).toEqual([]);
  });

  it("a step about a bundle that names none", () => {
    const plan = overlapPlan([clusterWith("c-1", agentWith(PIN.current))]);
    const [step] = stepsOf(stageNamed(plan, "arm@both"));
    if (step === undefined) throw new Error("an overlap arms");
    expect(epochOf({ plan, step }).pin).toBe(PIN.both);
    const { epoch: _, ...bare } = step;
    expect(() => epochOf({ plan, step: bare })).toThrow(
      expect.objectContaining({ ...DEFECT, message: "Step c-1/arm-agent@both names no epoch." }),
    );
  });
});
