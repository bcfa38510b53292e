/**
 * A simulated estate as plain data that two runs can be compared by: without versions, times, pod identities and tokens,
 * and without what the estate writes about itself all the time (events, leases, statuses of pods).
 */
import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import type { ClusterClient, KubeObject, ResourceRef } from "../../src/sandbox/cluster-client.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";

const CORE = { group: "", version: "v1" };
const APPS = { group: "apps", version: "v1" };
const RANCHER = { group: "management.cattle.io", version: "v3" };

const KINDS: readonly ResourceRef[] = [
  { ...CORE, resource: "namespaces" },
  { ...CORE, resource: "secrets" },
  { ...CORE, resource: "configmaps" },
  { ...CORE, resource: "serviceaccounts" },
  { ...CORE, resource: "services" },
  { ...APPS, resource: "deployments" },
  { ...APPS, resource: "daemonsets" },
];
const MANAGEMENT_KINDS: readonly ResourceRef[] = [
  ...KINDS,
  { ...RANCHER, resource: "settings" },
  { ...RANCHER, resource: "clusters" },
  { group: "networking.k8s.io", version: "v1", resource: "ingresses" },
];

/** Lines of `cluster kind namespace/name` → canonical JSON; unequal worlds differ in a readable way. */
export async function dumpWorld(sandbox: Sandbox): Promise<Record<string, unknown>> {
  const management = await dumpCluster("local", sandbox.management, MANAGEMENT_KINDS);
  const downstream = await Promise.all(sandbox.clusters.map(({ id, client }) => dumpCluster(id, client, KINDS)));
  return Object.fromEntries([management, ...downstream].flat().sort(([a], [b]) => (a < b ? -1 : 1)));
}

type World = Record<string, unknown>;

/** Something starts, or a cluster is not there: it says nothing of what is to stay. */
const MOVING = / ready=false"|"(Connected|Ready)=(False|Unknown)"/;

/** The world once every pod is Ready and every cluster connected: Rancher serves before its probes have said so. */
export async function restingWorld(sandbox: Sandbox): Promise<World> {
  let world: World = {};
  const rests = async (): Promise<boolean> => {
    world = await dumpWorld(sandbox);
    return !MOVING.test(JSON.stringify(world));
  };
  await sandbox.waitUntil(rests, { what: "the estate to be at rest" });
  return world;
}

/** Wall milliseconds within which an estate that nobody touches has come to rest, however busy the machine is. */
const REST_MS = 90_000;
const LOOK_MS = 100;

/** The estate comes to rest as this world; says what differs where it does not. @param plain takes out what may differ */
export async function expectWorld(
  sandbox: Sandbox,
  wanted: World,
  plain = (world: World): World => world,
): Promise<void> {
  const end = Date.now() + REST_MS;
  for (;;) {
    const found = plain(await dumpWorld(sandbox));
    if (JSON.stringify(found) === JSON.stringify(wanted)) return;
    if (Date.now() > end) return expect(found).toEqual(wanted);
    await pause(LOOK_MS);
  }
}

async function dumpCluster(
  id: string,
  client: ClusterClient,
  kinds: readonly ResourceRef[],
): Promise<[string, unknown][]> {
  const lists = await Promise.all(
    kinds.map(async (kind) => ({ kind: kind.resource, items: (await client.list(kind)).items })),
  );
  const objects = lists.flatMap(({ kind, items }) =>
    items
      .filter((item) => !isVolatile(kind, item))
      .map((item): [string, unknown] => [
        `${id} ${kind} ${item.metadata.namespace ?? ""}/${item.metadata.name}`,
        stable(kind, item),
      ]),
  );
  return [...objects, [`${id} pods`, await podsOf(client)]];
}

/** Tokens, what an agent keeps for itself with its token each time it connects, and the lock of the last rotation. */
function isVolatile(kind: string, { metadata, ...rest }: KubeObject): boolean {
  if (kind === "secrets" && rest.type === "kubernetes.io/service-account-token") return true;
  if (kind === "secrets" && metadata.name === "stv-aggregation") return true;
  return kind === "configmaps" && metadata.name === "farrier-rotation";
}

const VOLATILE_METADATA = [
  "resourceVersion",
  "uid",
  "generation",
  "creationTimestamp",
  "managedFields",
  "ownerReferences",
];
const VOLATILE_ANNOTATIONS = ["kubectl.kubernetes.io/restartedAt", "deployment.kubernetes.io/revision"];

function stable(kind: string, object: KubeObject): unknown {
  const { status: _, ...rest } = object;
  const conditions = kind === "clusters" ? { conditions: conditionsOf(object) } : {};
  return readable({ ...strip(rest), ...conditions });
}

function conditionsOf({ status }: KubeObject): unknown {
  const conditions = typeof status === "object" && status !== null && "conditions" in status ? status.conditions : [];
  if (!Array.isArray(conditions)) return [];
  return conditions.map(({ type, status: value }) => `${type}=${value}`).sort();
}

/** Takes volatile metadata out, at every depth: pod templates have metadata too. */
function strip(value: unknown): object {
  const walk = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node !== "object" || node === null) return node;
    const entries = Object.entries(node)
      .filter(([key, inner]) => !(VOLATILE_ANNOTATIONS.includes(key) || inner === null))
      .map(([key, inner]): [string, unknown] => [key, key === "metadata" ? metadata(inner) : walk(inner)])
      // An empty map is what is left when its last key is taken away.
      .filter(([key, inner]) => !(key === "annotations" && isEmpty(inner)));
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  const metadata = (node: unknown): unknown => {
    if (typeof node !== "object" || node === null) return node;
    return walk(Object.fromEntries(Object.entries(node).filter(([key]) => !VOLATILE_METADATA.includes(key))));
  };
  const walked = walk(value);
  return typeof walked === "object" && walked !== null ? walked : {};
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** Long values (certificates, keys) by their digest: a difference stays readable, and no key is ever printed. */
function readable(value: unknown): unknown {
  if (typeof value === "string" && value.length > 80) return createHash("sha256").update(value).digest("hex");
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, readable(inner)]));
}

/** What runs, without names: which images with which environment, how often, and whether they are Ready. */
async function podsOf(client: ClusterClient): Promise<readonly string[]> {
  const { items } = await client.list({ ...CORE, resource: "pods" });
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(podLine)
    .sort();
}

function podLine(pod: KubeObject): string {
  // The shape that every pod of the API has.
  const spec = pod.spec as { containers: { name: string; image: string; env?: { name: string; value?: string }[] }[] };
  const status = pod.status as { phase?: string; conditions?: { type: string; status: string }[] } | undefined;
  const ready = status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") ?? false;
  const containers = spec.containers.map(({ name, image, env }) => {
    const variables = (env ?? []).map((variable) => `${variable.name}=${variable.value ?? ""}`).sort();
    return `${name} ${image} ${variables.join(" ")}`;
  });
  return `${pod.metadata.namespace ?? ""} ${containers.join("; ")} ready=${ready}`;
}

/** Helm writes a new record for each revision. */
export function withoutReleases(world: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(world).filter(([name]) => !name.includes("/sh.helm.release")));
}
