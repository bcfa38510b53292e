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
  });
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
    });

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
      const applied = await journey.farrier("apply", "rotation", "--yes", "-o", "json");
      expect(applied.code, applied.stderr).toBe(4);
      const lines = applied.stdout.trimEnd().split("\n");
      expect(lines.some(entry("gate-passed", "widen"))).toBe(true);
      expect(jsonLines(applied.stdout).at(-1)).toMatchObject({ outcome: { kind: "held", stage: "narrow" } });
      // Armed for the last bundle as well, by the same kit.
      expect(await run("lagos-kit", "lagos")).toMatchObject({ code: 0, stdout: expect.stringContaining("is armed") });
      await journey.configure({ waves: { canary: ["paris"] } });
      const ended = await journey.farrier("apply", "rotation", "--yes", "-o", "json");
      expect(jsonLines(ended.stdout).at(-1)).toMatchObject({ outcome: { kind: "finished" } });
      expect(journey.sandbox.statistics().refusals).toEqual([]);
    });

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
  });
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

describe.skipIf(!installed)("a kit for a cluster with node agents", () => {
  const SETS = { group: "apps", version: "v1", resource: "daemonsets", namespace: "cattle-system" };
  const PODS = { group: "", version: "v1", resource: "pods", namespace: "cattle-system" };
  const NAMES = ["cattle-node-agent", "cattle-node-agent-windows"];
  let journey: Journey;
  let both: string;
  let today: string;

  const client = () => journey.sandbox.cluster("quito").client;
  const pinIn = (template: unknown): string => {
    const [container] = Object(template).spec.containers;
    return container.env.find(({ name }: { name: string }) => name === "CATTLE_CA_CHECKSUM").value;
  };
  const setOf = async (name: string) => {
    const object = await client().get(SETS, name);
    const { template, updateStrategy } = Object(object?.spec);
    return { pin: pinIn(template), strategy: updateStrategy.type, generation: object?.metadata.generation };
  };
  /** Pins of the pods of a DaemonSet, sorted. */
  const podsOf = async (name: string): Promise<string[]> => {
    const { items } = await client().list(PODS);
    const own = items.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.name === name));
    return own
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(pinIn)
      .sort();
  };
  const run = () =>
    runProgram("sh", [join(journey.folder, "kit", "rescue.sh")], {
      cwd: journey.folder,
      env: { ...process.env, KUBECONFIG: join(journey.folder, "quito.yaml"), KUBECTL },
    });

  beforeAll(async () => {
    journey = await startJourney({
      rancher: { version: "2.11.5" },
      clusters: [{ name: "paris" }, { name: "quito", nodeAgent: true, nodes: 2 }],
      faults: [{ kind: "forbidden", cluster: "quito" }],
    });
    const { sandbox, folder } = journey;
    today = pinOfServed(await servedBundle(sandbox));
    await writeFile(join(folder, "quito.yaml"), sandbox.cluster("quito").kubeconfig, { mode: 0o600 });
    // Rancher makes the second one for the Windows nodes of a cluster.
    const linux = await client().get(SETS, "cattle-node-agent");
    const text = JSON.stringify(linux?.spec).replaceAll('"cattle-agent"', '"cattle-agent-windows"');
    const windows = { apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "cattle-node-agent-windows" } };
    await client().create(SETS, { ...windows, spec: JSON.parse(text) });
    await sandbox.waitUntil(async () => (await podsOf("cattle-node-agent-windows")).length === 2, { what: "its pods" });
    await journey.configure({ waves: { canary: ["paris"] }, gateWaitSeconds: 0 });
    await journey.plan("rotation");
    const plan = JSON.parse(await readFile(join(folder, "rotation/plan.json"), "utf8"));
    both = plan.epochs.find((epoch: { name: string }) => epoch.name === "both").pin;
    const made = await journey.farrier("rescue-kit", "quito", "--rotation", "rotation", "--out", "kit");
    expect(made.code, made.stderr).toBe(0);
  });
  afterAll(() => journey?.stop());

  it("arms them with the agent, and lets every one of their pods go on", async () => {
    const ended = await run();
    // Kubernetes itself writes statuses meanwhile: a write that was overtaken is told of, and made again.
    expect(ended.stderr).not.toContain("REFUSED");
    expect(ended.stdout).toMatch(/Armed: the node agents of cattle-node-agent go on/);
    expect(ended.stdout).toMatch(/Armed: the node agents of cattle-node-agent-windows go on/);
    expect(ended.code).toBe(0);
    for (const name of NAMES) {
      expect(await setOf(name), name).toMatchObject({ pin: both, strategy: "OnDelete" });
      expect(await podsOf(name), name).toEqual([today, today]);
    }
  });

  it("has nothing to do the second time", async () => {
    const before = await Promise.all(NAMES.map(setOf));
    const ended = await run();
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^DONE: [^\n]+\n$/) });
    expect(await Promise.all(NAMES.map(setOf))).toEqual(before);
  });

  it("brings them over, one node after the other, where they are armed for what is served", async () => {
    // A bundle of its own is served: the kit of a rotation whose first pin is not served any more.
    const script = join(journey.folder, "kit/rescue.sh");
    const text = await readFile(script, "utf8");
    await writeFile(script, text.replace(/^PINS=.*$/m, `PINS='${today}'`));
    for (const name of NAMES) {
      const { items } = await client().list(PODS);
      const own = items.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.name === name));
      const [first] = own;
      if (first === undefined) throw new Error("it has pods");
      // Somebody has moved one node to another pin and back in the template only.
      await client().patch(SETS, name, { type: "strategic", body: templateWith(both) });
      await client().delete(PODS, first.metadata.name);
      const two = async () => (await podsOf(name)).join() === [today, both].sort().join();
      await journey.sandbox.waitUntil(two, { what: "one pod with the other pin" });
    }
    const ended = await run();
    // Kubernetes itself writes statuses meanwhile: a write that was overtaken is told of, and made again.
    expect(ended.stderr).not.toContain("REFUSED");
    expect(ended.code, ended.stdout).toBe(0);
    for (const name of NAMES) {
      expect(await setOf(name), name).toMatchObject({ pin: today });
      expect(await podsOf(name), name).toEqual([today, today]);
    }
    expect(ended.stdout.match(/was ended; waiting for its successor/g)).toHaveLength(NAMES.length);
  });
});

const pinned = (value: string) => ({ name: "CATTLE_CA_CHECKSUM", value });
const templateWith = (value: string) => ({
  spec: { template: { spec: { containers: [{ name: "agent", env: [pinned(value)] }] } } },
});
