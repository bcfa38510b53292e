import { rancherRests } from "../../src/sandbox/rancher/rancher-rests.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { waitUntil } from "../../src/sandbox/scenario/waiting.ts";

/** The chart has Rancher's readiness looked at every 30 s; at speed 1 these are as long here. */
const SECONDS = 180;

/** Rancher serves before its probes have said so; this waits until its Deployment has come to rest. */
export async function waitUntilRancherRests({ management }: Pick<Sandbox, "management">): Promise<void> {
  await waitUntil(() => rancherRests(management), { what: "Rancher's Deployment at rest", seconds: SECONDS });
}
