/** Looks at clusters whose own CA or service-account key may have changed, and makes a refresh: directory, vault, plan. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { inNewDirectory } from "../backup/new-directory.ts";
import type { IdentityChoice, OwnerIdentity } from "../backup/owner-identity.ts";
import { Vault } from "../backup/vault.ts";
import { clusterTarget } from "../checks/check.ts";
import { commandWord } from "../errors/command-word.ts";
import { FarrierError } from "../errors.ts";
import { type Finding, finding } from "../findings.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { Connection } from "../kubernetes/connection.ts";
import { namespaces } from "../kubernetes/resource.ts";
import { type AgentLog, lastLinesOfAgent } from "../observe/agent-log.ts";
import { observeClusterAccess } from "../observe/cluster-access.ts";
import { mapLimited } from "../observe/concurrency.ts";
import { observeEstate } from "../observe/observe-estate.ts";
import { type OwnWay, ownWay } from "../observe/own-way.ts";
import type { World } from "../observe/world.ts";
import { pinOf } from "../pki/pin.ts";
import type { RancherContainerPlace } from "../plan/estate-backup.ts";
import type { PlanOptions } from "../plan/options.ts";
import type { Plan } from "../plan/plan.ts";
import { rotationIdOf } from "../plan/plan-file.ts";
import { assembleRefresh, type StaleCluster } from "../plan/refresh/assemble-refresh.ts";
import type { Comparison } from "../plan/refresh/comparison.ts";
import { isCurrent, judgeAccess } from "../plan/refresh/judge-access.ts";
import { nodeCalled } from "../remote/ssh.ts";
import { PLAN_FILE, writePlan } from "./rotation.ts";

/** A cluster as the person named it, with the ways to its own API server; the first one that does is taken. */
export interface NamedCluster {
  readonly id: string;
  readonly name: string;
  readonly ways: readonly [OwnWay, ...OwnWay[]];
}

/** What a look at one cluster came to. */
export interface ClusterLook {
  readonly id: string;
  readonly name: string;
  /** Side by side; empty where the cluster could not be asked. */
  readonly comparisons: readonly Comparison[];
  readonly findings: readonly Finding[];
  /** What its agent has written last; absent where the cluster could not be asked, or nothing is to be said of it. */
  readonly agentLog?: AgentLog;
  /** Something about it is stale, and nothing stands against mending it. */
  readonly stale?: StaleCluster;
}

const AT_ONCE = 20;

/** Nothing is written. @throws FarrierError `kubeconfig.*`, `input.file-*`; ApiError of the management cluster, and `api.forbidden` of each */
export async function lookAtClusters(world: World, clusters: readonly NamedCluster[]): Promise<ClusterLook[]> {
  const servedPin = pinOf((await world.rancher.cacerts()).value);
  return await mapLimited(clusters, AT_ONCE, (cluster) => lookAtCluster(world, cluster, servedPin));
}

async function lookAtCluster(world: World, cluster: NamedCluster, servedPin: string): Promise<ClusterLook> {
  const { id, name } = cluster;
  const opened = await openFirst(world, cluster);
  if (opened.kind === "refused") return { id, name, comparisons: [], findings: [opened.finding] };
  const { direct, way } = opened;
  const access = await observeClusterAccess({ management: world.management, direct }, id);
  if (access === undefined) throw new FarrierError("input.cluster-unknown", `Rancher has no cluster ${id} any more.`);
  const verdict = judgeAccess(access, servedPin);
  const { comparisons, findings } = verdict;
  if (findings.length === 0 && isCurrent(verdict)) return { id, name, comparisons, findings };
  const look = { id, name, comparisons, findings, agentLog: await lastLinesOfAgent(direct.api) };
  const refused = findings.some(({ severity }) => severity === "error");
  if (refused || isCurrent(verdict)) return look;
  return { ...look, stale: { access, verdict, reach: { ...way, server: direct.server } } };
}

type Opened =
  | { readonly kind: "opened"; readonly direct: Connection; readonly way: OwnWay }
  | { readonly kind: "refused"; readonly finding: Finding };

/** Of ways that all do not do, the first one tells why. */
async function openFirst(world: World, cluster: NamedCluster): Promise<Opened> {
  let refused: Opened | undefined;
  for (const way of cluster.ways) {
    const opened = await open(world, cluster, way);
    if (opened.kind === "opened") return opened;
    refused ??= opened;
  }
  if (refused === undefined) throw new FarrierError("internal.unexpected", `Cluster ${cluster.id} has no way.`);
  return refused;
}

async function open(world: World, cluster: NamedCluster, way: OwnWay): Promise<Opened> {
  world.reaches.give(cluster.id, [ownWay(cluster.id, way)]);
  try {
    const direct = await world.reaches.own(cluster.id);
    await direct.api.get(namespaces, "kube-system");
    return { kind: "opened", direct, way };
  } catch (error) {
    if (error instanceof FarrierError && error.code.startsWith("ssh.")) {
      const target = clusterTarget(cluster);
      return { kind: "refused", finding: finding("refresh.unreachable", target, error.message, { hint: error.hint }) };
    }
    // What the account may not do is said as of every other request: there is an answer, and the keys are not why.
    if (!(error instanceof ApiError) || error.status === 403) throw error;
    return { kind: "refused", finding: refusalOf(error, cluster, way) };
  }
}

/** Why the kubeconfig does not do: the CA of before, a credential of before, a clock, or the way there. */
function refusalOf(error: ApiError, { id, name }: NamedCluster, own: OwnWay): Finding {
  const target = clusterTarget({ id, name });
  const way =
    "ssh" in own ? `the kubeconfig of node ${nodeCalled(own.ssh)}` : `context "${own.context}" of ${own.kubeconfig}`;
  if (error.status === 401) {
    return finding("refresh.kubeconfig-credentials", target, `The credentials of ${way} are refused by ${target}.`);
  }
  if (error.code === "api.untrusted") {
    if (/CERT_NOT_YET_VALID|CERT_HAS_EXPIRED/.test(error.reason)) {
      const sentence = `The certificate of ${target} is not valid at this time (${error.reason}).`;
      return finding("refresh.clock", target, sentence, { severity: "error" });
    }
    const sentence = `The certificate of ${target} does not verify with the CA of ${way} (${error.reason}).`;
    return finding("refresh.kubeconfig-ca", target, sentence);
  }
  return finding("refresh.unreachable", target, `There is no answer from ${target} over ${way}: ${error.message}`);
}

export interface NewRefresh {
  readonly directory: string;
  readonly world: World;
  /** At least one. */
  readonly clusters: readonly StaleCluster[];
  readonly findings: readonly Finding[];
  readonly options?: Partial<PlanOptions>;
  /** The container to restart, where Rancher runs in one. */
  readonly inContainer?: RancherContainerPlace;
  readonly identity?: IdentityChoice;
  /** age recipients instead of the owner's identity. */
  readonly recipients?: readonly string[];
  readonly now: Date;
}

/**
 * Plans, and writes `plan.json`. Nothing of the estate is changed.
 * @throws FarrierError `rotation.exists`, `rotation.unwritable`, `backup.*`, `api.*`
 */
export async function prepareRefresh(input: NewRefresh): Promise<{ plan: Plan; owner?: OwnerIdentity }> {
  const { directory, world, clusters, findings, options, inContainer, now } = input;
  if (existsSync(join(directory, PLAN_FILE))) {
    throw new FarrierError("rotation.exists", `${directory} already holds a rotation or a refresh.`, {
      hint: `Go on with it by farrier apply ${commandWord(directory)}, or name another directory with --out.`,
    });
  }
  const only = clusters.map(({ access }) => access.id);
  const estate = await observeEstate(world, { now: () => now, only });
  const rotation = rotationIdOf({ identity: estate.identity, targetChain: `refresh ${only.join()}`, at: now });
  const plan = assembleRefresh({
    estate,
    rotation,
    now,
    clusters,
    findings,
    ...(options === undefined ? {} : { options }),
    ...(inContainer === undefined ? {} : { inContainer }),
    ...(world.managementContainer === undefined ? {} : { managementContainer: world.managementContainer }),
  });
  return await inNewDirectory(directory, async () => {
    const { owner } = await Vault.create(directory, { ...input.identity, recipients: input.recipients });
    await writePlan(directory, PLAN_FILE, plan);
    return owner === undefined ? { plan } : { plan, owner };
  });
}
