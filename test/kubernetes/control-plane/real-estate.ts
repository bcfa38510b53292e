/**
 * The sandbox's Rancher and its agents on real control planes: one for Rancher and one for each cluster. API servers and
 * controllers are Kubernetes' own, Rancher's kinds its real definitions; the sandbox runs the pods.
 */

import { readFileSync } from "node:fs";
import { z } from "zod";
import type { AgentObserver } from "../../../src/sandbox/agent/observer.ts";
import type { KubeObject, NewObject } from "../../../src/sandbox/cluster-client.ts";
import { conditionStatus } from "../../../src/sandbox/rancher/cluster-status.ts";
import { CLUSTERS, core } from "../../../src/sandbox/rancher/resources.ts";
import type { Sandbox } from "../../../src/sandbox/sandbox.ts";
import { Estate } from "../../../src/sandbox/scenario/estate.ts";
import type { ClusterOptions } from "../../../src/sandbox/scenario/estate-cluster.ts";
import { parseScenario, type ScenarioInput } from "../../../src/sandbox/scenario/scenario.ts";
import { waitUntil } from "../../../src/sandbox/scenario/waiting.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import type { Renewal } from "./identities.ts";
import { RealCluster } from "./real-cluster.ts";

/** An agent that has failed for a while starts again within its back-off of at most five minutes. */
const CONNECTED_SECONDS = 320;

const AGENT_PODS = { labelSelector: "app=cattle-cluster-agent" };

const definitionList = z.object({
  items: z.array(
    z.object({
      apiVersion: z.string(),
      kind: z.literal("CustomResourceDefinition"),
      metadata: z.object({ name: z.string() }),
      spec: z.looseObject({}),
    }),
  ),
});

type SharedWithSandbox = "serverUrl" | "token" | "managementKubeconfig" | "management" | "pki" | "statistics" | "stop";

/** What a sandbox is to a test, as far as real control planes can be it. */
export interface RealEstate extends Pick<Sandbox, SharedWithSandbox> {
  readonly clusters: readonly Pick<Sandbox["clusters"][number], "id" | "name" | "client">[];
  /** The agent's pods of a cluster, by the cluster's name. */
  agentPods(cluster: string): Promise<readonly KubeObject[]>;
  deletePod(cluster: string, name: string): Promise<void>;
  /** A cluster's own API server, past Rancher, as an administrator reaches it now. */
  kubeconfig(cluster: string): string;
  /** Starts a cluster's control plane with other keys; its agents lose their leases then. */
  renewCluster(cluster: string, renewal: Renewal & { readonly reported: boolean }): Promise<void>;
  /** Every agent holds its sessions, and Rancher shows `Connected` and `Ready`. */
  waitUntilConnected(): Promise<void>;
}

/**
 * Makes a cluster on a control plane.
 * @param definitions of kinds that Kubernetes does not have; bare ones are made of those that are not among them
 * @param observer of its agents, which counts for the estate
 */
export type MakeCluster = (
  controlPlane: ControlPlane,
  definitions: readonly NewObject[],
  options: ClusterOptions,
  observer: AgentObserver,
) => RealCluster;

/**
 * @param definitionsPath a v1 List of Rancher's CustomResourceDefinitions, in JSON
 * @param makeCluster default: the sandbox runs the pods of every cluster
 */
export async function startRealEstate(
  definitionsPath: string,
  input: ScenarioInput,
  makeCluster: MakeCluster = (controlPlane, kinds, options) => new RealCluster(controlPlane, kinds, options),
): Promise<RealEstate> {
  const scenario = parseScenario(input);
  const definitions: readonly NewObject[] = definitionList.parse(
    JSON.parse(readFileSync(definitionsPath, "utf8")),
  ).items;
  const names = ["management", ...scenario.clusters.map(({ name }) => name)];
  const started = await Promise.allSettled(names.map((name) => startControlPlane({ name })));
  const controlPlanes = started.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const stopAll = async () => void (await Promise.all(controlPlanes.map((each) => each.stop())));
  try {
    for (const each of started) if (each.status === "rejected") throw each.reason;
    const planeOf = (name: string): ControlPlane => {
      const found = controlPlanes.find((each) => each.name === name);
      if (found === undefined) throw new Error(`no control plane is called ${name}`);
      return found;
    };
    const begun = Promise.withResolvers<Estate<RealCluster>>();
    const estate = await Estate.startOn(scenario, (options) => {
      const { name } = options;
      return makeCluster(
        planeOf(name),
        name === "management" ? definitions : [],
        options,
        observerOf(begun.promise, name),
      );
    });
    begun.resolve(estate);
    const stop = async () => {
      await estate.stop();
      await stopAll();
    };
    return open(estate, planeOf, stop);
  } catch (error) {
    await stopAll();
    throw error;
  }
}

function open(
  estate: Estate<RealCluster>,
  planeOf: (name: string) => ControlPlane,
  stop: () => Promise<void>,
): RealEstate {
  const pods = core("pods", "cattle-system");
  const downstream = (name: string) => {
    const found = estate.downstream.find((each) => each.name === name);
    if (found === undefined) throw new Error(`no cluster is called ${name}`);
    return found;
  };
  const clusterOf = (name: string) => downstream(name).cluster;
  return {
    serverUrl: estate.serverUrl,
    token: estate.token,
    managementKubeconfig: planeOf("management").kubeconfig,
    management: estate.management.client,
    pki: estate.pki,
    statistics: () => estate.statistics.read(),
    clusters: estate.downstream.map(({ id, name, cluster }) => ({ id, name, client: cluster.client })),
    agentPods: async (name) => (await clusterOf(name).client.list(pods, AGENT_PODS)).items,
    deletePod: (name, pod) => clusterOf(name).client.delete(pods, pod),
    kubeconfig: (name) => planeOf(name).kubeconfig,
    renewCluster: async (name, { reported, ...renewal }) => {
      const target = downstream(name);
      estate.conduct.refusalsPossible = true;
      if (!reported) estate.conduct.unheard.add(target.id);
      await target.cluster.renew(renewal);
      target.loseLeases();
    },
    waitUntilConnected: () => waitUntilConnected(estate),
    stop,
  };
}

/** Agents start, and have something to tell, before the estate is complete. */
function observerOf(estate: Promise<Estate<RealCluster>>, cluster: string): AgentObserver {
  const observer = async () => {
    const { downstream, statistics } = await estate;
    const found = downstream.find(({ name }) => name === cluster);
    if (found === undefined) throw new Error(`${cluster} has no agents`);
    return statistics.observer(found.id);
  };
  return {
    started: async (pod) => (await observer()).started(pod),
    exited: async (pod, code) => (await observer()).exited(pod, code),
    pinMismatch: async (pod) => (await observer()).pinMismatch(pod),
    refused: async (refusal) => (await observer()).refused(refusal),
  };
}

async function waitUntilConnected({ management, downstream, statistics }: Estate<RealCluster>): Promise<void> {
  const shown = new Map<string, boolean>();
  const watch = management.client.watch(CLUSTERS, ({ object }) => {
    const isTrue = (type: string) => conditionStatus(object, type) === "True";
    shown.set(object.metadata.name, isTrue("Connected") && isTrue("Ready"));
  });
  const isConnected = (id: string) => statistics.isConnected(id) && shown.get(id) === true;
  try {
    const what = "every cluster to be connected";
    await waitUntil(() => downstream.every(({ id }) => isConnected(id)), { what, seconds: CONNECTED_SECONDS });
  } finally {
    watch.close();
  }
}
