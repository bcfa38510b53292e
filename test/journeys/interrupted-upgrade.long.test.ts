/** Upgrades of Rancher's release that do not come to their end by themselves. */
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Release } from "../../src/helm/release.ts";
import type { KubeObject } from "../../src/sandbox/cluster-client.ts";
import { servedBundle, trustSecret } from "../helpers/estate-facts.ts";
import { helmOf } from "../helpers/helm.ts";
import { type Journey, startJourney } from "../helpers/journey.ts";
import { areBuilt, pathOf } from "../kubernetes/control-plane/binaries.ts";

const SECRETS = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };

describe.skipIf(!areBuilt("helm3")).sequential("Rancher's release", () => {
  let journey: Journey;
  const helm = () => helmOf(journey, "helm3");

  beforeAll(async () => {
    journey = await startJourney(
      { clusters: 1, tls: { source: "rancher" } },
      { helm: "no-such-helm", armingMinReadySeconds: 120 },
    );
  });
  afterAll(() => journey?.stop());

  it("cannot be upgraded without helm: check says so, and the plan is made all the same", async () => {
    const { stdout, code } = await journey.farrier("check");
    expect(code).toBe(0);
    expect(stdout).toContain("The program no-such-helm is not here; release cattle-system/rancher is upgraded with");
    await journey.plan("rotation");
  });

  it("is not the release of a chart that somebody names: check says so before anything changes", async () => {
    await writeFile(join(journey.folder, "Chart.yaml"), "apiVersion: v2\nname: rancher\nversion: 2.14.9\n");
    const { stdout, code } = await journey.farrier("check", "--helm", pathOf("helm3"), "--chart", ".");
    expect(code).toBe(0);
    expect(stdout).toMatch(/installation\.chart-missing/);
    expect(stdout.replaceAll(/\s+/g, " ")).toContain(
      "The chart that was named cannot be used: . is chart rancher 2.14.9, and rancher 2.15.1 is deployed.",
    );
  });

  it("stops the rotation there, with the command to run by hand and nothing harmed", async () => {
    const { code, stdout } = await journey.farrier("apply", "rotation", "--yes", "-o", "json");
    expect(code).toBe(1);
    expect(stdout).toContain("helm.missing");
    expect(stdout).toContain(
      "no-such-helm upgrade rancher CHART --namespace cattle-system --version 2.15.1 --reuse-values --set privateCA=true",
    );
    expect(await servedBundle(journey.sandbox)).toBe(journey.sandbox.pki.today.bundle.trim());
    await journey.sandbox.waitUntilConnected();
  });

  it("is not upgraded by a helm of another age", async () => {
    const old = join(journey.folder, "helm2");
    await writeFile(old, "#!/bin/sh\necho v2.17.0\n");
    await chmod(old, 0o700);
    const { code, stdout } = await journey.farrier("apply", "rotation", "--yes", "-o", "json", "--helm", old);
    expect(code).toBe(1);
    expect(stdout).toContain("helm.unsuitable");
    expect((await helm().latest()).revision).toBe(1);
  });

  it("is not upgraded while somebody else is at it", async () => {
    const { metadata, ...record } = await stored(1);
    const name = "sh.helm.release.v1.rancher.v2";
    const release = Buffer.from(pendingRelease(await helm().latest())).toString("base64");
    const labels = { ...metadata.labels, status: "pending-upgrade", version: "2" };
    const theirs = { ...record, metadata: { name, labels }, data: { release } };
    await journey.sandbox.management.create(SECRETS, theirs);
    const { code, stdout } = await apply("helm3");
    expect(code).toBe(1);
    expect(stdout).toContain("was changed by somebody else: its revision 2 is pending-upgrade");
    await journey.sandbox.management.delete(SECRETS, name);
  });

  it("is upgraded in the end where Farrier and helm were killed in the middle, and has all its values", async () => {
    const { managementServer } = journey.sandbox;
    // Helm writes its record, then the Service, and then the Deployment.
    const fault = managementServer.faults.add(({ verb, resource, name, user }) =>
      verb === "patch" && resource === "deployments" && name === "rancher" && !user.name.startsWith("system:")
        ? { kind: "hang" }
        : undefined,
    );
    const begun = journey.start("apply", "rotation", "--yes", "-o", "json", "--helm", pathOf("helm3"));
    await journey.sandbox.waitUntil(async () => (await helm().latest()).status === "pending-upgrade");
    const [helmProcess] = await childrenOf(begun.process.pid ?? 0);
    begun.process.kill("SIGKILL");
    process.kill(Number(helmProcess), "SIGKILL");
    await begun.ended;
    fault.remove();
    expect((await helm().latest()).status).toBe("pending-upgrade");
    const { code, stdout } = await apply("helm3");
    expect({ code, stdout }).toMatchObject({ code: 0 });
    const values = { hostname: "localhost", replicas: 1, privateCA: true, ingress: { tls: { source: "secret" } } };
    expect(await helm().values()).toEqual(values);
    expect((await helm().latest()).status).toBe("deployed");
    expect(await servedBundle(journey.sandbox)).toBe(journey.authority.bundle.trim());
    expect(journey.sandbox.statistics().refused).toBe(0);
  });

  it("is led back without helm once a person has run the command that is named, with which apply goes on", async () => {
    // Anybody's upgrade with that flag leaves what was given before among the defaults of the chart that is stored.
    await helm().upgrade("--reuse-values", "--set", "debug=true");
    const before = await helm().values();
    const stopped = await journey.farrier("rollback", "rotation", "--yes", "-o", "json");
    expect(stopped.code).toBe(1);
    expect(await helm().values()).toEqual(before);
    const [, flags = ""] = /By hand: no-such-helm upgrade rancher CHART ([^"]*)/.exec(stopped.stdout) ?? [];
    // The two flags say what the chart has where nothing is given: upgrading by hand can take no value away.
    expect(flags).toMatch(/--reuse-values --set privateCA=false --set ingress.tls.source=rancher$/);
    await helm().upgrade(...flags.split(" "));
    const { revision } = await helm().latest();

    const { code, stdout } = await journey.farrier("apply", "rotation", "--yes", "-o", "json");

    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect((await helm().latest()).revision).toBe(revision);
    expect(await servedBundle(journey.sandbox)).toBe(journey.sandbox.pki.today.bundle.trim());
    expect(await trustSecret(journey.sandbox)).toBe("");
    expect(journey.sandbox.statistics().refused).toBe(0);
  });

  async function stored(revision: number): Promise<KubeObject> {
    const object = await journey.sandbox.management.get(SECRETS, `sh.helm.release.v1.rancher.v${revision}`);
    if (object === undefined) throw new Error(`revision ${revision} is not stored`);
    return object;
  }

  const apply = (name: "helm3") => journey.farrier("apply", "rotation", "--yes", "-o", "json", "--helm", pathOf(name));
});

/** What somebody else's helm writes first of all. */
function pendingRelease({ name, namespace, chart }: Release): string {
  const { metadata } = chart;
  const info = { status: "pending-upgrade", description: "Preparing upgrade" };
  const release = { name, namespace, version: 2, info, chart: { metadata, templates: [], values: {} }, config: {} };
  return gzipSync(JSON.stringify(release)).toString("base64");
}

async function childrenOf(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter((id) => id !== "");
}
