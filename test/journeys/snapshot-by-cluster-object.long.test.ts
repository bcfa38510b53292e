/**
 * A rotation before which the Rancher that has provisioned the management cluster saves its etcd: asked for by the cluster
 * object there, and awaited node by node. That other Rancher is the sandbox's stand-in for one.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { applyRotation } from "../../src/execute/apply.ts";
import { openWorld } from "../../src/observe/world.ts";
import { Secret } from "../../src/pki/secret.ts";
import type { ResourceRef } from "../../src/sandbox/cluster-client.ts";
import type { ScenarioInput } from "../../src/sandbox/scenario/scenario.ts";
import { trustSecret } from "../helpers/estate-facts.ts";
import { type Journey, json, jsonLines, startJourney } from "../helpers/journey.ts";
import { must } from "../sandbox/estate.ts";

const PROVISIONED: ResourceRef = {
  group: "provisioning.cattle.io",
  version: "v1",
  resource: "clusters",
  namespace: "fleet-default",
};
const SNAPSHOTS: ResourceRef = { ...PROVISIONED, group: "rke.cattle.io", resource: "etcdsnapshots" };
const MANAGEMENT: ResourceRef = { group: "management.cattle.io", version: "v3", resource: "clusters" };
const NODES = ["node-1", "node-2", "node-3"];

let own: Journey;
afterEach(() => own?.stop());

async function start(hosting: ScenarioInput["hosting"], wish: object = {}): Promise<Journey> {
  own = await startJourney(
    { clusters: [{ name: "paris" }], hosting },
    { estateBackup: { clusterObject: { cluster: "upstream", kubeconfig: "other.yaml", context: "hosting", ...wish } } },
  );
  await writeFile(join(own.folder, "other.yaml"), own.sandbox.kubeconfig, { mode: 0o600 });
  return own;
}
const hosting = () => must(own.sandbox.hosting);
const spec = async () => Object((await hosting().get(PROVISIONED, "upstream"))?.spec);
const generation = async (): Promise<number | undefined> => (await spec()).rkeConfig.etcdSnapshotCreate?.generation;
const said = async () => json(await readFile(join(own.folder, "rotation/estate-backup.json"), "utf8"));

describe("a rotation with a snapshot of etcd by the cluster object (M2.2)", () => {
  const rows: [string, number, number][] = [
    ["where nobody has asked for one yet", 0, 1],
    ["after the last that was asked for", 41, 42],
  ];
  it.each(rows)("asks for the next one %s, once, and goes on when every node has it", async (_, before, after) => {
    await start({ generation: before });
    const { stdout } = await own.plan("rotation");
    expect(stdout).toMatch(
      /Snapshot of etcd on node-1, node-2, node-3, asked for by cluster object fleet-default\/upstream/,
    );
    const known = (await hosting().list(SNAPSHOTS)).items.map(({ metadata }) => metadata.name);
    const { kubernetesVersion } = await spec();
    const applied = await own.farrier("apply", "rotation", "--yes");
    expect(applied.code, applied.stderr).toBe(0);
    expect(await spec()).toEqual({ kubernetesVersion, rkeConfig: { etcdSnapshotCreate: { generation: after } } });
    const files = (await hosting().list(SNAPSHOTS)).items.filter(({ metadata }) => !known.includes(metadata.name));
    const shown = files
      .map(({ snapshotFile }) => Object(snapshotFile))
      .map(({ nodeName, location }) => [nodeName, location]);
    const { nodes, ...rest } = await said();
    expect(rest).toMatchObject({ cluster: { namespace: "fleet-default", name: "upstream" }, generation: after });
    expect(nodes.map(({ node, location }: Record<string, string>) => [node, location])).toEqual(shown);
    expect(shown.map(([node]) => node)).toEqual(NODES);
    expect(await own.farrier("apply", "rotation", "--yes")).toMatchObject({ code: 0 });
    expect(await generation()).toBe(after);
  });

  it("killed after it has asked, does not ask again", async () => {
    await start({ generation: 7 });
    await own.plan("rotation");
    const first = own.start("apply", "rotation", "--yes");
    await own.sandbox.waitUntil(async () => (await generation()) === 8, { what: "the request" });
    first.process.kill("SIGKILL");
    await first.ended;
    const second = await own.farrier("apply", "rotation", "--yes");
    expect(second.code, second.stderr).toBe(0);
    expect(await generation()).toBe(8);
    expect((await said()).nodes).toHaveLength(NODES.length);
  });

  it("stops before anything is changed where a node has no room, says which, and asks again later", async () => {
    await start({ behaviour: "fails-once" });
    await own.plan("rotation");
    const before = await trustSecret(own.sandbox);
    const applied = await own.farrier("apply", "rotation", "--yes");
    expect([applied.code, `${applied.stdout}${applied.stderr}`]).toEqual([
      1,
      expect.stringMatching(/fleet-default\/upstream: Rancher says that it failed/),
    ]);
    expect(await trustSecret(own.sandbox)).toBe(before);
    const again = await own.farrier("apply", "rotation", "--yes");
    expect(again.code, again.stderr).toBe(0);
    expect(await generation()).toBe(2);
    expect((await said()).nodes.map(({ node }: Record<string, string>) => node)).toEqual(NODES);
  });

  it("says that the request was not taken up, when its time is over", async () => {
    await start({ behaviour: "idle" });
    await own.plan("rotation");
    const [kubeconfig, directory] = [join(own.folder, "kubeconfig"), join(own.folder, "rotation")];
    const world = await openWorld({ kubeconfig, token: Secret.of(own.sandbox.token) });
    try {
      const identity = { environment: { XDG_CONFIG_HOME: join(own.folder, "config") } };
      // Half an hour is the step's time.
      const outcome = await applyRotation({ directory, world, identity, patience: 0.01 });
      expect(outcome).toMatchObject({ kind: "failed", steps: ["rotation/request-snapshot"] });
    } finally {
      await world.close();
    }
    const entries = jsonLines(await readFile(join(directory, "journal.jsonl"), "utf8"));
    expect(entries.find(({ type }) => type === "step-failed")?.data.message).toMatch(
      /it was not made in time; Rancher has not taken the request up/,
    );
    expect(await generation()).toBe(1);
  });

  it("changes nothing else of the cluster object, also what somebody else changes at the same time", async () => {
    await start({});
    await own.plan("rotation");
    const body = { spec: { kubernetesVersion: "v1.34.1+rke2r1" } };
    await hosting().patch(PROVISIONED, "upstream", { type: "merge", body });
    expect((await own.farrier("apply", "rotation", "--yes")).code).toBe(0);
    expect(await spec()).toEqual({ ...body.spec, rkeConfig: { etcdSnapshotCreate: { generation: 1 } } });
  });
});

describe("that cannot be made is said in the plan", () => {
  const rows: [string, object, (() => Promise<unknown>) | undefined, RegExp][] = [
    ["no such object", { cluster: "downstream" }, undefined, /has no cluster object fleet-default\/downstream/],
    [
      "a cluster that was not provisioned: that Rancher's own",
      { cluster: "local", namespace: "fleet-local" },
      undefined,
      /did not provision fleet-local\/local/,
    ],
    [
      "another cluster's object",
      {},
      async () => {
        const caCert = Buffer.from(own.authority.bundle).toString("base64");
        const body = { status: { caCert } };
        await hosting().patch(MANAGEMENT, "c-m-hosted42", { type: "merge", body, subresource: "status" });
      },
      /is not of this management cluster: it has another CA/,
    ],
    [
      "an object whose cluster has not reported",
      {},
      () => hosting().delete(MANAGEMENT, "c-m-hosted42"),
      /is not of this management cluster: which CA it has cannot be seen/,
    ],
    ["no kubeconfig", { kubeconfig: "gone.yaml" }, undefined, /gone\.yaml/],
    ["no such context", { context: "elsewhere" }, undefined, /elsewhere/],
    ["the kubeconfig of this very cluster", { context: "management" }, undefined, /has no cluster object/],
  ];
  it.each(rows)("%s, and a person can go on without", async (_, wish, happens, says) => {
    await start({}, wish);
    await happens?.();
    const files = ["--cert", "tls.crt", "--key", "tls.key", "--cacerts", "cacerts.pem"];
    const refused = await own.farrier("plan", ...files, "--out", "rotation");
    expect([refused.code, refused.stdout]).toEqual([3, expect.stringMatching(says)]);
    expect(refused.stdout).toContain("--without-estate-backup");
    const { stdout } = await own.plan("rotation", "--without-estate-backup", "-o", "json");
    expect(json(stdout).estateBackup).toEqual({ kind: "none", why: expect.stringMatching(says) });
    expect(await generation()).toBeUndefined();
  });
});
