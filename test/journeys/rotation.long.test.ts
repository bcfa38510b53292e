/** A rotation as a person lives through it: what the estate sees, and what is refused. */
import { cp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, type TestContext, test } from "vitest";
import { adoptRotation } from "../../src/execute/adopt.ts";
import { prepareRollback } from "../../src/execute/prepare.ts";
import { leaveRequest } from "../../src/execute/requests.ts";
import { openRotation } from "../../src/execute/rotation.ts";
import type { JournalEntry } from "../../src/journal/entry.ts";
import { sealedPair } from "../../src/plan/reading.ts";
import { isWrite } from "../../src/sandbox/api-server/audit.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";
import { expectWorld, restingWorld } from "../helpers/world-dump.ts";

const MINUTE = 60_000;
/** Several estates at the same time: each of them mostly waits. */
const LONG = 5 * MINUTE;

/** An estate of the test's own, which ends with it. */
async function start({ onTestFinished }: TestContext, clusters = 2): Promise<RotationLab> {
  const lab = await startRotationLab({ clusters, speed: 100 });
  onTestFinished(() => lab.stop());
  return lab;
}

/** Asks the rotation to stop when an entry is on disk. */
function stopAt(matches: (entry: JournalEntry) => boolean) {
  const stop = new AbortController();
  const observer = {
    afterFlush: (entry: JournalEntry): void => {
      if (matches(entry)) stop.abort();
    },
  };
  return { stop: stop.signal, observers: [observer] };
}

/** What people's accounts write to the management cluster from now on; the sandbox's own parts are service accounts. */
function watchWrites({ sandbox }: RotationLab): { stop(): readonly string[] } {
  const seen: string[] = [];
  const listener = sandbox.managementServer.audit.onEntry((entry) => {
    if (!entry.user.startsWith("system:") && isWrite(entry)) seen.push(`${entry.verb} ${entry.resource}/${entry.name}`);
  });
  return {
    stop: () => {
      listener.remove();
      return seen;
    },
  };
}

/** Plans the way back; the name of its file. */
async function planBack({ directory, openWorld, now }: RotationLab): Promise<string> {
  const world = await openWorld();
  try {
    return (await prepareRollback({ directory, world, now: now() })).file;
  } finally {
    await world.close();
  }
}

const at = (type: JournalEntry["type"], about: string) => (entry: JournalEntry) =>
  entry.type === type && (entry.step === about || ("stage" in entry.data && entry.data.stage === about));

describe.concurrent("a rotation", () => {
  test(
    "an overlap rotation moves every agent, and no agent ever meets a chain that it refuses",
    async (context) => {
      const lab = await start(context, 3);
      const plan = await lab.prepare();
      expect(await lab.apply()).toEqual({ kind: "finished", worldChanged: true });
      const target = plan.epochs.at(-1);
      const world = await lab.openWorld();
      expect((await world.rancher.cacerts()).value).toBe(target?.bundle.trim());
      for (const { fingerprints } of await world.rancher.presented()) {
        expect(fingerprints[0]).toBe(plan.serving.target.certificates[0]?.fingerprint);
      }
      await world.close();
      expect(lab.sandbox.statistics().refusals).toEqual([]);
    },
    LONG,
  );

  test(
    "applying a finished rotation writes nothing",
    async (context) => {
      const lab = await start(context);
      await lab.prepare();
      await lab.apply();
      const journal = await readFile(join(lab.directory, "journal.jsonl"), "utf8");
      const writes = watchWrites(lab);
      expect(await lab.apply()).toEqual({ kind: "already-finished" });
      expect(writes.stop()).toEqual([]);
      expect(await readFile(join(lab.directory, "journal.jsonl"), "utf8")).toBe(journal);
    },
    LONG,
  );

  const stops = ["backup", "arm@both", "widen", "spread@both", "switch", "arm@target", "narrow", "spread@target"];
  test.for(stops)("a rollback after %s leads back to the beginning", { timeout: LONG }, async (stage, context) => {
    const lab = await start(context);
    const beginning = await restingWorld(lab.sandbox);
    await lab.prepare();
    const outcome = await lab.apply(stopAt(at("stage-done", stage)));
    expect(outcome).toMatchObject({ kind: "halted", halt: { kind: "interrupted" } });
    expect(await lab.apply({ planFile: await planBack(lab) })).toMatchObject({ kind: "finished" });
    await expectWorld(lab.sandbox, beginning);
    expect(lab.sandbox.statistics().refusals).toEqual([]);
  });

  test(
    "a pause is taken up between two steps, holds, and ends when somebody resumes",
    async (context) => {
      const lab = await start(context);
      await lab.prepare();
      const pause = (entry: JournalEntry): void => {
        if (at("stage-done", "arm@both")(entry)) {
          void leaveRequest(lab.directory, { kind: "pause", by: "ana", why: "change freeze" });
        }
      };
      const paused = { kind: "halted", halt: { kind: "paused", by: "ana", why: "change freeze" } };
      expect(await lab.apply({ observers: [{ afterFlush: pause }] })).toMatchObject(paused);
      expect(await lab.apply()).toMatchObject(paused);
      await leaveRequest(lab.directory, { kind: "resume", by: "ana" });
      expect(await lab.apply()).toMatchObject({ kind: "finished" });
    },
    LONG,
  );

  test(
    "a plan is refused for an estate that has changed since",
    async (context) => {
      const lab = await start(context);
      await lab.prepare();
      await lab.prepare({}, join(lab.folder, "other"));
      await lab.apply({ directory: join(lab.folder, "other") });
      await expect(lab.apply()).rejects.toMatchObject({ code: "plan.stale" });
    },
    LONG,
  );

  test(
    "a rollback that was planned before the rotation went on is refused, and changes nothing",
    async (context) => {
      const lab = await start(context);
      await lab.prepare();
      await lab.apply(stopAt(at("stage-done", "arm@both")));
      const file = await planBack(lab);
      await lab.apply();
      const before = await restingWorld(lab.sandbox);
      await expect(lab.apply({ planFile: file })).rejects.toMatchObject({
        code: "plan.stale",
        message: expect.stringContaining("pin of the served bundle"),
      });
      await expectWorld(lab.sandbox, before);
    },
    LONG,
  );

  test(
    "an edited plan is refused",
    async (context) => {
      const lab = await start(context);
      await lab.prepare();
      await lab.apply(stopAt(at("stage-done", "backup")));
      const path = join(lab.directory, "plan.json");
      await writeFile(path, (await readFile(path, "utf8")).replace('"waves"', ' "waves"'));
      await expect(lab.apply()).rejects.toMatchObject({ code: "plan.edited" });
    },
    LONG,
  );

  test(
    "a truncated journal is refused before anything is written, and the one who went further is named",
    async (context) => {
      const lab = await start(context);
      await lab.prepare();
      await lab.apply(stopAt(at("stage-done", "arm@both")));
      const path = join(lab.directory, "journal.jsonl");
      const lines = (await readFile(path, "utf8")).split("\n");
      await writeFile(path, `${lines.slice(0, 8).join("\n")}\n`);
      const writes = watchWrites(lab);
      await expect(lab.apply()).rejects.toMatchObject({
        code: "lock.held",
        message: expect.stringContaining("process"),
      });
      expect(writes.stop()).toEqual([]);
    },
    LONG,
  );

  test(
    "a torn last line is cut off, said so, and the rotation goes on",
    async (context) => {
      const lab = await start(context);
      await lab.prepare();
      await lab.apply(stopAt(at("stage-done", "arm@both")));
      const path = join(lab.directory, "journal.jsonl");
      await writeFile(path, '{"seq":99,"at":"20', { flag: "a" });
      expect(await lab.apply()).toMatchObject({ kind: "finished" });
      const { journal } = await openRotation(lab.directory);
      expect(journal.entries.some(({ type, data }) => type === "noted" && data.text.includes("torn"))).toBe(true);
    },
    LONG,
  );

  test(
    "a journal that was edited is refused",
    async (context) => {
      const lab = await start(context);
      await lab.prepare();
      await lab.apply(stopAt(at("stage-done", "backup")));
      const path = join(lab.directory, "journal.jsonl");
      await writeFile(path, (await readFile(path, "utf8")).replace("stage-entered", "stage-ENTERED"));
      await expect(lab.apply()).rejects.toMatchObject({ code: "journal.broken" });
    },
    LONG,
  );

  test(
    "a copied directory is refused once the other has gone further",
    async (context) => {
      const lab = await start(context);
      await lab.prepare();
      await lab.apply(stopAt(at("stage-done", "backup")));
      const copy = join(lab.folder, "copy");
      await cp(lab.directory, copy, { recursive: true });
      await lab.apply(stopAt(at("stage-done", "arm@both")));
      await expect(lab.apply({ directory: copy })).rejects.toMatchObject({ code: "lock.held" });
      expect(await lab.apply()).toMatchObject({ kind: "finished" });
    },
    LONG,
  );

  test(
    "backups that cannot be decrypted stop the rotation before anything is armed",
    async (context) => {
      const lab = await start(context);
      const beginning = await restingWorld(lab.sandbox);
      const plan = await lab.prepare();
      await truncate(join(lab.directory, sealedPair(plan, "target").file), 40);
      await expect(lab.apply()).rejects.toMatchObject({ code: "backup.altered" });
      await expectWorld(lab.sandbox, beginning);
    },
    LONG,
  );

  test.for(["arm@both", "widen", "arm@target", "narrow"])(
    "a journal that is lost after %s is rebuilt from the estate, and the rotation ends as it would have",
    { timeout: LONG },
    async (stage, context) => {
      const lab = await start(context);
      const { directory } = lab;
      await lab.prepare();
      await lab.apply(stopAt(at("stage-done", stage)));
      await rm(join(directory, "journal.jsonl"));
      await expect(lab.apply()).rejects.toThrow();
      const world = await lab.openWorld();
      await adoptRotation({ directory, world, now: lab.now });
      await world.close();
      expect(await lab.apply()).toMatchObject({ kind: "finished" });
      expect(await lab.apply({ planFile: await planBack(lab) })).toMatchObject({ kind: "finished" });
      expect(lab.sandbox.statistics().refusals).toEqual([]);
    },
  );

  test(
    "an agent that cannot be armed keeps the bundle from being widened, and the gate names it",
    async (context) => {
      const lab = await start(context);
      await lab.prepare({ failureBudget: 2, canary: [lab.sandbox.cluster("paris").id] });
      const tokyo = lab.sandbox.cluster("tokyo").id;
      await lab.apply(stopAt(at("stage-done", "backup")));
      await lab.sandbox.inject({ kind: "forbidden", cluster: tokyo });
      const outcome = await lab.apply({ gateWaitSeconds: 0 });
      expect(outcome).toMatchObject({ kind: "held", stage: "widen", holds: [{ target: `${tokyo}/cluster-agent` }] });
      const { plan, state } = await openRotation(lab.directory);
      const world = await lab.openWorld();
      expect((await world.rancher.cacerts()).value).toBe(plan.epochs[0]?.bundle.trim());
      await world.close();
      expect(state?.current.steps["rancher/serve-bundle@both"]).toBeUndefined();
    },
    LONG,
  );

  const announced = [
    { step: "rancher/serve-bundle@both", secret: "tls-ca" },
    { step: "rancher/present-certificate", secret: "tls-rancher-ingress" },
  ];
  test.for(announced)(
    "what cannot be recorded is not done: $secret is as it was when the disk fills up before $step",
    { timeout: LONG },
    async ({ step, secret }, context) => {
      const lab = await start(context);
      await lab.prepare();
      const writes: string[] = [];
      const listener = lab.sandbox.managementServer.audit.onEntry((entry) => {
        if (isWrite(entry) && entry.name === secret) writes.push(entry.verb);
      });
      const fill = (entry: JournalEntry): void => {
        if (at("step-started", step)(entry)) throw new Error("no space left on device");
      };
      const applied = lab.apply({ observers: [{ beforeFlush: fill }] });
      await expect(applied).rejects.toMatchObject({ code: "rotation.unwritable" });
      expect(writes).toEqual([]);
      listener.remove();
    },
  );
});
