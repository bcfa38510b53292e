import { describe, expect, test } from "vitest";
import {
  agentWith,
  clusterWith,
  localCluster,
  offlineCluster,
  withUnproved,
} from "../../../test/helpers/estate-builder.ts";
import { overlapPlan, PIN } from "../../../test/helpers/plan-builder.ts";
import { plain, trailingBlanks } from "../../../test/helpers/terminal.ts";
import { finding } from "../../findings.ts";
import type { Plan } from "../../plan/plan.ts";
import { renderManual, renderPlan } from "./plan.ts";

const CLUSTERS = [
  localCluster(),
  clusterWith("c-1", agentWith(PIN.current), { name: "paris" }),
  clusterWith("c-2", agentWith(PIN.current), { name: "北京" }),
  offlineCluster("c-3"),
  withUnproved(clusterWith("c-4", agentWith(PIN.current)), "system-agent"),
];
const PLAN = overlapPlan(CLUSTERS, {
  options: { methods: { "c-2": "redeploy" }, acceptUnarmed: ["c-2"] },
  findings: [finding("cluster.disconnected", "cluster c-3 (name-of-c-3)", "Rancher has no connection to c-3.")],
});

/** The lines of one paragraph, without its title. */
function paragraph(plan: Plan, title: string): string[] {
  const found = plain(renderPlan(plan))
    .split("\n\n")
    .find((text) => text.startsWith(`${title}\n`));
  return found?.trimEnd().split("\n").slice(1) ?? [];
}

function cellsOf(plan: Plan, title: string): string[][] {
  return paragraph(plan, title).map((line) => line.trim().split(/ {2,}/));
}

describe("a plan for people", () => {
  test("begins with what it is, of which estate, and why", () => {
    const lines = plain(renderPlan(PLAN)).split("\n");
    expect(lines[0]).toBe("Rotation r-20261123-00000000  overlap, https://rancher.example.test, Rancher v2.15.1");
    expect(lines.slice(1, 1 + PLAN.why.length)).toEqual(PLAN.why.map((sentence) => `  ${sentence}`));
    expect(plain(renderPlan({ ...PLAN, direction: "rollback" }))).toMatch(/^Rollback r-/);
  });

  test("shows every bundle on the way with its pin and certificates", () => {
    expect(cellsOf(PLAN, "Bundles")).toEqual([
      ["EPOCH", "PIN", "CERTIFICATES"],
      ["current", PIN.current.slice(0, 12), "Old Issuing + Old Root"],
      ["both", PIN.both.slice(0, 12), "New Issuing + Old Issuing + New Root + Old Root"].map((cell, index) =>
        index === 2 ? expect.stringMatching(/^(?=.*Old Root)(?=.*Old Issuing)(?=.*New Root)(?=.*New Issuing)/) : cell,
      ),
      ["target", PIN.target.slice(0, 12), "New Issuing + New Root"],
    ]);
  });

  test("shows today's certificate and the target's", () => {
    expect(paragraph(PLAN, "Certificate")).toEqual([
      expect.stringMatching(/^ {2}today {3}rancher\.example\.test, issued by Old Issuing, until \d{4}-\d\d-\d\d$/),
      expect.stringMatching(/^ {2}target {2}rancher\.example\.test, issued by New Issuing, until \d{4}-\d\d-\d\d$/),
    ]);
  });

  test("shows what changes of the Helm release, in columns two blanks apart whatever the changes are called", () => {
    const value = (path: string, to: boolean | string) => ({ path, from: undefined, to, default: undefined });
    const release: Plan["release"] = {
      name: "rancher",
      namespace: "cattle-system",
      chart: { name: "rancher", version: "2.15.1" },
      changes: [
        { name: "private-ca", values: [value("privateCA", true)] },
        { name: "own-certificate", values: [value("ingress.tls.source", "secret")] },
      ],
    };
    expect(paragraph({ ...PLAN, release }, "Helm release")).toEqual([
      "  cattle-system/rancher, chart rancher 2.15.1, which stays",
      "  private-ca       privateCA: (default) → true",
      "  own-certificate  ingress.tls.source: (default) → secret",
    ]);
  });

  test("has two lines for every stage: what it does; who takes part and what has to be true before", () => {
    const lines = paragraph(PLAN, "Stages");
    expect(lines.filter((_, index) => index % 2 === 0).map((line) => line.trim().split(/\s+/)[0])).toEqual(
      PLAN.stages.map(({ id }) => id),
    );
    const under = lines.filter((_, index) => index % 2 === 1).map((line) => line.trim());
    expect(under.every((line) => / ?entered /.test(line))).toBe(true);
    expect(under[PLAN.stages.findIndex(({ id }) => id === "widen")]).toBe("entered when every agent is armed");
    const starts = lines.map((line) => line.search(/\S/));
    expect(new Set(starts.filter((_, index) => index % 2 === 0))).toEqual(new Set([2]));
    expect(new Set(starts.filter((_, index) => index % 2 === 1)).size).toBe(1);
  });

  test.each([
    { name: "one", count: 1, says: "1 cluster," },
    { name: "a canary and a wave", count: 12, says: "1 + 11 clusters," },
  ])("counts the clusters of a stage: $name", ({ count, says }) => {
    const plan = overlapPlan(
      Array.from({ length: count }, (_, index) => clusterWith(`c-${index}`, agentWith(PIN.current))),
    );
    const lines = paragraph(plan, "Stages").map((line) => line.trim());
    expect(lines[lines.findIndex((line) => line.startsWith("arm@both")) + 1]).toMatch(
      new RegExp(`^${says.replace("+", "\\+")} entered`),
    );
  });

  test("names every cluster with its method and the reason", () => {
    const rows = cellsOf(PLAN, "Clusters");
    expect(rows[0]).toEqual(["CLUSTER", "NAME", "METHOD", "WHY"]);
    expect(rows.slice(1).map(([id, name, method]) => [id, name, method])).toEqual(
      PLAN.clusters.map(({ id, name, method }) => [id, name, method]),
    );
    expect(rows.slice(1).map((row) => row[3])).toEqual(PLAN.clusters.map(({ why }) => why));
    expect(new Set(PLAN.clusters.map(({ method }) => method))).toEqual(new Set(["patch", "redeploy", "none"]));
  });

  test("says who is at risk, and what holds the gates", () => {
    const lines = paragraph(PLAN, "At risk").join("\n");
    expect(lines).toContain("c-2 (北京): ");
    expect(lines).toContain("c-4/system-agent cannot be moved by this version: it holds the gates unless");
    expect(lines).not.toContain("c-1 (");
  });

  test.each([
    { title: "What people will see", of: PLAN.alerts },
    { title: "Cannot be undone", of: PLAN.pointsOfNoReturn },
  ])("has all of: $title", ({ title, of }) => {
    expect(of.length).toBeGreaterThan(0);
    expect(paragraph(PLAN, title)).toEqual(of.map((sentence) => `  ${sentence}`));
  });

  test.each([
    {
      name: "several",
      estimate: { durationSeconds: { least: 45, most: 4_201 }, agentRestarts: 13, rancherRestarts: 3, requests: 369 },
      says: "45 s to 1 h 11 min, 13 restarts of agents, 3 of Rancher, about 369 requests",
    },
    {
      name: "one",
      estimate: { durationSeconds: { least: 121, most: 180 }, agentRestarts: 1, rancherRestarts: 1, requests: 20 },
      says: "3 min to 3 min, 1 restart of agents, 1 of Rancher, about 20 requests",
    },
  ])("estimates: $name", ({ estimate, says }) => {
    expect(paragraph({ ...PLAN, estimate }, "Estimate")).toEqual([`  ${says}`]);
  });

  test("ends with the findings; a paragraph without content is left out", () => {
    expect(paragraph(PLAN, "Findings").at(-1)).toBe("1 warning");
    const bare = overlapPlan([clusterWith("c-1", agentWith(PIN.current))]);
    const titles = plain(renderPlan(bare))
      .split("\n")
      .filter((line) => /^[A-Z]/.test(line));
    expect(titles).not.toContain("Findings");
    expect(titles).not.toContain("At risk");
    expect(titles).toContain("Estimate");
  });

  test("no line ends with a blank, and nothing is coloured when it goes into a file", () => {
    const text = renderPlan(PLAN);
    expect(trailingBlanks(text)).toEqual([]);
    expect(plain(text)).toBe(text);
  });

  test("a cluster's name can break neither the columns nor the terminal", () => {
    const name = "evil\nlocal  none\u001b[2J";
    const plan = overlapPlan([clusterWith("c-1", agentWith(PIN.current), { name }), CLUSTERS[1] ?? localCluster()]);
    expect(paragraph(plan, "Clusters")).toHaveLength(3);
    expect(renderPlan(plan)).not.toContain("\u001b[2J");
  });
});

describe("the same by hand", () => {
  const text = plain(renderManual(PLAN));

  test("names every stage and every step", () => {
    const lines = new Set(text.split("\n").map((line) => line.trim()));
    const said = PLAN.stages.flatMap((one) => one.waves.flatMap((wave) => wave.steps.map((step) => step.says)));
    const heads = PLAN.stages.map((one) => `${one.id}  ${one.says}`);
    expect(heads.filter((head) => !lines.has(head))).toEqual([]);
    expect(said.filter((sentence) => ![...lines].some((line) => line.startsWith(sentence)))).toEqual([]);
  });

  test("has every command of every step, indented and otherwise as it is", () => {
    const commands = PLAN.stages.flatMap((one) =>
      one.waves.flatMap((wave) => wave.steps.flatMap((step) => step.manual.commands)),
    );
    expect(commands.length).toBeGreaterThan(10);
    const lines = new Set(text.split("\n"));
    expect(commands.flatMap((command) => command.split("\n")).filter((line) => !lines.has(`    ${line}`))).toEqual([]);
  });

  test("says first what every variable in the commands must hold", () => {
    const commands = PLAN.stages.flatMap((one) =>
      one.waves.flatMap((wave) => wave.steps.flatMap((step) => step.manual.commands)),
    );
    // Capitals only: a loop's own variable is in small letters.
    const used = new Set([...commands.join("\n").matchAll(/\$\{?([A-Z_]{2,})/g)].map(([, name = ""]) => name));
    expect([...used].sort()).toEqual(["AGE_IDENTITY", "AGE_RECIPIENT", "PLAN", "RANCHER_TOKEN"]);
    const [head = ""] = text.split("\n\n");
    expect([...used].filter((name) => !head.includes(name))).toEqual([]);
  });

  test("says which row of the manual procedure a step stands for", () => {
    expect(text).toMatch(/ {2}\[[A-Z]\d+\.\d+[^\]]*\]$/m);
  });
});
