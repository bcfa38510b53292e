/** The estate's own backup by Rancher's backup operator, asked for in `farrier.yaml`: in the plan, and in the estate. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { ResourceRef } from "../../src/sandbox/cluster-client.ts";
import type { ScenarioInput } from "../../src/sandbox/scenario/scenario.ts";
import { TARGET } from "../helpers/command-lab.ts";
import { trustSecret } from "../helpers/estate-facts.ts";
import { type Journey, json, jsonLines, startJourney } from "../helpers/journey.ts";
import { kubeconfigFlags, renewCluster } from "../helpers/renewed-cluster.ts";

const BACKUPS: ResourceRef = { group: "resources.cattle.io", version: "v1", resource: "backups" };
const ENCRYPTED = { estateBackup: { operator: { encryptionConfigSecret: "backup-key" } } };

let journey: Journey | undefined;
afterEach(() => journey?.stop());

async function start(
  backupOperator: ScenarioInput["backupOperator"],
  settings: Readonly<Record<string, unknown>> = ENCRYPTED,
): Promise<Journey> {
  journey = await startJourney({ clusters: [{ name: "paris" }], backupOperator }, settings);
  return journey;
}
const backups = async ({ sandbox }: Journey) => (await sandbox.management.list(BACKUPS)).items;

describe("a rotation with the estate's own backup", () => {
  it("has it made, encrypted, before it changes anything, and goes on", async () => {
    const own = await start({ encryptionConfig: "backup-key" });
    const { stdout } = await own.plan("rotation");
    expect(stdout).toMatch(/Backup farrier-r-\S+ of rancher-resource-set-full, encrypted by Secret backup-key/);
    expect(await backups(own)).toEqual([]);
    const applied = await own.farrier("apply", "rotation", "--yes", "-o", "json");
    expect(applied.code, applied.stderr).toBe(0);
    const [backup, ...others] = await backups(own);
    expect(others).toEqual([]);
    expect(backup?.spec).toEqual({
      resourceSetName: "rancher-resource-set-full",
      encryptionConfigSecretName: "backup-key",
    });
    const done = jsonLines(applied.stdout).filter(({ type }) => type === "step-verified" || type === "step-done");
    const order = done.map(({ step }) => step);
    expect(order.indexOf("rotation/back-up-estate")).toBeGreaterThanOrEqual(0);
    expect(order.indexOf("rotation/back-up-estate")).toBeLessThan(order.indexOf("rancher/serve-bundle@both"));
    expect(await own.farrier("apply", "rotation", "--yes")).toMatchObject({ code: 0 });
    expect(await backups(own)).toHaveLength(1);
  });

  it("takes what was asked for before the process died, and asks for no second one", async () => {
    const own = await start({ encryptionConfig: "backup-key" });
    const { stdout } = await own.plan("rotation", "-o", "json");
    const { name, resourceSet, encryptionConfigSecret } = json(stdout).estateBackup;
    await own.sandbox.management.create(BACKUPS, {
      apiVersion: "resources.cattle.io/v1",
      kind: "Backup",
      metadata: { name },
      spec: { resourceSetName: resourceSet, encryptionConfigSecretName: encryptionConfigSecret },
    });
    expect((await own.farrier("apply", "rotation", "--yes")).code).toBe(0);
    expect(await backups(own)).toMatchObject([{ metadata: { name }, status: { storageLocation: "PV" } }]);
  });

  const failures: [string, ScenarioInput["backupOperator"], RegExp][] = [
    ["that has no room", { encryptionConfig: "backup-key", behaviour: "fails" }, /gave up: no space left on device/],
    ["that forgets to encrypt", { encryptionConfig: "backup-key", behaviour: "plain" }, /is not encrypted, although/],
  ];
  it.each(failures)("stops before anything is changed at an operator %s", async (_, operator, says) => {
    const own = await start(operator);
    await own.plan("rotation");
    const before = await trustSecret(own.sandbox);
    const applied = await own.farrier("apply", "rotation", "--yes");
    expect([applied.code, `${applied.stdout}${applied.stderr}`]).toEqual([1, expect.stringMatching(says)]);
    expect(await trustSecret(own.sandbox)).toBe(before);
  });
});

describe("a refresh with the estate's own backup", () => {
  it("has it made before a token of the cluster is removed", async () => {
    const own = await start({ encryptionConfig: "backup-key" });
    const cluster = own.sandbox.cluster("paris");
    await renewCluster(own.sandbox, cluster);
    const flags = await kubeconfigFlags(own.folder, cluster);
    const done = await own.farrier("refresh", "paris", ...flags, "--yes", "-o", "json");
    expect(done.code, done.stderr).toBe(0);
    expect(await backups(own)).toMatchObject([{ status: { storageLocation: "PV" } }]);
    const order = jsonLines(done.stdout).filter(({ type }) => type === "step-started" || type === "step-done");
    const steps = order.map(({ type, step }) => `${type} ${step}`);
    expect(steps.indexOf("step-done rotation/back-up-estate")).toBeGreaterThanOrEqual(0);
    expect(steps.indexOf("step-done rotation/back-up-estate")).toBeLessThan(
      steps.indexOf(`step-started ${cluster.id}/drop-agent-tokens`),
    );
  });

  it("is refused where that cannot be made, and a person can go on without, which the plan says", async () => {
    const own = await start(undefined);
    const cluster = own.sandbox.cluster("paris");
    await renewCluster(own.sandbox, cluster);
    const flags = await kubeconfigFlags(own.folder, cluster);
    const refused = await own.farrier("refresh", "paris", ...flags, "--yes");
    expect([refused.code, refused.stdout]).toEqual([
      3,
      expect.stringMatching(/not installed.*--without-estate-backup/s),
    ]);
    expect(existsSync(join(own.folder, "refresh"))).toBe(false);
    const { stdout } = await own.farrier("refresh", "paris", ...flags, "--plan", "--without-estate-backup");
    expect(stdout).toMatch(/It is left out, because it cannot be made: .*not installed/);
  });
});

describe("a plan with a backup that cannot be made", () => {
  it("is refused, and made when a person goes on without it, which it says", async () => {
    const own = await start(undefined);
    const refused = await own.farrier("plan", ...TARGET, "--out", "rotation");
    expect([refused.code, refused.stdout]).toEqual([3, expect.stringMatching(/operator is not installed.*/s)]);
    expect(refused.stdout).toContain("--without-estate-backup");
    expect(existsSync(join(own.folder, "rotation"))).toBe(false);
    const { stdout } = await own.plan("rotation", "--without-estate-backup", "-o", "json");
    const plan = json(stdout);
    expect(plan.estateBackup).toEqual({ kind: "none", why: expect.stringMatching(/not installed/) });
    expect(JSON.stringify(plan.stages)).not.toContain("back-up-estate");
    const shown = await own.farrier("status", "rotation");
    expect(shown.code).toBe(0);
  });

  it("says that an operator without an encryption configuration would write Secrets in the clear", async () => {
    const own = await start({}, { estateBackup: { operator: {} } });
    const { stdout } = await own.plan("rotation");
    expect(stdout).toMatch(/every Secret in the clear/);
    expect(stdout).toMatch(/of rancher-resource-set-full, not encrypted/);
  });

  it.each([
    ["a set that there is not", { operator: { resourceSet: "mine" } }, 3, /no ResourceSet mine; there are rancher-/],
    ["a Secret that there is not", { operator: { encryptionConfigSecret: "gone" } }, 3, /no Secret cattle-.*\/gone/],
    ["nothing that makes it", {}, 2, /estateBackup: must be made by exactly one of operator, /],
    [
      "two that make it",
      { operator: {}, k3s: { host: "node" } },
      2,
      /estateBackup: must be made by exactly one of operator, /,
    ],
    ["something else that makes it", { velero: {} }, 2, /velero/],
  ])("names %s", async (_, estateBackup, code, says) => {
    const own = await start({}, { estateBackup });
    const refused = await own.farrier("plan", ...TARGET, "--out", "rotation");
    expect([refused.code, `${refused.stdout}${refused.stderr}`]).toEqual([code, expect.stringMatching(says)]);
    expect(existsSync(join(own.folder, "rotation"))).toBe(false);
  });
});
