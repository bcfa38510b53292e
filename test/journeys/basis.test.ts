/** Before a plan is begun its estate is compared with what it is based on: nothing else is asked of the clusters. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { observeEstate } from "../../src/observe/observe-estate.ts";
import type { World } from "../../src/observe/world.ts";
import { staleness } from "../../src/plan/staleness.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";

let lab: RotationLab;
let world: World;
beforeAll(async () => {
  lab = await startRotationLab({ clusters: 1 });
  world = await lab.openWorld();
});
afterAll(async () => {
  await world?.close();
  await lab?.stop();
});

/** What the cluster was asked meanwhile: methods and last parts of paths. */
async function askedOf(clusterId: string, work: () => Promise<unknown>): Promise<string[]> {
  const asked: string[] = [];
  const listen = (message: unknown): void => {
    // The channel's message, as the library documents it.
    const { request } = message as { readonly request: { readonly method: string; readonly path: string } };
    const [path = ""] = request.path.split("?");
    if (path.startsWith(`/k8s/clusters/${clusterId}/`)) asked.push(`${request.method} ${path.split("/").at(-1)}`);
  };
  subscribe("undici:request:create", listen);
  try {
    await work();
  } finally {
    unsubscribe("undici:request:create", listen);
  }
  return asked.sort();
}

describe("the look before a plan is begun", () => {
  it("asks a cluster for its agent, its pods, and the right to patch it", async () => {
    const id = lab.sandbox.clusters[0]?.id ?? "";
    const options = { now: lab.now, basisAlone: true };
    expect(await askedOf(id, () => observeEstate(world, options))).toEqual([
      "GET cattle-cluster-agent",
      "GET kube-system",
      "GET pods",
      "POST selfsubjectaccessreviews",
    ]);
  });

  it("shows the pin by which a plan is found to be stale", async () => {
    const plan = await lab.prepare();
    const [cluster] = lab.sandbox.clusters;
    const found = await observeEstate(world, { now: lab.now, basisAlone: true });
    expect(staleness(plan, found)).toEqual([]);
    const basis = { ...plan.basis, clusters: plan.basis.clusters.map((one) => ({ ...one, pin: "0".repeat(64) })) };
    expect(staleness({ ...plan, basis }, found)).toMatchObject([{ what: "pin of cluster", cluster: cluster?.id }]);
  });
});
