import { describe, expect, test } from "vitest";
import type { KubeObject } from "../kubernetes/object.ts";
import type { SavedObject } from "./archive.ts";
import { differenceOf } from "./difference.ts";

const secret = (data: Record<string, string>, metadata: Record<string, unknown> = {}): KubeObject => ({
  metadata: { name: "tls-ca", namespace: "cattle-system", uid: "u-1", resourceVersion: "7", ...metadata },
  type: "Opaque",
  data,
});
const savedSecret = (object: KubeObject): SavedObject => ({
  cluster: "local",
  resource: { group: "", version: "v1", plural: "secrets", namespace: "cattle-system" },
  kind: "Secret",
  object,
});
const cluster = (status: object, annotations: Record<string, string> = {}): KubeObject => ({
  metadata: { name: "c-abc12", annotations },
  spec: { displayName: "paris" },
  status,
});
const savedCluster = (object: KubeObject): SavedObject => ({
  cluster: "local",
  resource: { group: "management.cattle.io", version: "v3", plural: "clusters" },
  kind: "Cluster",
  object,
});
const deployment = (spec: object, annotations: Record<string, string> = {}): KubeObject => ({
  metadata: { name: "cattle-cluster-agent", annotations, generation: 3 },
  spec,
  status: { replicas: 1 },
});
const savedDeployment = (object: KubeObject): SavedObject => ({
  cluster: "c-abc12",
  resource: { group: "apps", version: "v1", plural: "deployments", namespace: "cattle-system" },
  kind: "Deployment",
  object,
});

describe("an object is as it was saved", () => {
  const rows: [string, SavedObject, KubeObject][] = [
    ["when it is the same", savedSecret(secret({ a: "MQ==" })), secret({ a: "MQ==" })],
    [
      "when it lives its next life with the same content",
      savedSecret(secret({ a: "MQ==" })),
      secret({ a: "MQ==" }, { uid: "u-2", resourceVersion: "99", creationTimestamp: "2026-11-25T00:00:00Z" }),
    ],
    [
      "when only its status and Kubernetes' own count of revisions moved",
      savedDeployment(deployment({ replicas: 1 }, { "deployment.kubernetes.io/revision": "4" })),
      { ...deployment({ replicas: 1 }, { "deployment.kubernetes.io/revision": "9" }), status: { replicas: 2 } },
    ],
    [
      "when Rancher observed something else of a cluster, or was asked for a redeploy",
      savedCluster(cluster({ caCert: "QQ==", conditions: [{ type: "Ready", status: "True" }] })),
      cluster({ caCert: "QQ==", conditions: [] }, { "io.cattle.agent.force.deploy": "false" }),
    ],
  ];
  test.each(rows)("%s", (_, saved, present) => {
    expect(differenceOf(saved, present)).toEqual({ kind: "same" });
  });
});

describe("what differs is named by its field", () => {
  const rows: [string, SavedObject, KubeObject, object[]][] = [
    [
      "a cluster's CA",
      savedCluster(cluster({ caCert: "QQ==" })),
      cluster({ caCert: "Qg==" }),
      [{ field: "status.caCert", saved: "QQ==", present: "Qg==" }],
    ],
    [
      "an agent's pin among other variables, and a field that was added",
      savedDeployment(deployment({ env: [{ name: "A", value: "1".repeat(64) }, { name: "B" }] })),
      deployment({ env: [{ name: "A", value: "2".repeat(64) }, { name: "B" }], minReadySeconds: 30 }),
      [
        { field: "spec.env[0].value", saved: `${"1".repeat(59)}…`, present: `${"2".repeat(59)}…` },
        { field: "spec.minReadySeconds", saved: "(absent)", present: "30" },
      ],
    ],
    [
      "a list that has another length, as a whole",
      savedDeployment(deployment({ args: ["a"] })),
      deployment({ args: ["a", "b"] }),
      [{ field: "spec.args", saved: '["a"]', present: '["a","b"]' }],
    ],
    [
      "a label",
      savedSecret(secret({}, { labels: { team: "a" } })),
      secret({}),
      [{ field: "metadata.labels.team", saved: "a", present: "(absent)" }],
    ],
  ];
  test.each(rows)("%s", (_, saved, present, fields) => {
    expect(differenceOf(saved, present)).toEqual({ kind: "changed", fields });
  });
});

describe("no value is shown", () => {
  const rows: [string, SavedObject, KubeObject, string][] = [
    ["of a Secret", savedSecret(secret({ "tls.key": "c2F2ZWQ=" })), secret({ "tls.key": "bm93" }), "data.tls.key"],
    [
      "of the annotation that repeats a Secret",
      savedSecret(secret({}, { annotations: { "kubectl.kubernetes.io/last-applied-configuration": "c2F2ZWQ=" } })),
      secret({}, { annotations: { "kubectl.kubernetes.io/last-applied-configuration": "bm93" } }),
      "metadata.annotations.kubectl.kubernetes.io/last-applied-configuration",
    ],
    [
      "of a pod's variable",
      savedDeployment(deployment({ env: [{ name: "PASSWORD", value: "c2F2ZWQ=" }] })),
      deployment({ env: [{ name: "PASSWORD", value: "bm93" }] }),
      "spec.env[0].value",
    ],
    [
      "of a list of variables",
      savedDeployment(deployment({ env: [{ name: "PASSWORD", value: "c2F2ZWQ=" }] })),
      deployment({ env: [{ name: "PASSWORD", value: "bm93" }, { name: "B" }] }),
      "spec.env",
    ],
    [
      "of a token in a cluster's status",
      savedCluster(cluster({ serviceAccountToken: "c2F2ZWQ=" })),
      cluster({ serviceAccountToken: "bm93" }),
      "status.serviceAccountToken",
    ],
  ];
  test.each(rows)("%s", (_, saved, present, field) => {
    const difference = differenceOf(saved, present);
    expect(difference).toEqual({
      kind: "changed",
      fields: [{ field, saved: "(not shown)", present: "(not shown)" }],
    });
    expect(JSON.stringify(difference)).not.toMatch(/c2F2ZWQ|bm93/);
  });
});

test("an annotation that repeats a Secret is not shown where all annotations are gone", () => {
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": "c2F2ZWQ=" };
  expect(differenceOf(savedSecret(secret({}, { annotations })), secret({}))).toEqual({
    kind: "changed",
    fields: [
      {
        field: "metadata.annotations.kubectl.kubernetes.io/last-applied-configuration",
        saved: "(not shown)",
        present: "(absent)",
      },
    ],
  });
});

test("what was deleted is missing, but what Rancher derives by itself is never put back", () => {
  expect(differenceOf(savedSecret(secret({})), undefined)).toEqual({ kind: "missing" });
  const setting: SavedObject = {
    cluster: "local",
    resource: { group: "management.cattle.io", version: "v3", plural: "settings" },
    kind: "Setting",
    object: { metadata: { name: "cacerts" }, value: "old" },
  };
  expect(differenceOf(setting, { metadata: { name: "cacerts" }, value: "new" })).toEqual({ kind: "derived" });
  expect(differenceOf(setting, undefined)).toEqual({ kind: "derived" });
});
