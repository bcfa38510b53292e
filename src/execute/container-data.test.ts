import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ScriptedEngine, says, startScriptedEngine } from "../../test/helpers/scripted-engine.ts";
import { FarrierError } from "../errors.ts";
import type { RancherContainer } from "../rancher/single-container.ts";
import { interruptible, whileStopped } from "./container-data.ts";

let scripted: ScriptedEngine;
beforeAll(async () => {
  scripted = await startScriptedEngine();
});
afterAll(() => scripted?.stop());

const ID = "0123456789abcdef";
const STOP = `POST /containers/${ID}/stop?t=60`;
const START = `POST /containers/${ID}/start`;
const RECORD = "POST /containers/create?name=farrier-0123456789ab-stopped";
const FORGET = "DELETE /containers/farrier-0123456789ab-stopped?force=true&v=true";
const fine = [{ status: 204, body: "" }];
const recorded = { [RECORD]: [{ status: 201, body: { Id: "r" } }], [FORGET]: fine };

const RANCHER: RancherContainer = {
  id: ID,
  name: "rancher",
  image: "rancher/rancher:v2.15.0",
  imageId: "sha256:feed",
  version: "v2.15.0",
  running: true,
  startedAt: "2026-11-27T10:00:00Z",
  fresh: false,
  vanishes: false,
  data: { kind: "volume", name: "data" },
};

const still = (change: Partial<RancherContainer>, work: () => Promise<string>) => {
  return whileStopped({ engine: scripted.engine, container: { ...RANCHER, ...change } }, "copy", work);
};
const failing = async (): Promise<string> => {
  throw new FarrierError("backup.incomplete", "The disk is full.", { hint: "Make room." });
};

describe("a container that is to stand still", () => {
  it("is stopped, and started again", async () => {
    scripted.script({ ...recorded, [STOP]: fine, [START]: fine });
    expect(await still({}, async () => "copied")).toEqual({ result: "copied" });
    expect(scripted.asked()).toEqual([RECORD, STOP, START, FORGET]);
  });

  it("is left alone where it does not run", async () => {
    scripted.script({});
    expect(await still({ running: false, vanishes: true }, async () => "copied")).toEqual({ result: "copied" });
    expect(scripted.asked()).toEqual([]);
  });

  it("is not stopped where that would remove it, and nothing is done", async () => {
    scripted.script({});
    const worked: string[] = [];
    await expect(still({ vanishes: true }, async () => `${worked.push("x")}`)).rejects.toMatchObject({
      code: "engine.container-unsuitable",
      hint: "Copy it while it runs, with --hot.",
    });
    expect([worked, scripted.asked()]).toEqual([[], []]);
  });

  it("is started again where the work fails", async () => {
    scripted.script({ ...recorded, [STOP]: fine, [START]: fine });
    await expect(still({}, failing)).rejects.toMatchObject({
      code: "backup.incomplete",
      message: "The disk is full.",
      hint: "Make room.",
    });
    expect(scripted.asked()).toEqual([RECORD, STOP, START, FORGET]);
  });

  it("is started again where it could not be stopped, and nothing is done", async () => {
    scripted.script({ ...recorded, [STOP]: [says(500, "it does not end")], [START]: [{ status: 304, body: "" }] });
    const worked: string[] = [];
    await expect(still({}, async () => `${worked.push("x")}`)).rejects.toMatchObject({
      code: "engine.refused",
      exitCode: 1,
      message: "The engine at the engine would not stop 0123456789ab: it does not end.",
    });
    expect([worked, scripted.asked()]).toEqual([[], [RECORD, STOP, START, FORGET]]);
  });

  it("is not stopped where another process has stopped it, or where that cannot be written down", async () => {
    scripted.script({ [RECORD]: [says(409, "the name is in use"), says(500, "no space left on device")] });
    await expect(still({}, async () => "copied")).rejects.toMatchObject({ code: "lock.held" });
    await expect(still({}, async () => "copied")).rejects.toMatchObject({ code: "engine.refused" });
    expect(scripted.asked()).toEqual([RECORD, RECORD]);
  });

  const refused = "The engine at the engine would not start 0123456789ab: port is already allocated.";

  it("that is not started again is told with what was made", async () => {
    scripted.script({ ...recorded, [STOP]: fine, [START]: [says(500, "port is already allocated")] });
    const { result, notStarted } = await still({}, async () => "copied");
    expect(result).toBe("copied");
    expect(scripted.asked()).not.toContain(FORGET);
    expect(notStarted).toMatchObject({
      code: "engine.refused",
      message: `Container rancher was not started again. ${refused}`,
      hint: "Start it by hand: docker start rancher",
    });
  });

  it("that is not started again after the work failed is told with both reasons, and how to start it", async () => {
    scripted.script({ ...recorded, [STOP]: fine, [START]: [says(500, "port is already allocated")] });
    await expect(still({}, failing)).rejects.toMatchObject({
      code: "backup.incomplete",
      message: `The disk is full. Container rancher was not started again. ${refused}`,
      hint: "Start it by hand: docker start rancher",
    });
  });
});

describe("work that can be interrupted", () => {
  const broken = async (): Promise<never> => {
    throw new Error("premature close");
  };
  it("says that it was, and nothing of what that broke", async () => {
    await expect(interruptible(AbortSignal.abort(), broken)).rejects.toMatchObject({
      code: "backup.incomplete",
      message: "The copy was interrupted.",
    });
  });
  it("says what broke otherwise", async () => {
    const { signal } = new AbortController();
    await expect(interruptible(signal, broken)).rejects.toThrow("premature close");
    await expect(interruptible(undefined, broken)).rejects.toThrow("premature close");
  });
  it("and is done where it was done before the signal", async () => {
    expect(await interruptible(AbortSignal.abort(), async () => "done")).toBe("done");
  });
});
