/** What an estate is like, asked of its own API servers and addresses: never of the product. */
import { createHash, X509Certificate } from "node:crypto";
import { lookup } from "node:dns/promises";
import { get } from "node:https";
import { connect } from "node:tls";
import type { ClusterClient, KubeObject } from "../../src/sandbox/cluster-client.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";

const SYSTEM = "cattle-system";
const SECRETS = { group: "", version: "v1", resource: "secrets", namespace: SYSTEM };
const PODS = { group: "", version: "v1", resource: "pods", namespace: SYSTEM };
const DEPLOYMENTS = { group: "apps", version: "v1", resource: "deployments", namespace: SYSTEM };

/** What is asked of an estate here: a sandbox has it, and one on real control planes. */
export type JudgedEstate = Pick<Sandbox, "management" | "serverUrl"> & {
  readonly clusters: readonly Pick<Sandbox["clusters"][number], "name" | "client">[];
};

export interface AgentFacts {
  readonly pin: string;
  readonly minReadySeconds: number;
  /** Pins of its pods, sorted; of none that is about to go, which takes as long as the machine lets it. */
  readonly pods: readonly string[];
  /** Names of its pods, sorted. */
  readonly names: readonly string[];
}

/** Text of one key of a Secret in `cattle-system`. */
export async function secretText(sandbox: JudgedEstate, name: string, key: string): Promise<string> {
  const secret = await sandbox.management.get(SECRETS, name);
  // The shape of every Secret.
  const data = (secret?.data ?? {}) as Readonly<Record<string, string>>;
  return Buffer.from(data[key] ?? "", "base64").toString("utf8");
}

export function trustSecret(sandbox: JudgedEstate): Promise<string> {
  return secretText(sandbox, "tls-ca", "cacerts.pem");
}

/** The value of setting `cacerts` as Rancher answers it without a token: what agents fetch and hash. */
export function servedBundle(sandbox: JudgedEstate): Promise<string> {
  return new Promise((resolve, reject) => {
    const url = `${sandbox.serverUrl}/v3/settings/cacerts`;
    // The judge reads bytes; whom it trusts is no part of the question.
    const request = get(url, { rejectUnauthorized: false, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      // A Rancher that ends in the middle of its answer.
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode !== 200) reject(new Error(`${url} answered ${response.statusCode}`));
        else resolve(String(JSON.parse(Buffer.concat(chunks).toString("utf8")).value));
      });
    });
    request.on("error", reject);
  });
}

/** SHA-256 of served bytes and one newline, as an agent's start script computes it. */
export function pinOfServed(bytes: string): string {
  return createHash("sha256").update(`${bytes}\n`).digest("hex");
}

/** SHA-256 fingerprints of the leaf that each address of Rancher presents. */
export async function presentedLeaves(sandbox: JudgedEstate): Promise<string[]> {
  const { hostname, port } = new URL(sandbox.serverUrl);
  const addresses = await lookup(hostname, { all: true, family: 4 });
  return Promise.all(addresses.map(({ address }) => presentedAt(address, Number(port), hostname)));
}

function presentedAt(host: string, port: number, servername: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, servername, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256.replaceAll(":", "").toLowerCase());
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

/** Fingerprint of the first certificate of a PEM text, as {@link presentedLeaves} has it. */
export function leafOf(pem: string): string {
  return new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase();
}

/** Every cluster's agent by the cluster's name. */
export async function agents(sandbox: JudgedEstate): Promise<Record<string, AgentFacts>> {
  const found = await Promise.all(sandbox.clusters.map(async ({ name, client }) => [name, await agentOf(client)]));
  return Object.fromEntries(found);
}

async function agentOf(client: ClusterClient): Promise<AgentFacts> {
  const [deployment, pods] = await Promise.all([
    client.get(DEPLOYMENTS, "cattle-cluster-agent"),
    client.list(PODS, { labelSelector: "app=cattle-cluster-agent" }),
  ]);
  const staying = pods.items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  // The shape of every Deployment; a cluster without its agent fails the test.
  const spec = deployment?.spec as { minReadySeconds?: number; template: { spec: unknown } };
  return {
    pin: pinIn(spec.template.spec),
    minReadySeconds: spec.minReadySeconds ?? 0,
    pods: staying.map((pod) => pinIn(pod.spec)).sort(),
    names: staying.map(({ metadata }: KubeObject) => metadata.name).sort(),
  };
}

function pinIn(podSpec: unknown): string {
  // The shape of every pod's spec.
  const { containers } = podSpec as { containers: { env?: { name: string; value?: string }[] }[] };
  return containers.flatMap(({ env }) => env ?? []).find(({ name }) => name === "CATTLE_CA_CHECKSUM")?.value ?? "";
}

/**
 * Names and versions of everything that a rotation could write, in every cluster: equal when nothing was written.
 * Deployments by their generation, since their status is always on the move.
 */
export async function versions(sandbox: JudgedEstate): Promise<string[]> {
  const clients = [{ name: "management", client: sandbox.management }, ...sandbox.clusters];
  const kinds = [SECRETS, DEPLOYMENTS, { ...SECRETS, resource: "configmaps" }];
  const lists = clients.flatMap(({ name, client }) =>
    kinds.map(async (kind) =>
      (await client.list(kind)).items
        .filter(({ metadata }) => metadata.name !== "cattle-controllers")
        .map(
          ({ metadata }) =>
            `${name} ${kind.resource}/${metadata.name} ${metadata.generation ?? metadata.resourceVersion}`,
        ),
    ),
  );
  return (await Promise.all(lists)).flat().sort();
}

/**
 * Gives agents a `minReadySeconds` of their own, as their owner may. Without it, it takes 15 s after each start, on any
 * clock, until an agent has shown that it started.
 */
export async function setMinReadySeconds(
  clients: readonly { readonly client: ClusterClient }[],
  minReadySeconds = 30,
): Promise<void> {
  const patch = { type: "merge", body: { spec: { minReadySeconds } } } as const;
  await Promise.all(clients.map(({ client }) => client.patch(DEPLOYMENTS, "cattle-cluster-agent", patch)));
}
