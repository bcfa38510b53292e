import { afterEach, expect, test } from "vitest";
import type { ResourceRef } from "../../src/sandbox/cluster-client.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { at, must } from "./estate.ts";

/** The Rancher that has provisioned the management cluster, as far as the sandbox plays it: snapshots of etcd. */

const PROVISIONED: ResourceRef = {
  group: "provisioning.cattle.io",
  version: "v1",
  resource: "clusters",
  namespace: "fleet-default",
};
const SNAPSHOTS: ResourceRef = { ...PROVISIONED, group: "rke.cattle.io", resource: "etcdsnapshots" };
const CONTROL_PLANES: ResourceRef = { ...SNAPSHOTS, resource: "rkecontrolplanes" };

let sandbox: Sandbox;
afterEach(() => sandbox.stop());

test("reports the files of each request, also where a fast estate saves several times within a second", async () => {
  sandbox = await startSandbox({ clusters: 0, speed: 1000, hosting: { nodes: ["node-1", "node-2"] } });
  const hosting = must(sandbox.hosting);
  const files = async () =>
    (await hosting.list(SNAPSHOTS)).items.filter(({ metadata }) => /on-demand/.test(metadata.name));
  for (const generation of [1, 2, 3]) {
    const body = { spec: { rkeConfig: { etcdSnapshotCreate: { generation } } } };
    await hosting.patch(PROVISIONED, "upstream", { type: "merge", body });
    await sandbox.waitUntil(async () => (await files()).length === 2 * generation, { what: `snapshot ${generation}` });
    expect(at(must(await hosting.get(CONTROL_PLANES, "upstream")), "status")).toMatchObject({
      etcdSnapshotCreate: { generation },
      etcdSnapshotCreatePhase: "Finished",
    });
  }
  const moments = new Set((await files()).map((file) => at(file, "snapshotFile").createdAt));
  expect(moments.size).toBe(3);
});
