import { describe, expect, it } from "vitest";
import { readManagementCluster } from "./management-cluster.ts";

/** As recorded from Rancher 2.15.1, shortened. */
const recorded = {
  apiVersion: "management.cattle.io/v3",
  kind: "Cluster",
  metadata: {
    name: "c-69ndf",
    uid: "672a80d0-23b5-4628-a70a-ad800e9f5dc7",
    resourceVersion: "12438",
    annotations: { "io.cattle.agent.force.deploy": "false" },
  },
  spec: { displayName: "paris", internal: false },
  status: {
    driver: "imported",
    provider: "",
    version: { gitVersion: "v1.36.3" },
    conditions: [
      { lastUpdateTime: "2026-11-23T03:34:46Z", status: "True", type: "CreatorMadeOwner" },
      { lastUpdateTime: "2026-11-23T04:01:57Z", status: "True", type: "Connected" },
      { lastUpdateTime: "2026-11-23T04:03:38Z", status: "True", type: "Ready" },
      { status: "Unknown", type: "PreBootstrapped" },
    ],
  },
};

describe("a cluster object of Rancher's", () => {
  it("as recorded is understood", () => {
    expect(readManagementCluster(recorded)).toEqual({
      id: "c-69ndf",
      name: "paris",
      local: false,
      driver: "imported",
      kubernetesVersion: "v1.36.3",
      deleting: false,
      connected: { status: "True", lastUpdateTime: "2026-11-23T04:01:57Z" },
      ready: { status: "True", lastUpdateTime: "2026-11-23T04:03:38Z" },
      redeployPending: false,
      systemAgents: false,
      authorizedEndpoint: false,
      resourceVersion: "12438",
    });
  });

  const rows: { name: string; change: object; says: object }[] = [
    { name: "a new one, without status", change: { status: undefined }, says: { driver: "", connected: undefined } },
    { name: "without a display name", change: { spec: {} }, says: { name: "c-69ndf" } },
    {
      name: "the management cluster",
      change: { spec: { internal: true, displayName: "local" } },
      says: { local: true },
    },
    {
      name: "an authorized endpoint",
      change: { spec: { localClusterAuthEndpoint: { enabled: true, fqdn: "paris.example.test" } } },
      says: { authorizedEndpoint: true },
    },
    {
      name: "an authorized endpoint that was turned off",
      change: { spec: { localClusterAuthEndpoint: { enabled: false } } },
      says: { authorizedEndpoint: false },
    },
    {
      name: "a pending redeploy",
      change: { metadata: { name: "c-1", annotations: { "io.cattle.agent.force.deploy": "true" } } },
      says: { redeployPending: true },
    },
    {
      name: "RKE2 by Rancher's own provisioning",
      change: { metadata: { name: "c-m-x7k2p" }, status: { driver: "rke2" } },
      says: { systemAgents: true },
    },
    {
      name: "imported K3s whose nodes Rancher ≥ 2.15 manages",
      change: {
        metadata: { name: "c-1", annotations: { "management.cattle.io/applied-system-agent-upgrader-hash": "abc" } },
        status: { driver: "k3s" },
      },
      says: { systemAgents: true },
    },
    { name: "the management cluster, by its name", change: { metadata: { name: "local" } }, says: { local: true } },
    {
      name: "the management cluster under another name",
      change: { metadata: { name: "c-1" }, spec: { internal: true } },
      says: { local: true },
    },
    {
      name: "K3s by Rancher's own provisioning, of which only the provider is known yet",
      change: { metadata: { name: "c-m-x7k2p" }, status: { provider: "K3s" } },
      says: { systemAgents: true, driver: "" },
    },
    {
      name: "a hosted one that has such a name",
      change: { metadata: { name: "c-m-x7k2p" }, status: { driver: "EKS", provider: "rke2" } },
      says: { systemAgents: false },
    },
    {
      name: "a condition of a status that nobody knows",
      change: { status: { conditions: [{ type: "Ready", status: "Maybe", reason: "Odd" }] } },
      says: { ready: { status: "Unknown", reason: "Odd" }, connected: undefined },
    },
    { name: "imported RKE2", change: { status: { driver: "rke2" } }, says: { systemAgents: false } },
    {
      name: "null conditions, as an old Rancher leaves them",
      change: { status: { driver: "imported", conditions: null, version: null } },
      says: { connected: undefined, kubernetesVersion: "" },
    },
    {
      name: "one that is being deleted",
      change: { metadata: { name: "c-1", deletionTimestamp: "2026-11-23T04:03:38Z" } },
      says: { deleting: true },
    },
  ];
  it.each(rows)("$name", ({ change, says }) => {
    expect(readManagementCluster({ ...recorded, ...change })).toMatchObject(says);
  });

  it.each([
    ["whose name for people is no text", { spec: { displayName: 7 } }],
    ["whose conditions are no list", { status: { conditions: "True" } }],
  ])("%s is none", (_, change) => {
    expect(readManagementCluster({ ...recorded, ...change })).toBeUndefined();
  });
});
