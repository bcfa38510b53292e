/** A cluster that only a control-plane node behind a jump host leads to: a whole rotation through a real `sshd`. */
import { spawnSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agents, pinOfServed, servedBundle, setMinReadySeconds } from "../helpers/estate-facts.ts";
import { entry, type Journey, json, jsonLines, startJourney } from "../helpers/journey.ts";
import type { Ended } from "../helpers/run-farrier.ts";
import { type SshLab, sshInstalled, startSshLab } from "../helpers/ssh-server.ts";

describe.skipIf(!sshInstalled())("a cluster behind a node", () => {
  let journey: Journey;
  let lab: SshLab;
  let plan: { clusters: { name: string; reach: string; why: string }[] };
  let applied: Ended;

  beforeAll(async () => {
    [lab, journey] = await Promise.all([
      startSshLab(),
      startJourney({ clusters: [{ name: "paris" }, { name: "lagos" }] }),
    ]);
    const { sandbox } = journey;
    await setMinReadySeconds(sandbox.clusters);
    const onNode = join(lab.folder, "rke2.yaml");
    await writeFile(onNode, sandbox.cluster("lagos").kubeconfig, { mode: 0o600 });
    const ssh = { host: "node", config: lab.config, kubeconfig: onNode };
    await journey.configure({ waves: { canary: ["paris"] }, clusters: { lagos: { ssh } } });
    await sandbox.inject({ kind: "offline", cluster: "lagos" });
    plan = json((await journey.plan("rotation", "-o", "json")).stdout);
    const run = journey.start("apply", "rotation", "--yes", "-o", "json");
    // An agent cannot start while it cannot reach Rancher.
    await run.line(entry("stage-entered", "spread@both"));
    await sandbox.inject({ kind: "offline", cluster: "lagos", seconds: 0.01 });
    applied = await run.ended;
  });
  afterAll(async () => {
    await journey?.stop();
    await lab?.stop();
  });

  it("is planned to be patched through that node", () => {
    const lagos = plan.clusters.find(({ name }) => name === "lagos");
    expect(lagos).toMatchObject({ reach: "ssh" });
    expect(lagos?.why).toMatch(
      /^Its agent is patched past Rancher, over its node node \(SSH\): the tunnel does not answer/,
    );
  });

  it("is armed, rolled and settled like any other, by a kubeconfig of the node (M1.12)", async () => {
    expect(applied.code, applied.stdout).toBe(0);
    expect(jsonLines(applied.stdout).at(-1)).toMatchObject({ outcome: { kind: "finished" } });
    const pin = pinOfServed(await servedBundle(journey.sandbox));
    for (const [name, facts] of Object.entries(await agents(journey.sandbox))) {
      expect(facts, name).toMatchObject({ pin, pods: [pin], minReadySeconds: 30 });
    }
    expect(journey.sandbox.statistics().refusals).toEqual([]);
  });

  it("leaves nothing of the node's kubeconfig in the rotation, or in what was said", async () => {
    const token = /token: (\S+)/.exec(journey.sandbox.cluster("lagos").kubeconfig)?.[1] ?? "";
    expect(token.length).toBeGreaterThan(20);
    expect(journey.said()).not.toContain(token);
    const rotation = join(journey.folder, "rotation");
    const files = (await readdir(rotation, { recursive: true, withFileTypes: true })).filter((file) => file.isFile());
    for (const { parentPath, name } of files) {
      expect((await readFile(join(parentPath, name))).includes(token), name).toBe(false);
    }
  });

  it("is named by a check when the node's host key has changed", async () => {
    await lab.changeHostKey();
    const checked = await journey.farrier("check", "-o", "json");
    expect(checked.code).toBe(3);
    const found = json(checked.stdout).findings.find(({ code }: { code: string }) => code === "reach.host-key");
    expect(found.sentence).toMatch(/SSH to node failed: the key of the host, or of its jump host, has changed/);
  });

  it.each([
    ["a host that is an option", { host: "-oProxyCommand=touch" }],
    ["a jump host that is an option", { host: "node", jump: "-oProxyCommand=touch" }],
    ["a user that is two words", { host: "node", user: "root -v" }],
  ])("settings are refused with %s", async (_, ssh) => {
    await journey.configure({ clusters: { lagos: { ssh } } });
    const ended = await journey.farrier("observe");
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/clusters\.lagos\.ssh\..*\[input\.invalid\]/);
  });
});

describe.skipIf(!sshInstalled() || spawnSync("which", ["kubectl"]).status !== 0)(
  "a cluster behind a node that forwards no ports",
  () => {
    let journey: Journey;
    let lab: SshLab;
    let applied: Ended;

    beforeAll(async () => {
      [lab, journey] = await Promise.all([startSshLab(), startJourney({ clusters: [{ name: "lagos" }] })]);
      const { sandbox } = journey;
      await lab.restartNode({}, ["AllowTcpForwarding no"]);
      await setMinReadySeconds(sandbox.clusters);
      const onNode = join(lab.folder, "rke2.yaml");
      await writeFile(onNode, sandbox.cluster("lagos").kubeconfig, { mode: 0o600 });
      await journey.configure({
        clusters: { lagos: { ssh: { host: "node", config: lab.config, kubeconfig: onNode } } },
      });
      await sandbox.inject({ kind: "offline", cluster: "lagos" });
      await journey.plan("rotation");
      const run = journey.start("apply", "rotation", "--yes", "-o", "json");
      await run.line(entry("stage-entered", "spread@both"));
      await sandbox.inject({ kind: "offline", cluster: "lagos", seconds: 0.01 });
      applied = await run.ended;
    });
    afterAll(async () => {
      await journey?.stop();
      await lab?.stop();
    });

    it("is rotated by the kubectl of the node", async () => {
      expect(applied.code, applied.stdout).toBe(0);
      const pin = pinOfServed(await servedBundle(journey.sandbox));
      expect((await agents(journey.sandbox)).lagos).toMatchObject({ pin, pods: [pin], minReadySeconds: 30 });
      expect(journey.sandbox.statistics().refusals).toEqual([]);
    });
  },
);
