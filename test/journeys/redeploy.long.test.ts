/** A cluster whose agent may not be patched: Rancher itself re-applies it, when the plan's author accepts the risk. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agents, pinOfServed, servedBundle, setMinReadySeconds } from "../helpers/estate-facts.ts";
import { type Journey, json, jsonLines, startJourney } from "../helpers/journey.ts";
import type { Ended } from "../helpers/run-farrier.ts";

let journey: Journey;
let planned: Ended;
let applied: Ended;
/** What agents pin before anything changes. */
let before: string;
const redeployed: string[] = [];

beforeAll(async () => {
  journey = await startJourney({
    clusters: [{ name: "paris" }, { name: "lagos" }],
    faults: [{ kind: "forbidden", cluster: "lagos" }],
  });
  const { sandbox } = journey;
  await setMinReadySeconds([sandbox.cluster("lagos")]);
  sandbox.managementServer.audit.onEntry(({ verb, resource, name, user }) => {
    if (verb === "patch" && resource === "clusters" && !user.startsWith("system:")) redeployed.push(name);
  });
  // Paris' agent must have failed its start check before it counts, also where the machine is busy.
  const clusters = { lagos: { method: "redeploy", acceptUnarmed: true } };
  await journey.configure({ clusters, armingMinReadySeconds: 120 });
  before = pinOfServed(await servedBundle(sandbox));
  planned = await journey.plan("rotation", "-o", "json");
  applied = await journey.farrier("apply", "rotation", "--yes", "-o", "json");
});

afterAll(() => journey?.stop());

describe("method: redeploy with acceptUnarmed", () => {
  it("is in the plan with its risk", () => {
    const { clusters } = json(planned.stdout);
    expect(clusters.find(({ name }: { name: string }) => name === "lagos")).toMatchObject({
      method: "redeploy",
      unarmedAccepted: true,
      risk: expect.stringContaining("not armed"),
    });
  });

  it("passes the gate unarmed, and moves the agent by Rancher's own hand (M1.10)", async () => {
    expect(applied.code, applied.stdout).toBe(0);
    const { id } = journey.sandbox.cluster("lagos");
    const steps = jsonLines(applied.stdout).flatMap(({ type, step }) => (type === "step-started" ? [step] : []));
    expect(steps.filter((step) => step.startsWith(id))).toEqual([
      `${id}/redeploy-agent@both`,
      `${id}/redeploy-agent@target`,
    ]);
    expect(new Set(redeployed)).toEqual(new Set([id]));
  });

  it("ends with every agent on the target, and cuts nobody off", async () => {
    const pin = pinOfServed(await servedBundle(journey.sandbox));
    const after = await agents(journey.sandbox);
    expect(after.paris).toMatchObject({ pin, pods: [pin], minReadySeconds: 0 });
    expect(after.lagos).toMatchObject({ pin, pods: [pin], minReadySeconds: 30 });
    expect(journey.sandbox.statistics().refusals).toEqual([]);
  });

  it("is what a rollback goes by, too: nobody has to waive the cluster", async () => {
    const { code, stdout } = await journey.farrier("rollback", "rotation", "--yes", "-o", "json");
    expect(code, stdout).toBe(0);
    const pin = pinOfServed(await servedBundle(journey.sandbox));
    expect(pin).toBe(before);
    for (const agent of Object.values(await agents(journey.sandbox))) expect(agent).toMatchObject({ pin, pods: [pin] });
    expect(journey.sandbox.statistics().refusals).toEqual([]);
  });
});

describe("acceptUnarmed alone", () => {
  it("is refused: an agent that is patched is always armed", async () => {
    await journey.configure({ clusters: { paris: { acceptUnarmed: true } } });
    const files = ["--cert", "tls.crt", "--key", "tls.key", "--cacerts", "cacerts.pem"];
    const { code, stderr } = await journey.farrier("plan", ...files, "--out", "other");
    expect(code).toBe(2);
    expect(stderr).toContain("acceptUnarmed");
    await expect(readFile(join(journey.folder, "other/plan.json"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});
