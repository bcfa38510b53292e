/**
 * The flag day: somebody has put a certificate in place that no agent accepts, so that no overlap can start. Clusters
 * whose tunnels still live are armed and come back by themselves, one is moved over its own API server, and one that
 * nothing reaches holds the end until somebody leaves it behind.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectRefusal } from "../helpers/command-lab.ts";
import {
  agents,
  leafOf,
  pinOfServed,
  presentedLeaves,
  servedBundle,
  setMinReadySeconds,
  trustSecret,
  versions,
} from "../helpers/estate-facts.ts";
import { type Journey, json, jsonLines, startJourney } from "../helpers/journey.ts";
import type { Ended } from "../helpers/run-farrier.ts";
import { presentInstead } from "../helpers/serving-pair.ts";

const TARGET = ["--cert", "tls.crt", "--key", "tls.key", "--cacerts", "cacerts.pem"];

let journey: Journey;

beforeAll(async () => {
  journey = await startJourney({ clusters: ["paris", "oslo", "lima"].map((name) => ({ name })) });
  const { sandbox, folder } = journey;
  await setMinReadySeconds(sandbox.clusters);
  await writeFile(join(folder, "estate.kubeconfig"), sandbox.kubeconfig, { mode: 0o600 });
  await journey.configure({ clusters: { oslo: { kubeconfig: "estate.kubeconfig", context: "oslo" } } });
});

afterAll(() => journey?.stop());

it("a flag day is refused where nobody need be cut off, and nothing is written", async () => {
  const before = await versions(journey.sandbox);
  expectRefusal(await journey.farrier("plan", ...TARGET, "--out", "rotation", "--replace"), {
    exit: 2,
    code: "plan.overlap-possible",
    says: /Agents accept the certificate that Rancher has now/,
    hint: /without --replace/,
  });
  expect(await versions(journey.sandbox)).toEqual(before);
});

describe("with a certificate that no agent accepts", () => {
  let plan: {
    procedure: string;
    clusters: { name: string; reach: string; risk?: string }[];
    pointsOfNoReturn: string[];
  };
  let held: Ended;
  let refused: Ended;

  beforeAll(async () => {
    const { sandbox } = journey;
    await presentInstead(sandbox, await (await sandbox.pki.newAuthority("Forgotten")).issue());
    for (const cluster of ["oslo", "lima"]) await sandbox.inject({ kind: "offline", cluster, seconds: 1 });
    refused = await journey.farrier("plan", ...TARGET, "--out", "rotation", "-o", "json");
    plan = json((await journey.plan("rotation", "--replace", "-o", "json")).stdout);
    held = await journey.farrier("apply", "rotation", "--yes", "--gate-wait", "3", "-o", "json");
  });

  it("without --replace, the plan is refused, and the findings say why", () => {
    expect(refused.code).toBe(3);
    expect(json(refused.stdout).findings).toContainEqual(expect.objectContaining({ code: "serving.not-trusted" }));
  });

  it("the plan says what it costs each cluster, and that nothing leads back", () => {
    expect(plan.procedure).toBe("replace");
    const risks = Object.fromEntries(plan.clusters.map(({ name, reach, risk }) => [name, [reach, risk]]));
    expect(risks).toMatchObject({
      paris: ["rancher", "It is cut off at the flag day for as long as its waiting pod takes to start."],
      oslo: ["direct", expect.stringMatching(/cut off at the flag day/)],
      lima: ["none", expect.stringMatching(/cut off from the flag day until somebody gives its agent the new pin/)],
    });
    expect(plan.pointsOfNoReturn.join()).toMatch(/no rollback leads back/);
  });

  it("certificate and bundle are the target's", async () => {
    expect(await trustSecret(journey.sandbox)).toBe(journey.authority.bundle);
    expect(await presentedLeaves(journey.sandbox)).toEqual([leafOf(journey.target.certificate)]);
  });

  it.each(["paris", "oslo"])("%s is connected with the target's pin", async (name) => {
    // On a busy machine it may come back by itself only after the gate has been given up.
    await journey.sandbox.waitUntilConnected(name);
    const pin = pinOfServed(await servedBundle(journey.sandbox));
    expect((await agents(journey.sandbox))[name]).toMatchObject({ pin, pods: [pin] });
    expect(journey.sandbox.cluster(name).connected()).toBe(true);
  });

  it("the cluster that nothing reaches holds the end by its name", () => {
    expect(held.code, held.stdout).toBe(4);
    expect(held.stdout).toMatch(/The agent of lima \([^)]*\) cannot be looked at/);
  });

  it("once it is waived, the rotation ends", async () => {
    const until = new Date(Date.now() + 86_400_000).toISOString();
    const waiver = ["--by", "On call", "--reason", "site is closed", "--until", until];
    expect((await journey.farrier("waive", "rotation", "lima", ...waiver)).code).toBe(0);
    const ended = await journey.farrier("apply", "rotation", "--yes", "-o", "json");
    expect(ended.code, ended.stdout).toBe(0);
    expect(jsonLines(ended.stdout).at(-1)).toMatchObject({ outcome: { kind: "finished" } });
  });

  it("no rollback is begun: it would lead to the certificate that agents refuse", async () => {
    const before = await versions(journey.sandbox);
    expectRefusal(await journey.farrier("rollback", "rotation", "--yes"), {
      exit: 3,
      code: "plan.target-refused",
      says: /Agents refuse the certificate that a rollback leads to/,
    });
    expect(await versions(journey.sandbox)).toEqual(before);
  });
});
