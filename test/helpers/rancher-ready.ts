import type { Sandbox } from "../../src/sandbox/sandbox.ts";

const DEPLOYMENTS = { group: "apps", version: "v1", resource: "deployments", namespace: "cattle-system" };

/** Rancher serves before its probes have said so; this waits until its Deployment has come to rest. */
export async function waitUntilRancherRests(sandbox: Sandbox): Promise<void> {
  await sandbox.waitUntil(
    async () => {
      const rancher = await sandbox.management.get(DEPLOYMENTS, "rancher");
      const { replicas } = fields(rancher?.spec);
      const status = fields(rancher?.status);
      return [status.replicas, status.updatedReplicas, status.availableReplicas].every((count) => count === replicas);
    },
    { what: "Rancher's Deployment at rest" },
  );
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
