/** A whole overlap rotation by its commands, judged by the estate itself; then what a finished one still does. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type AgentFacts,
  agents,
  leafOf,
  pinOfServed,
  presentedLeaves,
  servedBundle,
  trustSecret,
  versions,
} from "../helpers/estate-facts.ts";
import { type Journey, json, jsonLines, startJourney } from "../helpers/journey.ts";
import type { Ended } from "../helpers/run-farrier.ts";

let journey: Journey;
let planned: Ended;
let applied: Ended;
let before: Record<string, AgentFacts>;
/** Writes of people's accounts in the management cluster; the sandbox's own parts are service accounts. */
const writes: string[] = [];
/** The target's bundle as it must be served: issuing CA before root, each once, one newline at the end. */
let canonical: string;

beforeAll(async () => {
  journey = await startJourney({
    rancher: { replicas: 2, ingressReplicas: 2 },
    clusters: [{ name: "paris", agents: 2 }, { name: "lagos" }],
  });
  const { sandbox, authority, folder } = journey;
  sandbox.managementServer.audit.onEntry(({ verb, resource, name, user }) => {
    const changes = ["create", "update", "patch", "delete"].includes(verb) && !resource.endsWith("reviews");
    if (changes && !user.startsWith("system:")) writes.push(`${verb} ${resource}/${name}`);
  });
  const { intermediatePem, rootPem } = authority;
  canonical = `${intermediatePem.trim()}\n${rootPem.trim()}\n`;
  // As people have it: the wrong way round, twice, with comments and the line ends of another system.
  const bundle = `# our new root\n${rootPem}\n\n# and again\n${rootPem}${intermediatePem}`.replaceAll("\n", "\r\n");
  await writeFile(join(folder, "cacerts.pem"), bundle);
  before = await agents(sandbox);
  planned = await journey.plan("rotation", "-o", "json");
  applied = await journey.farrier("apply", "rotation", "--yes", "-o", "json");
});

afterAll(() => journey?.stop());

describe("an overlap rotation by its commands", () => {
  it("ends with exit 0 and nothing to complain about", () => {
    expect(applied).toMatchObject({ code: 0, stderr: "" });
  });

  it("leaves exactly the target's canonical bytes in tls-ca, and Rancher serves them", async () => {
    expect(await trustSecret(journey.sandbox)).toBe(canonical);
    expect(await servedBundle(journey.sandbox)).toBe(canonical.trim());
  });

  it("has the target certificate presented on every address and by every ingress replica", async () => {
    const seen = [...(await presentedLeaves(journey.sandbox)), ...(await presentedLeaves(journey.sandbox))];
    expect(new Set(seen)).toEqual(new Set([leafOf(journey.target.certificate)]));
  });

  it("leaves every agent with the pin of what is served, in its Deployment and in each of its pods", async () => {
    const pin = pinOfServed(await servedBundle(journey.sandbox));
    const after = await agents(journey.sandbox);
    expect(after.paris).toMatchObject({ pin, pods: [pin, pin] });
    expect(after.lagos).toMatchObject({ pin, pods: [pin] });
  });

  it("puts minReadySeconds back", async () => {
    const after = await agents(journey.sandbox);
    for (const name of ["paris", "lagos"]) expect(after[name]?.minReadySeconds).toBe(before[name]?.minReadySeconds);
  });

  it("cuts nobody off: no agent met a chain that it refused, and all are connected", () => {
    const statistics = journey.sandbox.statistics();
    expect(statistics.refusals).toEqual([]);
    expect(Object.values(statistics.clusters).map(({ connected }) => connected)).toEqual([true, true]);
  });
});

describe("what a script reads", () => {
  it("plan -o json prints one object: the very plan that it wrote", async () => {
    expect(json(planned.stdout)).toEqual(json(await readFile(join(journey.folder, "rotation/plan.json"), "utf8")));
  });

  it("apply -o json prints the journal's entries as lines, and a result at the end", async () => {
    const lines = jsonLines(applied.stdout);
    const journal = jsonLines(await readFile(join(journey.folder, "rotation/journal.jsonl"), "utf8"));
    expect(lines.slice(0, -1)).toEqual(journal);
    const outcome = { kind: "finished", worldChanged: true };
    expect(lines.at(-1)).toEqual({ type: "result", outcome, direction: "forward" });
  });

  it("status tells the same facts as one object and as a table", async () => {
    const object = await journey.farrier("status", "rotation", "-o", "json");
    const table = await journey.farrier("status", "rotation");
    const { phase, stages } = json(object.stdout);
    expect(phase).toBe("finished");
    const lines = table.stdout.split("\n").filter((line) => line.startsWith("✓"));
    expect(lines.map((line) => line.split(/\s+/)[1])).toEqual(stages.map(({ id }: { id: string }) => id));
    const arming = stages.find(({ id }: { id: string }) => id === "arm@both");
    expect(arming).toMatchObject({ state: "done", total: 2, done: 2 });
    expect(lines.find((line) => line.includes("arm@both"))).toContain("2 of 2");
  });

  it("observe tells the same facts as one object and as a table", async () => {
    const object = await journey.farrier("observe", "-o", "json");
    const table = await journey.farrier("observe");
    const estate = json(object.stdout);
    expect(estate.clusters).toHaveLength(3);
    for (const { id, name } of estate.clusters) expect(table.stdout).toMatch(new RegExp(`${id}\\s+${name}\\b`));
    expect(table.stdout).toContain(estate.identity.serverUrl);
    expect(table.stdout).toContain(estate.trust.pin.slice(0, 8));
  });

  it("check prints its findings as one object", async () => {
    const { code, stdout } = await journey.farrier("check", "-o", "json");
    expect(code).toBe(0);
    expect(json(stdout).findings.filter(({ severity }: { severity: string }) => severity === "error")).toEqual([]);
  });
});

describe("a finished rotation applied again", () => {
  it("writes nothing, anywhere", async () => {
    expect(writes).toContain("update secrets/tls-ca");
    writes.length = 0;
    const there = await versions(journey.sandbox);
    const journal = await readFile(join(journey.folder, "rotation/journal.jsonl"), "utf8");
    const again = await journey.farrier("apply", "rotation", "--yes", "-o", "json");
    expect(again.code).toBe(0);
    const outcome = { kind: "already-finished" };
    expect(jsonLines(again.stdout)).toEqual([{ type: "result", outcome, direction: "forward" }]);
    expect(writes).toEqual([]);
    expect(await versions(journey.sandbox)).toEqual(there);
    expect(await readFile(join(journey.folder, "rotation/journal.jsonl"), "utf8")).toBe(journal);
  });
});
