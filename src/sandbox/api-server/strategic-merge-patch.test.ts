import { describe, expect, test } from "vitest";
import { ApiError } from "../cluster-client.ts";
import { frozen } from "./json-value.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";

const env = (name: string, value: string) => ({ name, value });

/** Rows: a pod spec as it is, the patch of the pod, the pod spec that comes out. */
const podRows: readonly { name: string; before: object; patch: object; after: object }[] = [
  {
    name: "merges containers by name and their environment by name",
    before: { containers: [{ name: "main", image: "a:1", env: [env("PIN", "old"), env("OTHER", "x")] }] },
    patch: { containers: [{ name: "main", env: [env("PIN", "new")] }] },
    after: { containers: [{ name: "main", image: "a:1", env: [env("PIN", "new"), env("OTHER", "x")] }] },
  },
  {
    name: "adds what it does not find at the end",
    before: { containers: [{ name: "main", env: [env("A", "1")] }] },
    patch: {
      containers: [
        { name: "main", env: [env("B", "2")] },
        { name: "side", image: "s:1" },
      ],
    },
    after: {
      containers: [
        { name: "main", env: [env("A", "1"), env("B", "2")] },
        { name: "side", image: "s:1" },
      ],
    },
  },
  {
    name: "merges ports by container port and mounts by path",
    before: {
      containers: [{ name: "main", ports: [{ containerPort: 80 }], volumeMounts: [{ name: "v", mountPath: "/a" }] }],
    },
    patch: {
      containers: [
        {
          name: "main",
          ports: [{ containerPort: 80, name: "http" }],
          volumeMounts: [{ name: "w", mountPath: "/a", subPath: "cacerts.pem" }],
        },
      ],
    },
    after: {
      containers: [
        {
          name: "main",
          ports: [{ containerPort: 80, name: "http" }],
          volumeMounts: [{ name: "w", mountPath: "/a", subPath: "cacerts.pem" }],
        },
      ],
    },
  },
  {
    name: "deletes an element by $patch: delete",
    before: { containers: [{ name: "main", env: [env("A", "1"), env("B", "2")] }] },
    patch: { containers: [{ name: "main", env: [{ name: "A", $patch: "delete" }] }] },
    after: { containers: [{ name: "main", env: [env("B", "2")] }] },
  },
  {
    name: "replaces a list by $patch: replace",
    before: { containers: [{ name: "main", env: [env("A", "1"), env("B", "2")] }] },
    patch: { containers: [{ name: "main", env: [{ $patch: "replace" }, env("C", "3")] }] },
    after: { containers: [{ name: "main", env: [env("C", "3")] }] },
  },
  {
    name: "replaces a map by $patch: replace",
    before: { nodeSelector: { zone: "a", disk: "ssd" } },
    patch: { nodeSelector: { $patch: "replace", zone: "b" } },
    after: { nodeSelector: { zone: "b" } },
  },
  {
    name: "orders by $setElementOrder, the server's own elements staying in their place",
    before: { containers: [{ name: "main", env: [env("A", "1"), env("SERVER", "s"), env("B", "2")] }] },
    patch: {
      containers: [
        {
          name: "main",
          "$setElementOrder/env": [{ name: "B" }, { name: "NEW" }, { name: "A" }],
          env: [env("NEW", "n")],
        },
      ],
    },
    after: { containers: [{ name: "main", env: [env("SERVER", "s"), env("B", "2"), env("NEW", "n"), env("A", "1")] }] },
  },
  {
    name: "drops the other sources of a volume by $retainKeys",
    before: { volumes: [{ name: "trust", secret: { secretName: "tls-ca" } }] },
    patch: { volumes: [{ name: "trust", $retainKeys: ["name", "configMap"], configMap: { name: "trust" } }] },
    after: { volumes: [{ name: "trust", configMap: { name: "trust" } }] },
  },
  {
    name: "replaces lists without a merge key, tolerations among them",
    before: { tolerations: [{ key: "a" }, { key: "b" }] },
    patch: { tolerations: [{ key: "c" }] },
    after: { tolerations: [{ key: "c" }] },
  },
  {
    name: "takes a field away by null",
    before: { nodeName: "node-1", hostNetwork: true },
    patch: { hostNetwork: null },
    after: { nodeName: "node-1" },
  },
];

describe("a strategic merge patch", () => {
  for (const { name, before, patch, after } of podRows) {
    test(name, () => {
      const pod = frozen({ metadata: { name: "agent" }, spec: before });
      expect(applyStrategicMergePatch(pod, { spec: patch }, "Pod")).toEqual({
        metadata: { name: "agent" },
        spec: after,
      });
    });
  }

  test("merges finalizers as a set and takes away those that it names", () => {
    const before = { metadata: { finalizers: ["a", "b"] } };
    const patch = { metadata: { finalizers: ["c"], "$deleteFromPrimitiveList/finalizers": ["a"] } };
    expect(applyStrategicMergePatch(before, patch, "Pod")).toEqual({ metadata: { finalizers: ["b", "c"] } });
  });

  test("merges conditions by type", () => {
    const before = {
      status: {
        conditions: [
          { type: "Available", status: "True" },
          { type: "Progressing", status: "True" },
        ],
      },
    };
    const patch = { status: { conditions: [{ type: "Available", status: "False" }] } };
    expect(applyStrategicMergePatch(before, patch, "Deployment")).toEqual({
      status: {
        conditions: [
          { type: "Available", status: "False" },
          { type: "Progressing", status: "True" },
        ],
      },
    });
  });

  test("drops rollingUpdate when a Deployment's strategy becomes Recreate", () => {
    const before = { spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } } };
    const patch = { spec: { strategy: { $retainKeys: ["type"], type: "Recreate" } } };
    expect(applyStrategicMergePatch(before, patch, "Deployment")).toEqual({ spec: { strategy: { type: "Recreate" } } });
  });

  const bad: readonly { name: string; patch: unknown }[] = [
    { name: "an element without its merge key", patch: { spec: { containers: [{ image: "x" }] } } },
    { name: "an unknown directive", patch: { spec: { $patch: "explode" } } },
    { name: "a list in place of an object", patch: [] },
  ];
  for (const { name, patch } of bad) {
    test(`refuses ${name}`, () => {
      const pod = { spec: { containers: [{ name: "main" }] } };
      expect(() => applyStrategicMergePatch(pod, patch, "Pod")).toThrow(ApiError);
    });
  }
});
