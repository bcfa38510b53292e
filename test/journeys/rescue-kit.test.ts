/** Rescue kits, run by the real `kubectl` on the simulated clusters' own API servers, as somebody on site would. */
import { spawnSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AgentFacts, agents, pinOfServed, servedBundle, setMinReadySeconds } from "../helpers/estate-facts.ts";
import { entry, type Journey, jsonLines, startJourney } from "../helpers/journey.ts";
import { runProgram } from "../helpers/run-program.ts";

const KUBECTL = "kubectl";
const installed = spawnSync(KUBECTL, ["version", "--client"]).status === 0;
if (!installed) process.stderr.write("kubectl is not installed: the tests of rescue kits are left out\n");

const DEPLOYMENTS = { group: "apps", version: "v1", resource: "deployments", namespace: "cattle-system" };

describe.skipIf(!installed)("a rescue kit", () => {
  let journey: Journey;
  let today: string;

  beforeAll(async () => {
    journey = await startJourney({
      clusters: ["paris", "lagos", "oslo"].map((name) => ({ name })),
      faults: [
        { kind: "forbidden", cluster: "lagos" },
        { kind: "drifted", cluster: "oslo", pin: "other" },
      ],
    });
    const { sandbox, folder } = journey;
    await setMinReadySeconds([sandbox.cluster("paris"), sandbox.cluster("lagos")]);
    today = pinOfServed(await servedBundle(sandbox));
    const put = (name: string, text: string) => writeFile(join(folder, name), text, { mode: 0o600 });
    await Promise.all(["paris", "lagos", "oslo"].map((name) => put(`${name}.yaml`, sandbox.cluster(name).kubeconfig)));
  }, 120_000);
  afterAll(() => journey?.stop());

  /** Runs a kit with the kubeconfig of a cluster; `kubectl` may be a stand-in. */
  const run = (kit: string, cluster: string, kubectl = KUBECTL) =>
    runProgram("sh", [join(journey.folder, kit, "rescue.sh")], {
      cwd: journey.folder,
      env: { ...process.env, KUBECONFIG: join(journey.folder, `${cluster}.yaml`), KUBECTL: kubectl },
    });
  const agentOf = async (name: string): Promise<AgentFacts | undefined> => (await agents(journey.sandbox))[name];
  const generationOf = async (name: string) =>
    (await journey.sandbox.cluster(name).client.get(DEPLOYMENTS, "cattle-cluster-agent"))?.metadata.generation;
  const kit = async (...args: string[]) => {
    const made = await journey.farrier("rescue-kit", ...args);
    expect(made.stderr).toBe("");
    expect(made.code).toBe(0);
  };

  describe("for a cluster that was cut off", () => {
    beforeAll(async () => {
      await journey.sandbox.restartAgent("oslo");
      await journey.sandbox.waitUntil(() => !journey.sandbox.cluster("oslo").connected(), {
        what: "oslo to be cut off",
      });
      await kit("oslo", "--out", "oslo-kit");
    });

    it("is a folder with a script and instructions, and no secret", async () => {
      expect((await readdir(join(journey.folder, "oslo-kit"))).sort()).toEqual(["README.md", "rescue.sh"]);
      const readme = await readFile(join(journey.folder, "oslo-kit/README.md"), "utf8");
      expect(readme).toContain(`cluster oslo (${journey.sandbox.cluster("oslo").id})`);
      expect(readme).toContain(`    ${today}\n`);
      expect(readme).not.toContain(journey.sandbox.token);
    });

    it("refuses an account that may not patch, before it writes", async () => {
      const look = { verbs: ["get", "list", "watch"], apiGroups: ["", "apps"], resources: ["*"] };
      const viewer = journey.sandbox.cluster("oslo").kubeconfigAs([look]);
      await writeFile(join(journey.folder, "viewer.yaml"), viewer, { mode: 0o600 });
      const ended = await run("oslo-kit", "viewer");
      expect(ended).toMatchObject({
        code: 1,
        stdout: "",
        stderr: expect.stringContaining("may not patch deployments"),
      });
    });

    it("is never written over another", async () => {
      const again = await journey.farrier("rescue-kit", "oslo", "--out", "oslo-kit");
      expect(again.code).toBe(2);
      expect(again.stderr).toContain("[input.file-exists]");
    });

    it("refuses to work on another cluster, and changes nothing there", async () => {
      const before = await generationOf("paris");
      const ended = await run("oslo-kit", "paris");
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(/REFUSED: this is another cluster than oslo \(c-.*\): Rancher calls it c-/);
      expect(await generationOf("paris")).toBe(before);
    });

    it("brings it back", async () => {
      const ended = await run("oslo-kit", "oslo");
      expect(ended.stdout).toMatch(/\nDONE: the agent of oslo has the pin of what Rancher serves/);
      expect(ended.code).toBe(0);
      expect(await agentOf("oslo")).toMatchObject({ pin: today, pods: [today], minReadySeconds: 0 });
      await journey.sandbox.waitUntilConnected("oslo");
    });

    it("has nothing to do the second time", async () => {
      const before = await generationOf("oslo");
      const ended = await run("oslo-kit", "oslo");
      expect(ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^DONE: [^\n]+\n$/) });
      expect(await generationOf("oslo")).toBe(before);
    });
  });

  describe("for a cluster whose agent may not be patched from afar, in a rotation", () => {
    let both: string;

    beforeAll(async () => {
      await journey.configure({ waves: { canary: ["paris"] }, gateWaitSeconds: 0 });
      await journey.plan("rotation");
      const held = await journey.farrier("apply", "rotation", "--yes", "-o", "json");
      expect(jsonLines(held.stdout).at(-1)).toMatchObject({ outcome: { kind: "held", stage: "widen" } });
      await kit("lagos", "--rotation", "rotation", "--out", "lagos-kit");
      const plan = JSON.parse(await readFile(join(journey.folder, "rotation/plan.json"), "utf8"));
      both = plan.epochs.find((epoch: { name: string }) => epoch.name === "both").pin;
    }, 60_000);

    it("gives way to somebody who changes the agent at the same time, and looks again", async () => {
      // Between the script's reading and its writing, once, somebody scales the agent.
      const standIn = join(journey.folder, "kubectl-with-a-colleague");
      const meanwhile = `kubectl -n cattle-system annotate deployment cattle-cluster-agent colleague=was-here >/dev/null`;
      const text = `#!/bin/sh\ncase " $* " in *" patch deployment "*) [ -e "$0.done" ] || { : > "$0.done"; ${meanwhile}; } ;; esac\nexec kubectl "$@"\n`;
      await writeFile(standIn, text, { mode: 0o755 });
      const ended = await run("lagos-kit", "lagos", standIn);
      expect(ended.stderr).toMatch(/Conflict|has been modified/);
      expect(ended.stdout).toMatch(
        /changed by somebody else in between.*\n.*Armed:.*\nDONE: the agent of lagos is armed/,
      );
      expect(ended.code).toBe(0);
      const deployment = await journey.sandbox.cluster("lagos").client.get(DEPLOYMENTS, "cattle-cluster-agent");
      expect(deployment?.metadata.annotations).toMatchObject({ colleague: "was-here" });
    });

    it("arms the agent: a new pod waits, the old one works on", async () => {
      await journey.sandbox.waitUntil(async () => (await agentOf("lagos"))?.pods.length === 2, { what: "both pods" });
      expect(await agentOf("lagos")).toMatchObject({ pin: both, pods: [today, both].sort() });
      expect(journey.sandbox.cluster("lagos").connected()).toBe(true);
      const before = await generationOf("lagos");
      expect(await run("lagos-kit", "lagos")).toMatchObject({ code: 0, stderr: "" });
      expect(await generationOf("lagos")).toBe(before);
    });

    it("is noticed at the gate, which opens", async () => {
      const applied = journey.start("apply", "rotation", "--yes", "-o", "json");
      await applied.line(entry("gate-passed", "widen"));
      await applied.line(entry("stage-entered", "narrow"));
      expect(await run("lagos-kit", "lagos")).toMatchObject({ code: 0, stdout: expect.stringContaining("is armed") });
      expect(await applied.ended).toMatchObject({ code: 4 });
      // Armed for the last bundle as well, by the same kit.
      const ended = await journey.farrier("apply", "rotation", "--yes", "-o", "json");
      expect(jsonLines(ended.stdout).at(-1)).toMatchObject({ outcome: { kind: "finished" } });
      expect(journey.sandbox.statistics().refusals).toEqual([]);
    }, 90_000);

    it("is of no use once Rancher serves what it does not know: it refuses, and changes nothing", async () => {
      const before = await generationOf("oslo");
      const ended = await run("oslo-kit", "oslo");
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain(`does not know (SHA-256 ${pinOfServed(await servedBundle(journey.sandbox))})`);
      expect(await generationOf("oslo")).toBe(before);
    });
  });
});

describe("a kit that cannot be made", () => {
  let journey: Journey;
  beforeAll(async () => {
    journey = await startJourney({ clusters: [{ name: "paris" }] });
  }, 60_000);
  afterAll(() => journey?.stop());

  it.each([
    ["for the management cluster", ["local"], "input.invalid"],
    ["for a cluster that there is not", ["berlin"], "input.cluster-unknown"],
    ["for a rotation that there is not", ["paris", "--rotation", "none"], "input.file-missing"],
  ])("%s leaves no folder behind", async (_, words, code) => {
    const ended = await journey.farrier("rescue-kit", ...words, "--out", "kit");
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain(`[${code}]`);
    expect(await readdir(journey.folder)).not.toContain("kit");
  });

  it("where a file is in the place of a folder says so, and leaves that file as it is", async () => {
    await writeFile(join(journey.folder, "mine"), "mine\n");
    const ended = await journey.farrier("rescue-kit", "paris", "--out", "mine/kit");
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain(`${join(journey.folder, "mine/kit")} cannot be written.  [input.file-unwritable]`);
    expect(ended.stderr).toContain("Check the directory's permissions and the space on its disk.");
    expect(await readFile(join(journey.folder, "mine"), "utf8")).toBe("mine\n");
  });

  it("is not put where a file is", async () => {
    await writeFile(join(journey.folder, "notes"), "mine");
    const ended = await journey.farrier("rescue-kit", "paris", "--out", "notes");
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining("[input.file-exists]") });
    expect(await readFile(join(journey.folder, "notes"), "utf8")).toBe("mine");
  });
});
