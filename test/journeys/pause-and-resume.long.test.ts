/** A rotation that is stopped on purpose, in every way in which people stop one, and goes on. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agents, leafOf, pinOfServed, presentedLeaves, servedBundle, trustSecret } from "../helpers/estate-facts.ts";
import { entry, type Journey, json, jsonLines, startJourney } from "../helpers/journey.ts";
import type { Ended } from "../helpers/run-farrier.ts";

let journey: Journey;
let ids: readonly string[];
let names: readonly string[];

beforeAll(async () => {
  // One cluster after the other, and a Rancher that starts slowly: there is always a step in hand to interrupt.
  journey = await startJourney({ clusters: 3, speed: 100, rancher: { startSeconds: [150, 150] } });
  ids = journey.sandbox.clusters.map(({ id }) => id);
  names = journey.sandbox.clusters.map(({ name }) => name);
  await journey.configure({ waves: { canary: [ids[0]], size: 1 }, rest: "until-resumed" });
});

afterAll(() => journey?.stop());

/** How far the steps of a stage got, by the journal alone. */
async function steps(directory: string, kind: string): Promise<{ started: string[]; done: string[] }> {
  const journal = jsonLines(await readFile(join(journey.folder, directory, "journal.jsonl"), "utf8"));
  const of = (type: string): string[] =>
    journal.filter((line) => line.type === type && line.step?.endsWith(kind)).map(({ step }) => step);
  return { started: of("step-started"), done: of("step-done") };
}

function resultOf({ stdout }: Ended) {
  return jsonLines(stdout).at(-1);
}

describe("farrier pause", () => {
  let applied: Ended;
  let asked: Ended;
  let before: string;

  beforeAll(async () => {
    before = await trustSecret(journey.sandbox);
    await journey.plan("paused");
    const apply = journey.start("apply", "paused", "--yes", "-o", "json");
    await apply.line(entry("step-started", `${ids[0]}/arm-agent@both`));
    // Held still while the other command runs, so that the wish arrives while the canary is being armed.
    apply.process.kill("SIGSTOP");
    asked = await journey.farrier("pause", "paused", "--reason", "change freeze", "-o", "json");
    apply.process.kill("SIGCONT");
    applied = await apply.ended;
  });

  it("stops the process that works after the steps in hand, with exit 4", async () => {
    expect(asked.code).toBe(0);
    expect(json(asked.stdout)).toMatchObject({ type: "pause" });
    expect(applied.code).toBe(4);
    expect(resultOf(applied)).toMatchObject({
      type: "result",
      outcome: { kind: "halted", stage: "arm@both", halt: { kind: "paused", why: "change freeze" } },
    });
    const arming = await steps("paused", "arm-agent@both");
    expect(arming.done).toEqual([`${ids[0]}/arm-agent@both`]);
    expect(arming.started).toEqual(arming.done);
  });

  it("leaves an estate that may stay: nothing was widened, and agents come back from a restart", async () => {
    expect(await trustSecret(journey.sandbox)).toBe(before);
    await journey.sandbox.restartAgent(names[0] ?? "");
    await journey.sandbox.waitUntilConnected();
    expect(journey.sandbox.statistics().refusals).toEqual([]);
  });

  it("counts for the next apply too, and status shows it", async () => {
    const [again, status, table] = await Promise.all([
      journey.farrier("apply", "paused", "-o", "json"),
      journey.farrier("status", "paused", "-o", "json"),
      journey.farrier("status", "paused"),
    ]);
    expect(again.code).toBe(4);
    expect(resultOf(again).outcome).toMatchObject({ kind: "halted", halt: { kind: "paused" } });
    expect(json(status.stdout)).toMatchObject({ phase: "paused", stage: "arm@both", paused: { why: "change freeze" } });
    expect(table.stdout).toContain("change freeze");
    expect((await steps("paused", "arm-agent@both")).started).toHaveLength(1);
  });
});

describe("rest: until-resumed", () => {
  it("goes on after resume, up to the rest behind arm@target, with exit 4", async () => {
    const resumed = await journey.farrier("resume", "paused", "--yes", "-o", "json");
    expect(resumed.code).toBe(4);
    expect(resultOf(resumed).outcome).toMatchObject({ kind: "halted", stage: "rest", halt: { kind: "paused" } });
  });

  it("leaves both authorities served, the target presented and every agent armed for the end", async () => {
    const { sandbox, authority, target } = journey;
    const served = await servedBundle(sandbox);
    for (const pem of [sandbox.pki.today.rootPem, authority.rootPem]) expect(served).toContain(pem.trim());
    expect(await presentedLeaves(sandbox)).toEqual([leafOf(target.certificate)]);
    const [both, end] = [pinOfServed(served), pinOfServed(authority.bundle.trim())];
    for (const agent of Object.values(await agents(sandbox))) {
      expect(agent.pin).toBe(end);
      expect(agent.minReadySeconds).toBe(30);
      expect(new Set(agent.pods)).toEqual(new Set([both, end]));
    }
  });

  it("ends the rest with the next resume", async () => {
    const resumed = await journey.farrier("resume", "paused", "--yes", "-o", "json");
    expect(resumed.code).toBe(0);
    expect(resultOf(resumed).outcome).toEqual({ kind: "finished", worldChanged: true });
    expect(await servedBundle(journey.sandbox)).toBe(journey.authority.bundle.trim());
    expect(journey.sandbox.statistics().refusals).toEqual([]);
  });
});

describe("Ctrl-C", () => {
  const told = (line: string): boolean => line.startsWith("Finishing the steps in hand");

  beforeAll(async () => {
    const next = await journey.sandbox.pki.newAuthority("the day after");
    const { certificate, key } = await next.issue();
    await journey.configure({ waves: { canary: [ids[0]], size: 1 } });
    await Promise.all([
      writeFile(join(journey.folder, "tls.crt"), certificate),
      writeFile(join(journey.folder, "tls.key"), key),
      writeFile(join(journey.folder, "cacerts.pem"), next.bundle),
    ]);
    await journey.plan("interrupted");
  });

  it("once: the step in hand is finished and recorded; exit 4", async () => {
    const apply = journey.start("apply", "interrupted", "--yes", "-o", "json");
    await apply.line(entry("step-started", `${ids[0]}/arm-agent@both`));
    apply.process.kill("SIGINT");
    const ended = await apply.ended;
    expect(ended.code).toBe(4);
    expect(ended.stderr).toContain("Finishing the steps in hand");
    expect(resultOf(ended).outcome).toEqual({ kind: "halted", stage: "arm@both", halt: { kind: "interrupted" } });
    const arming = await steps("interrupted", "arm-agent@both");
    expect(arming.done).toEqual(arming.started);
    expect(arming.done.length).toBeLessThan(ids.length);
  });

  it("twice: stops at once, in the middle of a step; exit 4, and says how to go on", async () => {
    const apply = journey.start("apply", "interrupted", "--yes", "-o", "json");
    await apply.line(entry("step-applied", "rancher/serve-bundle@both"));
    apply.process.kill("SIGINT");
    await apply.line(told);
    apply.process.kill("SIGINT");
    const ended = await apply.ended;
    expect(ended.code).toBe(4);
    expect(ended.stderr).toContain("farrier apply");
    expect(resultOf(ended)).toMatchObject({ type: "result", outcome: { kind: "stopped" } });
    expect((await steps("interrupted", "serve-bundle@both")).done).toEqual([]);
  });

  it("is gone on with by apply, to the same end, with nobody cut off", async () => {
    const applied = await journey.farrier("apply", "interrupted", "--yes");
    expect(applied).toMatchObject({ code: 0 });
    expect(await presentedLeaves(journey.sandbox)).toEqual([
      leafOf(await readFile(join(journey.folder, "tls.crt"), "utf8")),
    ]);
    expect(journey.sandbox.statistics().refusals).toEqual([]);
  });
});
