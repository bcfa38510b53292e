import { createHash } from "node:crypto";
import { request } from "node:https";
import { connect } from "node:tls";
import { parse } from "yaml";
import type { KubeObject, ResourceRef } from "../../src/sandbox/cluster-client.ts";
import type { Sandbox, SandboxCluster } from "../../src/sandbox/sandbox.ts";

/** What tests do to a sandbox's estate, in the words of an administrator. */

export const SECRETS: ResourceRef = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };
export const PODS: ResourceRef = { ...SECRETS, resource: "pods" };
export const DEPLOYMENTS: ResourceRef = { ...SECRETS, group: "apps", resource: "deployments" };
export const REPLICA_SETS: ResourceRef = { ...DEPLOYMENTS, resource: "replicasets" };
export const CLUSTERS: ResourceRef = { group: "management.cattle.io", version: "v3", resource: "clusters" };
export const SETTINGS: ResourceRef = { ...CLUSTERS, resource: "settings" };

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** One request to Rancher, as its administrator unless told otherwise. The certificate is not looked at. */
export function ask(
  sandbox: Sandbox,
  path: string,
  options: { method?: string; token?: string | undefined; body?: unknown; type?: string } = {},
): Promise<Answer> {
  const token = "token" in options ? options.token : sandbox.token;
  const headers = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    "content-type": options.type ?? "application/json",
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      sandbox.serverUrl.replace("localhost", "127.0.0.1") + path,
      { method: options.method ?? "GET", headers, rejectUnauthorized: false, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            type: response.headers["content-type"] ?? "",
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    outgoing.on("error", reject);
    outgoing.end(options.body === undefined ? undefined : JSON.stringify(options.body));
  });
}

/** The value of the setting `cacerts` as everybody can read it; undefined while Rancher does not serve. */
export async function servedBundle(sandbox: Sandbox): Promise<string | undefined> {
  const { status, body } = await ask(sandbox, "/v3/settings/cacerts", { token: undefined });
  return status === 200 ? JSON.parse(body).value : undefined;
}

/** What an agent must be pinned to while Rancher serves this value. */
export function pinFor(value: string): string {
  return createHash("sha256").update(`${value}\n`).digest("hex");
}

export async function writeSecret(sandbox: Sandbox, name: string, plain: Record<string, string>): Promise<void> {
  const data = Object.fromEntries(
    Object.entries(plain).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
  );
  await sandbox.management.patch(SECRETS, name, { type: "merge", body: { data } });
}

/** Writes `tls-ca` and restarts Rancher, as the manuals say; resolves when Rancher serves that bundle. */
export async function serveBundle(sandbox: Sandbox, bundle: string): Promise<void> {
  await writeSecret(sandbox, "tls-ca", { "cacerts.pem": bundle });
  await sandbox.restartRancher();
  await sandbox.waitUntil(async () => (await servedBundle(sandbox)) === bundle.trim(), { what: "the new bundle" });
}

/** The common name of whoever issued the certificate that a new connection is shown. */
export function servedIssuer(sandbox: Sandbox): Promise<string> {
  const port = Number(new URL(sandbox.serverUrl).port);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().issuer.CN));
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

/** What `kubectl set env` does to the agent's pin; `minReadySeconds` in the same patch arms it. */
export async function setPin(cluster: SandboxCluster, pin: string, minReadySeconds?: number): Promise<void> {
  const env = [{ name: "CATTLE_CA_CHECKSUM", value: pin }];
  const template = { spec: { containers: [{ name: "cluster-register", env }] } };
  const body = { spec: { ...(minReadySeconds === undefined ? {} : { minReadySeconds }), template } };
  await cluster.client.patch(DEPLOYMENTS, "cattle-cluster-agent", { type: "strategic", body });
}

export interface AgentDeployment {
  readonly pin: string;
  readonly environment: readonly string[];
  readonly minReadySeconds: number;
  readonly generation: number;
}

export async function agentDeployment(cluster: SandboxCluster): Promise<AgentDeployment> {
  const object = must(await cluster.client.get(DEPLOYMENTS, "cattle-cluster-agent"));
  const { template, minReadySeconds } = at(object, "spec");
  const [{ env }] = at(template, "spec").containers;
  return {
    pin: env.find((entry: { name: string }) => entry.name === "CATTLE_CA_CHECKSUM")?.value,
    environment: env.map((entry: { name: string }) => entry.name),
    minReadySeconds: minReadySeconds ?? 0,
    generation: object.metadata.generation ?? 0,
  };
}

export async function agentPods(cluster: SandboxCluster): Promise<readonly { name: string; pin: string }[]> {
  const { items } = await cluster.client.list(PODS, { labelSelector: "app=cattle-cluster-agent" });
  return items
    .filter((pod) => pod.metadata.deletionTimestamp === undefined)
    .map((pod) => {
      const [{ env }] = at(pod, "spec").containers;
      const pin = env.find((entry: { name: string }) => entry.name === "CATTLE_CA_CHECKSUM").value;
      return { name: pod.metadata.name, pin };
    });
}

/** Desired replicas of the agent's ReplicaSets that have any, by the pin that they carry. */
export async function replicaSets(cluster: SandboxCluster): Promise<Record<string, number>> {
  const { items } = await cluster.client.list(REPLICA_SETS);
  const counted = items
    .filter((set) => at(set, "spec").replicas > 0)
    .map((set) => {
      const [{ env }] = at(at(set, "spec").template, "spec").containers;
      const pin: string = env.find((entry: { name: string }) => entry.name === "CATTLE_CA_CHECKSUM")?.value;
      return [pin, at(set, "spec").replicas] as const;
    });
  return Object.fromEntries(counted);
}

export interface Condition {
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

export async function condition(sandbox: Sandbox, id: string, type: string): Promise<Condition> {
  const object = must(await sandbox.management.get(CLUSTERS, id));
  const found = at(object, "status").conditions.find((each: { type: string }) => each.type === type);
  return found ?? { status: "absent" };
}

export async function annotation(sandbox: Sandbox, id: string, name: string): Promise<string | undefined> {
  return must(await sandbox.management.get(CLUSTERS, id)).metadata.annotations?.[name];
}

export async function forceDeploy(sandbox: Sandbox, id: string): Promise<void> {
  const body = { metadata: { annotations: { [FORCE]: "true" } } };
  await sandbox.management.patch(CLUSTERS, id, { type: "merge", body });
}

export const FORCE = "io.cattle.agent.force.deploy";

/** The log of a pod's container, over the network, from its cluster's own API. */
export async function podLog(
  sandbox: Sandbox,
  cluster: SandboxCluster | "management",
  pod: string,
  previous = false,
): Promise<string> {
  const root = cluster === "management" ? "" : `/k8s/clusters/${cluster.id}`;
  const path = `${root}/api/v1/namespaces/cattle-system/pods/${pod}/log${previous ? "?previous=true" : ""}`;
  return (await ask(sandbox, path)).body;
}

/** The log of an agent's container, from its cluster's own API server: it needs no tunnel. */
export function directLog(cluster: SandboxCluster, pod: string): Promise<string> {
  return podLogOf(cluster, pod, "present");
}

/** The same, of the container's present run or of the one before. */
export async function podLogOf(cluster: SandboxCluster, pod: string, run: "present" | "previous"): Promise<string> {
  const { clusters, users } = parse(cluster.kubeconfig);
  const [{ cluster: place }] = clusters;
  const [{ user }] = users;
  return new Promise((resolve, reject) => {
    const path = `/api/v1/namespaces/cattle-system/pods/${pod}/log?previous=${run === "previous"}`;
    const ca = Buffer.from(place["certificate-authority-data"], "base64");
    const headers = { authorization: `Bearer ${user.token}` };
    request(`${place.server}${path}`, { ca, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve(Buffer.concat(chunks).toString()));
    })
      .on("error", reject)
      .end();
  });
}

export function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the object is not there");
  return value;
}

// Tests look into objects whose shape Kubernetes guarantees; a wrong step fails the test.
// biome-ignore lint/suspicious/noExplicitAny: see above
export function at(object: KubeObject | Record<string, unknown>, member: string): any {
  return object[member];
}
