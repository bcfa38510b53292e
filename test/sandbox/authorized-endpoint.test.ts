/**
 * The simulated authorized cluster endpoint. Sources: reference table of kubeconfig consumers ("ACE contexts use downstream
 * caCert / spec.localClusterAuthEndpoint.caCerts; unaffected by Rancher CA"); Rancher's pkg/kubeconfig and
 * pkg/controllers/managementuser/clusterauthtoken for the contexts, and for how a cluster comes to know a token.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { connectKubeconfig } from "../../src/kubernetes/connection.ts";
import { readForeignKubeconfig } from "../../src/kubernetes/kubeconfig-file.ts";
import { namespaces } from "../../src/kubernetes/resource.ts";
import { Secret } from "../../src/pki/secret.ts";
import { RancherServer } from "../../src/rancher/server.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";

const CLUSTERS = { group: "management.cattle.io", version: "v3", resource: "clusters" };
const SETTINGS = { ...CLUSTERS, resource: "settings" };

let sandbox: Sandbox;
let rancher: RancherServer;

beforeAll(async () => {
  const clusters = [{ name: "lagos", authorizedEndpoint: true }, { name: "paris" }];
  sandbox = await startSandbox({ speed: 200, clusters });
  const trust = { bundles: [sandbox.pki.today.bundle], systemRoots: false };
  rancher = new RancherServer({ serverUrl: sandbox.serverUrl, token: Secret.of(sandbox.token), trust });
});
afterAll(async () => {
  await rancher?.close();
  await sandbox?.stop();
});

const kubeconfigOf = async (name: string) => (await rancher.kubeconfig(sandbox.cluster(name).id)).reveal();

/** What the endpoint answers: the status, 200 where it knows the token. */
async function answerOf(content: string, context: string): Promise<number> {
  const connection = await connectKubeconfig({ foreign: { content, label: "it" }, context });
  try {
    await connection.api.get(namespaces, "kube-system");
    return 200;
  } catch (error) {
    return Number(Object(error).status);
  } finally {
    await connection.close();
  }
}

it("a cluster without one has one context, through Rancher", async () => {
  const { contexts, clusters } = readForeignKubeconfig(await kubeconfigOf("paris"), "it");
  expect(contexts.size).toBe(1);
  expect([...clusters.values()].map(({ value }) => new URL(value.server).pathname)).toEqual([
    `/k8s/clusters/${sandbox.cluster("paris").id}`,
  ]);
});

it("a cluster with one has a second context, which leads to it with its own CA", async () => {
  const { clusters } = readForeignKubeconfig(await kubeconfigOf("lagos"), "it");
  const object = await sandbox.management.get(CLUSTERS, sandbox.cluster("lagos").id);
  const { enabled, fqdn, caCerts } = Object(object?.spec).localClusterAuthEndpoint;
  expect(enabled).toBe(true);
  const named = clusters.get("lagos-fqdn")?.value;
  expect(named?.server).toBe(`https://${fqdn}`);
  expect(Buffer.from(named?.["certificate-authority-data"] ?? "", "base64").toString()).toBe(caCerts);
  expect(sandbox.pki.today.bundle).not.toContain(caCerts.trim());
});

it("the endpoint takes a token once the tunnel has brought it, and goes on without Rancher's tunnel", async () => {
  const before = await kubeconfigOf("lagos");
  await sandbox.waitUntil(async () => (await answerOf(before, "lagos-fqdn")) === 200, {
    what: "the token to be known",
  });
  await sandbox.inject({ kind: "offline", cluster: "lagos" });
  expect(await answerOf(before, "lagos-fqdn")).toBe(200);
  const during = await kubeconfigOf("lagos");
  expect(await answerOf(during, "lagos-fqdn")).toBe(401);
  await sandbox.inject({ kind: "offline", cluster: "lagos", seconds: 0.01 });
  await sandbox.waitUntil(async () => (await answerOf(during, "lagos-fqdn")) === 200, {
    what: "the token to be known",
  });
});

it("a token is refused once its counterpart in the cluster says that it has expired", async () => {
  const content = await kubeconfigOf("lagos");
  await sandbox.waitUntil(async () => (await answerOf(content, "lagos-fqdn")) === 200, {
    what: "the token to be known",
  });
  const name = /token: (kubeconfig-[^:]+):/.exec(content)?.[1] ?? "";
  const counterparts = { group: "cluster.cattle.io", version: "v3", resource: "clusterauthtokens" };
  const past = { type: "merge", body: { expiresAt: "2026-01-01T00:00:00Z" } } as const;
  await sandbox.cluster("lagos").client.patch({ ...counterparts, namespace: "cattle-system" }, name, past);
  expect(await answerOf(content, "lagos-fqdn")).toBe(401);
});

it("a token that Rancher never made is refused", async () => {
  const content = (await kubeconfigOf("lagos")).replace(/token: kubeconfig-\S+/, "token: kubeconfig-user-x:forged");
  expect(await answerOf(content, "lagos-fqdn")).toBe(401);
});

it("where Rancher makes no tokens for kubeconfigs, the kubeconfig names a program instead", async () => {
  const value = { apiVersion: "management.cattle.io/v3", kind: "Setting", value: "false", default: "true" };
  await sandbox.management.create(SETTINGS, { ...value, metadata: { name: "kubeconfig-generate-token" } });
  await sandbox.waitUntil(async () => (await kubeconfigOf("lagos")).includes("exec:"), {
    what: "the setting to count",
  });
  const content = await kubeconfigOf("lagos");
  expect(() => readForeignKubeconfig(content, "it")).toThrow(/names files or programs/);
});
