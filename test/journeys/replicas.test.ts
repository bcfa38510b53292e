/** Rancher's replicas, each asked by itself through the API server. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleAgreement } from "../../src/checks/bundle-agreement.ts";
import { permissions } from "../../src/checks/permissions.ts";
import type { Estate } from "../../src/estate/estate.ts";
import { observeEstate } from "../../src/observe/observe-estate.ts";
import { openWorld, type World } from "../../src/observe/world.ts";
import { pinOf } from "../../src/pki/pin.ts";
import { Secret } from "../../src/pki/secret.ts";
import { replicaBundle } from "../../src/rancher/replica-bundle.ts";
import { ApiError, type KubeObject } from "../../src/sandbox/cluster-client.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { waitUntilRancherRests } from "../helpers/rancher-ready.ts";

const SYSTEM = "cattle-system";
const SETTINGS = { group: "management.cattle.io", version: "v3", resource: "settings" };
const PODS = { group: "", version: "v1", resource: "pods", namespace: SYSTEM };

let sandbox: Sandbox;
let folder: string;
let world: World;
const now = () => new Date();

beforeAll(async () => {
  // A replica hears of what another has set an hour later, that is after 18 seconds. Since 2.15 nobody else may set it.
  sandbox = await startSandbox({
    clusters: 0,
    speed: 200,
    rancher: { version: "2.14.1", replicas: 2, settingDelaySeconds: 3600 },
  });
  await waitUntilRancherRests(sandbox);
  folder = await mkdtemp(join(tmpdir(), "farrier-replicas-"));
  await writeFile(join(folder, "kubeconfig"), sandbox.managementKubeconfig);
  world = await openWorld({ kubeconfig: join(folder, "kubeconfig"), token: Secret.of(sandbox.token) });
});
afterAll(async () => {
  await world?.close();
  await sandbox?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

const look = (): Promise<Estate> => observeEstate(world, { now });
const found = (estate: Estate) => bundleAgreement({ estate, now: now(), until: now() });

describe.sequential("Rancher's replicas", () => {
  it("give their own bundle, each by its pod's name", async () => {
    const estate = await look();
    const pin = pinOf(sandbox.pki.today.bundle.trim());
    expect(estate.installation.pods.map(({ servedPin }) => servedPin)).toEqual([pin, pin]);
    expect(found(estate)).toEqual([]);
  });

  it("are not asked in vain where there is none, or another thing than a Rancher", async () => {
    const api = world.management;
    expect(await replicaBundle(api, SYSTEM, "rancher-none")).toBeUndefined();
    const { items } = await sandbox.management.list(PODS, { labelSelector: "app=rancher-webhook" });
    expect(items).toHaveLength(1);
    expect(await replicaBundle(api, SYSTEM, items[0]?.metadata.name ?? "")).toBeUndefined();
  });

  it("are named where they are behind what the management cluster stores (M1.8)", async () => {
    const setting = await sandbox.management.get(SETTINGS, "cacerts");
    const other = await sandbox.pki.newAuthority("Other");
    const patch = { type: "merge", body: { value: other.bundle.trim() } } as const;
    await sandbox.management.patch(SETTINGS, "cacerts", patch);
    const estate = await look();
    const [finding] = found(estate).filter(({ code }) => code === "rancher.replicas-disagree");
    for (const { name } of estate.installation.pods) expect(finding?.sentence).toContain(`pod ${name}`);
    const body = { value: setting?.value };
    await sandbox.management.patch(SETTINGS, "cacerts", { type: "merge", body });
  });

  it("are not waited for again and again where the API server has no way to them", async () => {
    const fault = sandbox.managementServer.faults.add(({ subresource }) =>
      subresource === "proxy" ? { kind: "hang" } : undefined,
    );
    const other = await openWorld({ kubeconfig: join(folder, "kubeconfig"), token: Secret.of(sandbox.token) });
    const [{ metadata }] = (await sandbox.management.list(PODS, { labelSelector: "app=rancher" })).items as [
      KubeObject,
    ];
    expect(await replicaBundle(other.management, SYSTEM, metadata.name)).toBeUndefined();
    fault.remove();
    const asked = sandbox.managementServer.audit.requestCount;
    for (let time = 0; time < 5; time++) await replicaBundle(other.management, SYSTEM, metadata.name);
    expect(sandbox.managementServer.audit.requestCount).toBe(asked);
    await other.close();
  });

  it("are asked through the ingress alone where the proxy is not permitted, and that is a warning", async () => {
    const { faults } = sandbox.managementServer;
    const isProxy = ({ subresource }: { readonly subresource: string }) => subresource === "proxy";
    const refused = new ApiError(403, "Forbidden", "pods is forbidden");
    const fault = faults.add((request) => (isProxy(request) ? { kind: "error", error: refused } : undefined));
    const estate = await look();
    fault.remove();
    expect(estate.installation.pods.map(({ servedPin }) => servedPin)).toEqual([undefined, undefined]);
    expect(estate.access.permissions.map(({ permission }) => permission)).toContain("get pods/proxy cattle-system");
    const denied = [{ permission: "get pods/proxy cattle-system", allowed: "no" as const }];
    const access = { ...estate.access, permissions: denied };
    const findings = permissions({ estate: { ...estate, access }, now: now(), until: now() });
    expect(findings.map(({ severity, code }) => `${severity} ${code}`)).toEqual(["warning permission.missing"]);
  });
});
