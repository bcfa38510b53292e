/** Estates as observed, for tests of pure code: real certificates, everything else as small as it can be. */
import { type AgentPod, type AgentWorkload, CLUSTER_AGENT } from "../../src/estate/agent.ts";
import type { Cluster } from "../../src/estate/cluster.ts";
import type { Estate } from "../../src/estate/estate.ts";
import type { NodeAgentSet } from "../../src/estate/node-agent.ts";
import { createIntermediate, createRoot } from "../../src/pki/issuing/authority.ts";
import { issueServing } from "../../src/pki/issuing/serving.ts";
import { pinOf, settingValueOf } from "../../src/pki/pin.ts";

export const NOW = new Date("2026-11-23T12:00:00.000Z");
export const SERVER_URL = "https://rancher.example.test";

/** An authority: its bundle as a person writes it (issuing, then root), and a chain that it signed. */
export interface TestAuthority {
  readonly bundle: string;
  readonly rootPem: string;
  readonly issuingPem: string;
  readonly chain: string;
  issue(days?: number): Promise<string>;
}

export async function makeAuthority(name: string, days = 3650): Promise<TestAuthority> {
  const root = await createRoot({ commonName: `${name} Root`, now: NOW, days });
  const issuing = await createIntermediate(root, { commonName: `${name} Issuing`, now: NOW, days });
  const issue = async (leafDays = 365) => {
    const leaf = await issueServing(issuing, { hostnames: ["rancher.example.test"], now: NOW, days: leafDays });
    return leaf.certificatePem + issuing.certificatePem;
  };
  return {
    bundle: issuing.certificatePem + root.certificatePem,
    rootPem: root.certificatePem,
    issuingPem: issuing.certificatePem,
    chain: await issue(),
    issue,
  };
}

/** The pin of what Rancher serves for this `cacerts.pem`. */
export function pinServed(bundle: string): string {
  return pinOf(settingValueOf(bundle));
}

export function secondsBefore(seconds: number, now = NOW): string {
  return new Date(now.getTime() - seconds * 1000).toISOString();
}

/** A pod that has run for an hour. */
export function runningPod(pin: string, name = `agent-${pin.slice(0, 6)}`): AgentPod {
  return {
    name,
    uid: `uid-${name}`,
    pin,
    createdAt: secondsBefore(3600),
    phase: "Running",
    ready: true,
    deleting: false,
    restarts: 0,
    runningSince: secondsBefore(3600),
    hasRun: true,
  };
}

/** A pod whose start check has failed at least once and that waits in its back-off. */
export function waitingPod(pin: string, name = `waiting-${pin.slice(0, 6)}`): AgentPod {
  const { runningSince: _, ...pod } = runningPod(pin, name);
  return { ...pod, ready: false, restarts: 3, waiting: "CrashLoopBackOff" };
}

/** A cluster agent that has long been started with the pin. */
export function agentWith(pin: string, change: Partial<AgentWorkload> = {}): AgentWorkload {
  return {
    namespace: CLUSTER_AGENT.namespace,
    name: CLUSTER_AGENT.deployment,
    uid: "uid-agent",
    resourceVersion: "1",
    settled: true,
    replicas: 1,
    updatedReplicas: 1,
    readyReplicas: 1,
    availableReplicas: 1,
    totalReplicas: 1,
    minReadySeconds: 0,
    strategy: { type: "RollingUpdate", maxSurge: "1", maxUnavailable: "0" },
    pin,
    serverUrl: SERVER_URL,
    strict: true,
    features: "multi-cluster-management-agent=true",
    image: "rancher/rancher-agent:v2.15.1",
    paused: false,
    pods: [runningPod(pin)],
    ...change,
  };
}

/** An agent that straddles: its old pod serves, the new one waits. */
export function armedAgent(oldPin: string, nextPin: string, change: Partial<AgentWorkload> = {}): AgentWorkload {
  return agentWith(nextPin, {
    minReadySeconds: 30,
    totalReplicas: 2,
    pods: [runningPod(oldPin), waitingPod(nextPin)],
    ...change,
  });
}

export function clusterWith(id: string, agent: AgentWorkload | undefined, change: Partial<Cluster> = {}): Cluster {
  return {
    id,
    name: `name-of-${id}`,
    local: false,
    driver: "imported",
    kubernetesVersion: "v1.33.4",
    connected: { status: "True" },
    ready: { status: "True" },
    tunnel: { kind: "answering", at: NOW.toISOString() },
    given: [],
    reach: id === "local" ? "none" : "rancher",
    kubeSystemUid: `uid-${id}`,
    ...(agent === undefined ? {} : { agent }),
    permissions: { patchAgent: "yes", deletePods: "yes", listPods: "yes" },
    redeployPending: false,
    consumers: [
      { id: `${id}/cluster-agent`, kind: "cluster-agent", clusterId: id, gating: true, movable: true, evidence: [] },
      { id: `${id}/kubeconfig`, kind: "kubeconfig", clusterId: id, gating: false, movable: false, evidence: [] },
    ],
    ...change,
  };
}

/** Node agents on three nodes that run with a pin, armed for the next one where there is one. */
export function nodeAgents(
  pin: string,
  wanted: { readonly next?: string; readonly ailing?: string; readonly change?: Partial<NodeAgentSet> } = {},
): NodeAgentSet {
  const { next, ailing, change = {} } = wanted;
  const pods = ["node-1", "node-2", "node-3"].map((node) => ({
    ...(node === ailing ? waitingPod(pin) : runningPod(pin)),
    name: `cattle-node-agent-${node}`,
    uid: `uid-${node}`,
    node,
  }));
  return {
    kind: "node-agent",
    name: "cattle-node-agent",
    resourceVersion: "1",
    settled: true,
    updateStrategy: next === undefined ? { type: "RollingUpdate" } : { type: "OnDelete" },
    minReadySeconds: next === undefined ? 0 : 30,
    container: "agent",
    pin: next ?? pin,
    desired: 3,
    updated: next === undefined ? 3 : 0,
    available: ailing === undefined ? 3 : 2,
    pods,
    ...change,
  };
}

/** A cluster of which nothing can be read. */
export function offlineCluster(id: string): Cluster {
  return clusterWith(id, undefined, {
    connected: { status: "False", reason: "Disconnected" },
    tunnel: { kind: "unreachable", at: NOW.toISOString(), why: "Cluster agent is not connected" },
    reach: "none",
    permissions: { patchAgent: "unknown", deletePods: "unknown", listPods: "unknown" },
  });
}

/** The same cluster with a consumer that gates and cannot be moved. */
export function withUnproved(cluster: Cluster, kind: "system-agent" | "fleet-agent" | "node-agent"): Cluster {
  const id = `${cluster.id}/${kind}`;
  const consumer = { id, kind, clusterId: cluster.id, gating: true, movable: false, evidence: [] };
  return { ...cluster, consumers: [...cluster.consumers, consumer] };
}

export function localCluster(): Cluster {
  return clusterWith("local", undefined, { name: "local", local: true, consumers: [] });
}

export interface EstateShape {
  /** `cacerts.pem` of Secret `tls-ca`; what Rancher serves is this less outer white space. */
  readonly bundle: string;
  readonly chain: string;
  readonly clusters: readonly Cluster[];
  /** What replicas serve, where that differs from the Secret. */
  readonly served?: readonly string[];
  readonly presented?: readonly string[];
  readonly observedAt?: Date;
}

export function estateWith(shape: EstateShape): Estate {
  const at = (shape.observedAt ?? NOW).toISOString();
  const served = shape.served ?? [settingValueOf(shape.bundle)];
  const secret = (name: string, type: string) => ({
    namespace: "cattle-system",
    name,
    type,
    uid: `uid-${name}`,
    resourceVersion: "7",
    owners: [],
  });
  return {
    format: "farrier.estate/v1",
    observedAt: at,
    identity: { kubeSystemUid: "11111111-2222-3333-4444-555555555555", serverUrl: SERVER_URL },
    access: {
      server: "https://10.0.0.1:6443",
      throughRancher: false,
      permissions: [],
      token: { valid: true, visibleClusters: shape.clusters.map(({ id }) => id) },
    },
    installation: {
      version: "v2.15.1",
      installer: { kind: "manifests" },
      owners: [],
      exposure: "ingress",
      namespace: "cattle-system",
      deployment: "rancher",
      replicas: 1,
      readyReplicas: 1,
      pods: [{ name: "rancher-1", uid: "uid-rancher-1", createdAt: secondsBefore(7200), ready: true }],
      rollingOut: false,
      privateCa: true,
      tlsSource: "secret",
      agentTlsMode: "strict",
      clusterStatusSubresource: true,
    },
    serving: {
      secret: secret("tls-rancher-ingress", "kubernetes.io/tls"),
      chain: shape.chain,
      certificates: [],
      presented: [{ address: "192.0.2.1:443", fingerprints: [...(shape.presented ?? [])], at }],
    },
    trust: {
      secret: secret("tls-ca", "Opaque"),
      written: shape.bundle,
      stored: served[0] ?? "",
      served: [...served],
      source: "db",
      pin: pinOf(served[0] ?? ""),
      certificates: [],
      settingUpdate: { allowed: "yes" },
    },
    clusters: [...shape.clusters],
    gaps: [],
  };
}
