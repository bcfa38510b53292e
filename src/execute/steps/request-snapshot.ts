/**
 * Has the Rancher that provisioned the management cluster save its etcd: the next generation is written into its cluster
 * object, and what that Rancher reports of each node with etcd is awaited. The files themselves are not read.
 */
import { join } from "node:path";
import { z } from "zod";
import { writePrivateFile } from "../../backup/private-files.ts";
import { FarrierError } from "../../errors.ts";
import type { Api } from "../../kubernetes/api.ts";
import { ApiError } from "../../kubernetes/api-error.ts";
import { connectKubeconfig } from "../../kubernetes/connection.ts";
import type { ClusterObjectSnapshot } from "../../plan/estate-backup.ts";
import {
  etcdSnapshots,
  type ProvisionedCluster,
  provisioningClusters,
  readProvisionedCluster,
  requestBody,
  requestState,
  rkeControlPlanes,
  SNAPSHOT_CLUSTER_LABEL,
  type SnapshotReport,
  snapshotReport,
} from "../../rancher/provisioned-cluster.ts";
import { ESTATE_BACKUP_FILE } from "../rotation.ts";
import { erased, type StepContext, type Verification } from "../step-action.ts";

const beforeSchema = z.object({
  /** Of the last request that was there, somebody else's. */
  generation: z.int(),
  /** UIDs of the snapshots that there were. */
  known: z.array(z.string()),
});
type Before = z.infer<typeof beforeSchema>;

/** A database of many gigabytes is saved on one node after the other. */
const LONGEST_SECONDS = 1800;
/** How long a file may take to be reported, once every node has saved one. */
const REPORT_MS = 60_000;
/** So much of the step's time is kept for saying what it waited for. */
const SPARE_MS = 2000;

export const requestSnapshot = erased<Before>({
  before: beforeSchema,
  deadlineSeconds: LONGEST_SECONDS,

  async observe(context) {
    return await thereWith(context, async (there) => {
      const { generation } = await clusterObject(there);
      const { items } = await there.api.list(etcdSnapshots(there.namespace), there.ofCluster);
      return { kind: "todo", before: { generation, known: items.map(({ metadata }) => metadata.uid ?? "") } };
    });
  },

  async apply(context, before) {
    await thereWith(context, async (there) => {
      const present = await clusterObject(there);
      // Asked for before a crash, or by somebody else since: that snapshot is as good, unless it came to nothing.
      if (present.generation > before.generation && !(await hasFailed(there, present.generation))) return;
      await context.requireLock();
      const body = requestBody(present);
      await there.api.patch(provisioningClusters(there.namespace), there.name, { kind: "merge", body });
    });
  },

  async verify(context, before): Promise<Verification> {
    return await thereWith(context, async (there) => {
      const { generation } = await clusterObject(there);
      const end = await awaitRequest(context, there, generation);
      // What a failed request has left would be taken for what became of the next one.
      const first = generation === before.generation + 1;
      const wanted = { nodes: plannedOf(context).nodes, known: before.known, first };
      const report = end === "finished" ? await awaitReport(context, there, wanted) : await reportNow(there, wanted);
      if (end !== "finished") return blocked(there, end, report);
      if (report.missing.length > 0) return blocked(there, `it has none of ${report.missing.join(", ")}`, report);
      const { namespace, name } = there;
      const verifiedAt = context.now().toISOString();
      const saved = { format: "farrier.snapshot-requested/v1", verifiedAt, cluster: { namespace, name }, generation };
      const path = join(context.vault.directory, ESTATE_BACKUP_FILE);
      await writePrivateFile(path, `${JSON.stringify({ ...saved, nodes: report.made }, null, 2)}\n`);
      return { kind: "verified", evidence: [] };
    });
  },
});

/** The other Rancher's cluster, and where in it the cluster object is. */
interface There {
  readonly api: Api;
  readonly namespace: string;
  readonly name: string;
  readonly ofCluster: { readonly labelSelector: string };
}

async function thereWith<T>(context: StepContext, work: (there: There) => Promise<T>): Promise<T> {
  const planned = plannedOf(context);
  const { kubeconfig, context: chosen, cluster } = planned;
  const connection = await connectKubeconfig({ kubeconfig, context: chosen }, { name: "the other Rancher's cluster" });
  try {
    const ofCluster = { labelSelector: `${SNAPSHOT_CLUSTER_LABEL}=${cluster.name}` };
    return await work({ api: connection.api, ...cluster, ofCluster });
  } finally {
    await connection.close();
  }
}

async function clusterObject({ api, namespace, name }: There): Promise<ProvisionedCluster> {
  const object = await api.get(provisioningClusters(namespace), name);
  const found = object === undefined ? undefined : readProvisionedCluster(object);
  if (found !== undefined) return found;
  throw new FarrierError("step.conflict", `Cluster object ${namespace}/${name} is gone, or was not provisioned.`);
}

async function hasFailed({ api, namespace, name }: There, generation: number): Promise<boolean> {
  return requestState(await api.get(rkeControlPlanes(namespace), name), generation).kind === "failed";
}

/** @returns `finished`, or why it is not */
async function awaitRequest(context: StepContext, { api, namespace, name }: There, generation: number) {
  let words = "Rancher has not taken the request up";
  const end = await inTime(context, (limits) =>
    api.watchUntil(
      rkeControlPlanes(namespace),
      { name },
      ([object]) => {
        const state = requestState(object, generation);
        if (state.kind === "waiting") words = state.words;
        return state.kind === "waiting" ? undefined : state.kind;
      },
      limits,
    ),
  );
  if (end === "finished") return end;
  return end === "failed" ? "Rancher says that it failed" : `it was not made in time; ${words}`;
}

type Wanted = Parameters<typeof snapshotReport>[1] & {
  /** A file that came to nothing is the end of it. */
  readonly first: boolean;
};

/** The nodes' files are reported some time after they were saved. */
async function awaitReport(context: StepContext, there: There, wanted: Wanted): Promise<SnapshotReport> {
  const { api, namespace, ofCluster } = there;
  const report = await inTime(context, (limits) =>
    api.watchUntil(
      etcdSnapshots(namespace),
      ofCluster,
      (objects) => {
        const found = snapshotReport(objects, wanted);
        return found.missing.length === 0 || (wanted.first && found.complaints.length > 0) ? found : undefined;
      },
      { ...limits, deadlineMs: Math.min(REPORT_MS, limits.deadlineMs) },
    ),
  );
  return report ?? (await reportNow(there, wanted));
}

async function reportNow({ api, namespace, ofCluster }: There, wanted: Wanted): Promise<SnapshotReport> {
  return snapshotReport((await api.list(etcdSnapshots(namespace), ofCluster)).items, wanted);
}

/** Undefined where the step's time was over first. */
async function inTime<T>(
  { remainingMs, signal }: StepContext,
  wait: (limits: { readonly deadlineMs: number; readonly signal: AbortSignal }) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await wait({ deadlineMs: Math.max(1, remainingMs() - SPARE_MS), signal });
  } catch (error) {
    if (error instanceof ApiError && error.kind === "deadline") return undefined;
    throw error;
  }
}

function blocked({ namespace, name }: There, why: string, { complaints }: SnapshotReport): Verification {
  const said = complaints.length === 0 ? "" : ` (${complaints.join("; ")})`;
  return {
    kind: "blocked",
    by: {
      why: `the snapshot of ${namespace}/${name}: ${why}${said}`,
      hint: `See kubectl -n ${namespace} describe rkecontrolplanes.rke.cattle.io ${name} in that Rancher. Mend it, and apply again: another one is asked for.`,
    },
  };
}

function plannedOf({ plan: { estateBackup } }: StepContext): ClusterObjectSnapshot {
  if (estateBackup?.kind === "cluster-object") return estateBackup;
  throw new FarrierError(
    "plan.invalid",
    "The plan has a step for a snapshot by a cluster object and does not say which.",
  );
}
