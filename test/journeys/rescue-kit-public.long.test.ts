/**
 * Rescue kits while an estate goes from a private CA to a public certificate, run by the real `kubectl`: an agent is let
 * go of its pin when the public certificate is presented, and not before.
 */
import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AgentFacts, agents, pinOfServed, servedBundle } from "../helpers/estate-facts.ts";
import { type Journey, json, jsonLines, startJourney } from "../helpers/journey.ts";
import { TO_PUBLIC, withPublicFiles } from "../helpers/public-files.ts";
import type { Ended } from "../helpers/run-farrier.ts";
import { runProgram } from "../helpers/run-program.ts";
import { areBuilt, pathOf } from "../kubernetes/control-plane/binaries.ts";

const KUBECTL = "kubectl";
const installed = spawnSync(KUBECTL, ["version", "--client"]).status === 0;
const DEPLOYMENTS = { group: "apps", version: "v1", resource: "deployments", namespace: "cattle-system" };
const SETS = { ...DEPLOYMENTS, resource: "daemonsets" };
const PODS = { group: "", version: "v1", resource: "pods", namespace: "cattle-system" };
interface Lab {
  readonly journey: Journey;
  /** Pins in the order in which Rancher serves them; the last one is empty. */
  readonly today: string;
  readonly both: string;
  apply(): Promise<unknown>;
  pinsOfKit(kit: string): Promise<string[]>;
  run(kit: string, kubectl?: string): Promise<Ended>;
  agent(): Promise<AgentFacts | undefined>;
}

/** Paris is moved from afar; the agent of the other cluster may not be patched from there. */
async function startLab(
  name: string,
  systemStore: "public" | "bare",
  withNodeAgents?: { readonly version: string },
): Promise<Lab> {
  const settings = {
    helm: pathOf("helm3"),
    publicRoots: "roots.pem",
    waves: { canary: ["paris"] },
    gateWaitSeconds: 0,
  };
  const faults = [{ kind: "forbidden" as const, cluster: name }];
  const nodes = withNodeAgents === undefined ? {} : { nodeAgent: true, nodes: 2 };
  const clusters = [{ name: "paris" }, { name, systemStore, ...nodes }];
  const rancher = withNodeAgents === undefined ? {} : { rancher: withNodeAgents };
  const journey = await startJourney({ ...rancher, clusters, tls: { mode: "system-store" }, faults }, settings);
  const { sandbox, folder } = journey;
  await withPublicFiles(journey);
  await writeFile(join(folder, "own.yaml"), sandbox.cluster(name).kubeconfig, { mode: 0o600 });
  const today = pinOfServed(await servedBundle(sandbox));
  const planned = await journey.farrier("plan", ...TO_PUBLIC, "--out", "rotation");
  expect(planned, planned.stdout).toMatchObject({ code: 0 });
  const plan = json(await readFile(join(folder, "rotation/plan.json"), "utf8"));
  return {
    journey,
    today,
    both: plan.epochs[1].pin,
    apply: async () => {
      const { stdout } = await journey.farrier("apply", "rotation", "--yes", "-o", "json");
      return jsonLines(stdout).at(-1).outcome;
    },
    pinsOfKit: async (kit) => {
      const made = await journey.farrier("rescue-kit", name, "--rotation", "rotation", "--out", kit, "-o", "json");
      expect(made, made.stderr).toMatchObject({ code: 0 });
      return json(made.stdout).pins;
    },
    run: (kit, kubectl = KUBECTL) =>
      runProgram("sh", [join(folder, kit, "rescue.sh")], {
        cwd: folder,
        env: { ...process.env, KUBECONFIG: join(folder, "own.yaml"), KUBECTL: kubectl },
      }),
    agent: async () => (await agents(sandbox))[name],
  };
}

/** Up to where the public certificate is presented, and the agent must show that it accepts it without a pin. */
async function switchOver({ today, both, apply, pinsOfKit, run, agent }: Lab): Promise<void> {
  expect(await apply()).toMatchObject({ kind: "held", stage: "widen" });
  expect(await pinsOfKit("before")).toEqual([today, both]);
  expect(await run("before")).toMatchObject({ code: 0, stdout: expect.stringContaining("Armed:") });
  expect(await agent()).toMatchObject({ pin: both });
  const held = Object(await apply());
  expect(held).toMatchObject({ kind: "held", stage: "narrow" });
  for (const { hint } of held.holds) expect(hint).toContain("farrier rescue-kit");
  expect(await agent()).toMatchObject({ pin: both, pods: [both] });
  expect(await pinsOfKit("after")).toEqual([today, both, ""]);
}

const DONE_AT_ONCE = { code: 0, stdout: expect.stringMatching(/^DONE: [^\n]+\n$/) };

describe.skipIf(!installed || !areBuilt("helm3"))("a rescue kit on the way to a public certificate", () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await startLab("lagos", "public");
  });
  afterAll(() => lab?.journey.stop());

  it("arms for both authorities first, and knows of no empty pin before the certificate is presented", async () => {
    await switchOver(lab);
  });

  it("lets the agent go of its pin then, and has nothing to do the second time", async () => {
    const ended = await lab.run("after");
    const stdout = expect.stringContaining("DONE: the agent of lagos works without a pin");
    expect(ended, ended.stderr).toMatchObject({ code: 0, stdout });
    expect(await lab.agent()).toMatchObject({ pin: "", pods: [""] });
    await lab.journey.sandbox.waitUntilConnected("lagos");
    expect(await lab.run("after")).toMatchObject(DONE_AT_ONCE);
  });

  it("is right when Rancher serves no bundle any more, with a rotation and without", async () => {
    const { sandbox, farrier } = lab.journey;
    expect(await lab.apply()).toMatchObject({ kind: "finished" });
    expect(await servedBundle(sandbox)).toBe("");
    expect(await lab.pinsOfKit("end")).toEqual([lab.today, lab.both, ""]);
    expect(await lab.run("end")).toMatchObject(DONE_AT_ONCE);
    // Somebody has put the manifest of last year back.
    const env = [{ name: "CATTLE_CA_CHECKSUM", value: lab.today }];
    const body = { spec: { template: { spec: { containers: [{ name: "cluster-register", env }] } } } };
    await sandbox.cluster("lagos").client.patch(DEPLOYMENTS, "cattle-cluster-agent", { type: "strategic", body });
    const made = await farrier("rescue-kit", "lagos", "--out", "alone");
    expect(made, made.stderr).toMatchObject({ code: 0 });
    const ended = await lab.run("alone");
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(await lab.agent()).toMatchObject({ pin: "", pods: [""] });
    await sandbox.waitUntilConnected("lagos");
  });
});

describe.skipIf(!installed || !areBuilt("helm3"))("a rescue kit for an agent whose image lacks the public root", () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await startLab("rome", "bare");
  });
  afterAll(() => lab?.journey.stop());

  it("gives it the pin back, and its cluster is never cut off", async () => {
    const { sandbox, folder } = lab.journey;
    await switchOver(lab);
    // Nobody on site would wait so short.
    const hasty = join(folder, "hasty-kubectl");
    const shorter = `for word; do shift; [ "$word" = --timeout=5m ] && word=--timeout=10s; set -- "$@" "$word"; done`;
    await writeFile(hasty, `#!/bin/sh\n${shorter}\nexec kubectl "$@"\n`, { mode: 0o755 });
    const stderr = expect.stringContaining("REFUSED: the agent does not come up without a pin");
    expect(await lab.run("after", hasty)).toMatchObject({ code: 1, stderr });
    await sandbox.waitUntil(async () => (await lab.agent())?.pods.join() === lab.both, { what: "one pod" });
    expect(await lab.agent()).toMatchObject({ pin: lab.both });
    expect(sandbox.cluster("rome").connected()).toBe(true);
    expect(sandbox.statistics().refusals.every(({ phase }) => phase === "start")).toBe(true);
  });

  it("does not hold the others once it is waived: its redeploy is tried, and given up when it is seen to fail", async () => {
    const { sandbox, farrier, folder } = lab.journey;
    const waiver = ["--by", "ada", "--reason", "its image is mirrored next week", "--until", "2099-01-01"];
    const waived = await farrier("waive", "rotation", "rome", ...waiver);
    expect(waived, waived.stderr).toMatchObject({ code: 0 });
    expect(await lab.apply()).toMatchObject({ kind: "finished" });
    const step = `${sandbox.cluster("rome").id}/redeploy-agent@target`;
    const written = jsonLines(await readFile(join(folder, "rotation/journal.jsonl"), "utf8"));
    const failed = written.filter(({ type }) => type === "step-failed");
    const message = expect.stringMatching(/its new pod .* ends at its start again and again/);
    expect(failed).toEqual([expect.objectContaining({ step, data: expect.objectContaining({ message }) })]);
    expect(await servedBundle(sandbox)).toBe("");
    expect((await agents(sandbox)).paris).toMatchObject({ pin: "", pods: [""] });
    expect(sandbox.cluster("rome").connected()).toBe(true);
  }, 300_000);
});

describe.skipIf(!installed || !areBuilt("helm3"))(
  "a rescue kit for node agents on the way to a public certificate",
  () => {
    let lab: Lab;
    const client = () => lab.journey.sandbox.cluster("quito").client;
    const pinIn = (podOrTemplate: object): string => {
      const { env }: { env: { name: string; value?: string }[] } = Object(podOrTemplate).spec.containers[0];
      return env.find(({ name }) => name === "CATTLE_CA_CHECKSUM")?.value ?? "";
    };
    /** The pin of the DaemonSet, and those of its pods. */
    const nodeAgents = async () => {
      const { template } = Object((await client().get(SETS, "cattle-node-agent"))?.spec);
      const { items } = await client().list(PODS);
      const own = items.filter(({ metadata }) => metadata.name.startsWith("cattle-node-agent-"));
      const live = own.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      return { pin: pinIn(template), pods: live.map(pinIn) };
    };

    beforeAll(async () => {
      lab = await startLab("quito", "public", { version: "2.11.5" });
      await switchOver(lab);
    });
    afterAll(() => lab?.journey.stop());

    it("lets them go of their pin when the script was stopped before their pods were replaced, too", async () => {
      const { both } = lab;
      expect(await nodeAgents()).toEqual({ pin: both, pods: [both, both] });
      // The connection of whoever runs it ends where the first pod is to be deleted.
      const cut = join(lab.journey.folder, "cut-kubectl");
      const text =
        '#!/bin/sh\ncase " $* " in *" delete pod "*|*" rollout status daemonset "*) exit 1 ;; esac\nexec kubectl "$@"\n';
      await writeFile(cut, text, { mode: 0o755 });
      expect(await lab.run("after", cut)).toMatchObject({ code: 1, stderr: expect.stringContaining("REFUSED") });
      const ended = await lab.run("after");
      expect(ended.stderr).not.toContain("REFUSED");
      expect(ended.code, ended.stdout).toBe(0);
      expect(await nodeAgents()).toEqual({ pin: "", pods: ["", ""] });
    });

    it("has nothing to do the second time, and the rotation ends", async () => {
      expect(await lab.run("after")).toMatchObject(DONE_AT_ONCE);
      expect(await lab.apply()).toMatchObject({ kind: "finished" });
      expect(await servedBundle(lab.journey.sandbox)).toBe("");
      expect(await nodeAgents()).toEqual({ pin: "", pods: ["", ""] });
      expect(lab.journey.sandbox.statistics().refusals).toEqual([]);
    });
  },
);
