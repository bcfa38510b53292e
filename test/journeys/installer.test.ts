/** How Rancher came into its cluster, as `farrier observe` shows it. */
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Installation } from "../../src/estate/estate.ts";
import { type Journey, json, startJourney } from "../helpers/journey.ts";

const SYSTEM = "cattle-system";
const SECRETS = { group: "", version: "v1", resource: "secrets", namespace: SYSTEM };
const CONFIG_MAPS = { ...SECRETS, resource: "configmaps" };
const DEPLOYMENTS = { group: "apps", version: "v1", resource: "deployments", namespace: SYSTEM };
const RECORD = "sh.helm.release.v1.rancher.v1";

let journey: Journey;
beforeAll(async () => {
  journey = await startJourney({ clusters: 0 });
});
afterAll(() => journey?.stop());

async function observed(): Promise<Installation> {
  const { stdout } = await journey.farrier("observe", "-o", "json");
  return json(stdout).installation;
}

/** A revision as Helm writes it, with a chart of its own. */
function record(revision: number, status: string, config: object = {}) {
  const release = {
    name: "rancher",
    namespace: SYSTEM,
    version: revision,
    info: { status, description: "" },
    chart: { metadata: { name: "rancher", version: "2.15.1", apiVersion: "v2" }, templates: [], values: {} },
    config,
  };
  const name = `sh.helm.release.v1.rancher.v${revision}`;
  const labels = { owner: "helm", name: "rancher", status, version: String(revision) };
  return { name, labels, text: gzipSync(JSON.stringify(release)).toString("base64") };
}

describe.sequential("an estate that Helm installed", () => {
  it("shows its release, with the values that decide about TLS and no others (M1.5, M1.6)", async () => {
    expect((await observed()).installer).toMatchObject({
      kind: "helm",
      release: {
        name: "rancher",
        namespace: SYSTEM,
        revision: 1,
        status: "deployed",
        chart: { name: "rancher", version: "2.15.1" },
        driver: "secret",
        values: { hostname: "localhost", privateCA: true, "ingress.tls.source": "secret" },
      },
    });
    const { stdout } = await journey.farrier("observe");
    expect(stdout).toContain("Helm, release rancher in cattle-system, chart 2.15.1, revision 1\n");
    expect(stdout).toContain("a Secret that people write; privateCA true\n");
  });

  it("whose upgrade was interrupted is refused by check, with the revision", async () => {
    const { name, labels, text } = record(2, "pending-upgrade", { adminPassword: "s3cr3t-value" });
    const data = { release: Buffer.from(text).toString("base64") };
    const object = { apiVersion: "v1", kind: "Secret", type: "helm.sh/release.v1", metadata: { name, labels }, data };
    await journey.sandbox.management.create(SECRETS, object);
    const { stdout, code } = await journey.farrier("check");
    expect(code).toBe(3);
    expect(stdout).toContain("Revision 2 of Helm release cattle-system/rancher is pending-upgrade.");
    expect(stdout).toContain("installation.release-pending");
    expect((await journey.farrier("observe")).stdout).toContain("revision 2, pending-upgrade\n");
    expect(journey.said()).not.toContain("s3cr3t-value");
    await journey.sandbox.management.delete(SECRETS, name);
  });

  it("with Helm's ConfigMap driver shows the same", async () => {
    await journey.sandbox.management.delete(SECRETS, RECORD);
    const { name, labels, text } = record(7, "deployed", { privateCA: true });
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels }, data: { release: text } };
    await journey.sandbox.management.create(CONFIG_MAPS, object);
    expect((await observed()).installer).toMatchObject({
      kind: "helm",
      release: { driver: "configmap", revision: 7, values: { privateCA: true }, chartMissing: expect.any(String) },
    });
    await journey.sandbox.management.delete(CONFIG_MAPS, name);
  });

  it("with Helm 2 is told so (M1.5)", async () => {
    const labels = { OWNER: "TILLER", NAME: "rancher", STATUS: "DEPLOYED", VERSION: "1" };
    const place = { ...CONFIG_MAPS, namespace: "kube-system" };
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "rancher.v1", labels }, data: {} };
    await journey.sandbox.management.create(place, object);
    expect((await observed()).installer).toEqual({ kind: "helm2", name: "rancher" });
    expect((await journey.farrier("check")).stdout).toContain("installation.helm2");
    await journey.sandbox.management.delete(place, "rancher.v1");
  });

  it("and that no release is stored of was made of manifests, by whoever keeps them", async () => {
    const metadata = {
      annotations: { "meta.helm.sh/release-name": null, "meta.helm.sh/release-namespace": null },
      labels: { release: null, "kustomize.toolkit.fluxcd.io/name": "rancher" },
    };
    await journey.sandbox.management.patch(DEPLOYMENTS, "rancher", { type: "merge", body: { metadata } });
    expect(await observed()).toMatchObject({ installer: { kind: "manifests" }, owners: ["Flux"] });
    expect((await journey.farrier("observe")).stdout).toMatch(/Installed by +manifests\n/);
  });
});
