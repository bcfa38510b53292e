/** A cluster in which the API token may see nothing, and of which a kubeconfig is given: it is rotated past Rancher. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agents, pinOfServed, servedBundle, setMinReadySeconds } from "../helpers/estate-facts.ts";
import { type Journey, json, jsonLines, startJourney } from "../helpers/journey.ts";

describe("a cluster that the API token does not see", () => {
  let journey: Journey;
  const expectMoved = async (): Promise<void> => {
    const pin = pinOfServed(await servedBundle(journey.sandbox));
    expect((await agents(journey.sandbox)).lagos).toMatchObject({ pin, pods: [pin] });
    expect(journey.sandbox.cluster("lagos").connected()).toBe(true);
    expect(journey.sandbox.statistics().refused).toBe(0);
  };

  beforeAll(async () => {
    journey = await startJourney({
      clusters: [{ name: "paris" }, { name: "lagos" }],
      faults: [{ kind: "hidden", cluster: "lagos" }],
    });
    const { sandbox, folder } = journey;
    await setMinReadySeconds(sandbox.clusters);
    await writeFile(join(folder, "lagos.yaml"), sandbox.cluster("lagos").kubeconfig, { mode: 0o600 });
  }, 60_000);
  afterAll(() => journey?.stop());

  it("forbids a rotation where no other way is given", async () => {
    const { code, stdout } = await journey.farrier("check");
    expect({ code, stdout }).toMatchObject({ code: 3, stdout: expect.stringContaining("[token.blind]") });
  });

  it("is dealt with over its kubeconfig, and holds no gate: a refusal of its own shows that its session lives", async () => {
    await journey.configure({ clusters: { lagos: { kubeconfig: "lagos.yaml" } } });
    const plan = json((await journey.plan("rotation", "-o", "json")).stdout);
    const lagos = plan.clusters.find(({ name }: { name: string }) => name === "lagos");
    expect(lagos).toMatchObject({ method: "patch", reach: "direct" });
    const { code, stdout } = await journey.farrier("apply", "rotation", "--yes", "-o", "json");
    expect(code, stdout).toBe(0);
    await expectMoved();
  }, 90_000);

  it("is led back as well", async () => {
    const { code, stdout } = await journey.farrier("rollback", "rotation", "--yes", "-o", "json");
    expect(code, stdout).toBe(0);
    expect(jsonLines(stdout).at(-1)).toMatchObject({ outcome: { kind: "finished" } });
    await expectMoved();
  }, 90_000);
});
