import { describe, expect, test } from "vitest";
import { ApiServer } from "./api-server.ts";
import { SECRETS } from "./built-in-kinds.ts";
import { known } from "./field-types.ts";

const labels = { app: "agent" };

function workload(spec: object, podSpec: object = { containers: [{ name: "main", image: "agent:1" }] }) {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "agent" },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec }, ...spec },
  };
}

const deployments = { group: "apps", version: "v1", resource: "deployments", namespace: "default" };

async function create(object: ReturnType<typeof workload>) {
  const server = new ApiServer();
  try {
    return await server.client().create(deployments, object);
  } finally {
    server.stop();
  }
}

describe("a workload is refused", () => {
  const rows: readonly { name: string; object: ReturnType<typeof workload>; message: string }[] = [
    { name: "without a selector", object: workload({ selector: undefined }), message: "spec.selector: Required value" },
    {
      name: "without containers",
      object: workload({}, { containers: [] }),
      message: "spec.template.spec.containers: Required value",
    },
    {
      name: "without an image",
      object: workload({}, { containers: [{ name: "main" }] }),
      message: "spec.template.spec.containers[0].image: Required value",
    },
    {
      name: "with a negative number of replicas",
      object: workload({ replicas: -1 }),
      message: "must be greater than or equal to 0",
    },
    {
      name: "with several faults, all named",
      object: workload({ replicas: -1, selector: undefined }),
      message: 'Deployment.apps "agent" is invalid: [spec.selector: Required value, spec.replicas: ',
    },
  ];
  for (const { name, object, message } of rows) {
    test(name, async () => {
      await expect(create(object)).rejects.toMatchObject({
        status: 422,
        reason: "Invalid",
        message: expect.stringContaining(message),
      });
    });
  }
});

describe("a workload is completed", () => {
  const pulls: readonly { image: string; policy: string }[] = [
    { image: "rancher/rancher-agent:v2.15.1", policy: "IfNotPresent" },
    { image: "rancher/rancher-agent", policy: "Always" },
    { image: "rancher/rancher-agent:latest", policy: "Always" },
    { image: "registry.example:5000/rancher-agent", policy: "Always" },
  ];
  for (const { image, policy } of pulls) {
    test(`pulls ${image}: ${policy}`, async () => {
      const made = await create(workload({}, { containers: [{ name: "main", image }] }));
      expect(made).toHaveProperty("spec.template.spec.containers[0].imagePullPolicy", policy);
    });
  }

  test("keeps the strategy that was given, and leaves rollingUpdate out of Recreate", async () => {
    const rolling = await create(
      workload({ strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0 } } }),
    );
    expect(rolling).toHaveProperty("spec.strategy.rollingUpdate", { maxUnavailable: 0, maxSurge: "25%" });
    const recreate = await create(workload({ strategy: { type: "Recreate" } }));
    expect(recreate).toHaveProperty("spec.strategy", { type: "Recreate" });
  });

  test("gives mounted Secrets their mode", async () => {
    const volumes = [{ name: "trust", secret: { secretName: "tls-ca" } }];
    const made = await create(workload({}, { containers: [{ name: "main", image: "a:1" }], volumes }));
    expect(made).toHaveProperty("spec.template.spec.volumes[0].secret", { secretName: "tls-ca", defaultMode: 420 });
  });

  test("does not let its selector change", async () => {
    const server = new ApiServer();
    const client = server.client();
    await client.create(deployments, workload({}));
    const other = { app: "other" };
    const spec = { selector: { matchLabels: other }, template: { metadata: { labels: other } } };
    await expect(client.patch(deployments, "agent", { type: "merge", body: { spec } })).rejects.toMatchObject({
      message: expect.stringContaining("field is immutable"),
    });
    server.stop();
  });
});

describe("fields that a kind does not have", () => {
  test("are found at any depth, and left out", () => {
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s", ownerReferences: [{ uid: "u", colour: "red" }], labels: { any: "thing" } },
      data: { "any.key": "eA==" },
      extra: 1,
    };
    const { object, unknown } = known(SECRETS, secret);
    expect(unknown).toEqual(["metadata.ownerReferences[0].colour", "extra"]);
    expect(object).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s", ownerReferences: [{ uid: "u" }], labels: { any: "thing" } },
      data: { "any.key": "eA==" },
    });
  });
});
