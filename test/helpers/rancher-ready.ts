import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { waitUntil } from "../../src/sandbox/scenario/waiting.ts";

const DEPLOYMENTS = { group: "apps", version: "v1", resource: "deployments", namespace: "cattle-system" };

/** The chart has Rancher's readiness looked at every 30 s; at speed 1 these are as long here. */
const SECONDS = 180;

/** Rancher serves before its probes have said so; this waits until its Deployment has come to rest. */
export async function waitUntilRancherRests({ management }: Pick<Sandbox, "management">): Promise<void> {
  await waitUntil(
    async () => {
      const rancher = await management.get(DEPLOYMENTS, "rancher");
      const { replicas } = fields(rancher?.spec);
      const status = fields(rancher?.status);
      return [status.replicas, status.updatedReplicas, status.availableReplicas].every((count) => count === replicas);
    },
    { what: "Rancher's Deployment at rest", seconds: SECONDS },
  );
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
