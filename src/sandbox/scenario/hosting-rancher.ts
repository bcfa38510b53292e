import { createHash } from "node:crypto";
import { resourceKind } from "../api-server/built-in-kinds.ts";
import type { Clock } from "../clock.ts";
import type { ClusterClient, KubeObject, NewObject, ResourceRef, Watch } from "../cluster-client.ts";
import { rootCertificate } from "./downstream-objects.ts";
import type { EstateCluster } from "./estate-cluster.ts";
import type { Scenario } from "./scenario.ts";

const RKE = { group: "rke.cattle.io", version: "v1", namespaced: true, custom: true, tracksGeneration: true } as const;

/** What Rancher's provisioning has beside the cluster objects, as far as snapshots go. */
export const PROVISIONING_KINDS = [
  resourceKind({ ...RKE, resource: "rkecontrolplanes", kind: "RKEControlPlane", statusSubresource: true }),
  resourceKind({ ...RKE, resource: "etcdsnapshots", kind: "ETCDSnapshot", statusSubresource: true }),
];

const NAMESPACE = "fleet-default";
const ID = "c-m-hosted42";
const PROVISIONED: ResourceRef = {
  group: "provisioning.cattle.io",
  version: "v1",
  resource: "clusters",
  namespace: NAMESPACE,
};
const CONTROL_PLANES: ResourceRef = {
  group: "rke.cattle.io",
  version: "v1",
  resource: "rkecontrolplanes",
  namespace: NAMESPACE,
};
const SNAPSHOTS: ResourceRef = { ...CONTROL_PLANES, resource: "etcdsnapshots" };
const STATUS = { subresource: "status" } as const;

/** Seconds of the estate: until a node's file is saved, until it is reported, and until the control plane is as before. */
const SAVING_SECONDS = 10;
const REPORTING_SECONDS = 3;

type Description = NonNullable<Scenario["hosting"]>;

/**
 * Another Rancher, which has provisioned the estate's management cluster: no more of it than its objects of that cluster,
 * and what it does when a snapshot of etcd is asked for (pkg/capr/planner/etcdcreate.go, snapshotbackpopulate.go).
 */
export class HostingRancher {
  readonly cluster: EstateCluster;
  readonly #description: Description;
  #taken = 0;
  #lastSaved = 0;
  #watch: Watch | undefined;
  #work: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(cluster: EstateCluster, description: Description) {
    this.cluster = cluster;
    this.#description = description;
  }

  /** @param hosted the management cluster, whose agent has reported its CA */
  async start(clock: Clock, hosted: EstateCluster): Promise<void> {
    const { caPem } = hosted;
    await hosted.create([rootCertificate(caPem)]);
    await this.cluster.create(hostingObjects(this.#description, { caPem, at: clock.now() }));
    const { client } = this.cluster;
    this.#watch = client.watch(PROVISIONED, ({ object }) => {
      const { rkeConfig } = Object(object.spec);
      const generation: number | undefined = Object(rkeConfig?.etcdSnapshotCreate).generation;
      if (generation === undefined || generation === this.#taken || object.metadata.name !== this.#description.cluster)
        return;
      this.#taken = generation;
      if (this.#description.behaviour !== "idle") this.#begin(client, clock, generation);
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#watch?.close();
    await this.#work;
    await this.cluster.stop();
  }

  #begin(client: ClusterClient, clock: Clock, generation: number): void {
    const { behaviour, nodes } = this.#description;
    const fails = behaviour === "fails-once" && generation === this.#description.generation + 1;
    const phase = (name: string) => () => setPhase(client, this.#description.cluster, { generation, phase: name });
    this.#do(phase("Started"));
    clock.after(SAVING_SECONDS * 1000, () => {
      this.#do(phase(fails ? "Failed" : "RestartCluster"));
      if (!fails) this.#do(phase("Finished"));
    });
    clock.after((SAVING_SECONDS + REPORTING_SECONDS) * 1000, () => {
      const at = this.#savedAt(clock);
      for (const [index, node] of nodes.entries()) {
        const end = fails && index === nodes.length - 1 ? "failed" : "successful";
        this.#do(async () => {
          await client.create(SNAPSHOTS, snapshot(this.#description.cluster, { node, at, end }));
        });
      }
    });
  }

  /**
   * A second of its own for each request: it is in the files' names, and no two are saved within one where a save takes
   * ten of them. A sped-up estate takes less, and its time stamps are the wall's.
   */
  #savedAt(clock: Clock): Date {
    this.#lastSaved = Math.max(this.#lastSaved + 1000, clock.now().getTime());
    return new Date(this.#lastSaved);
  }

  /** One after the other, and none after the end. */
  #do(work: () => Promise<void>): void {
    this.#work = this.#work.then(() => (this.#stopped ? undefined : work()));
  }
}

async function setPhase(
  client: ClusterClient,
  name: string,
  { generation, phase }: { readonly generation: number; readonly phase: string },
): Promise<void> {
  const found = await client.get(CONTROL_PLANES, name);
  if (found === undefined) return;
  const status = { ...Object(found.status), etcdSnapshotCreate: { generation }, etcdSnapshotCreatePhase: phase };
  await client.update(CONTROL_PLANES, { ...found, status } satisfies KubeObject, STATUS);
}

function hostingObjects(
  { cluster, nodes, generation }: Description,
  { caPem, at }: { readonly caPem: string; readonly at: Date },
): NewObject[] {
  const metadata = { name: cluster, namespace: NAMESPACE };
  const asked = generation === 0 ? {} : { etcdSnapshotCreate: { generation } };
  const namespaces = [NAMESPACE, "fleet-local"].map(
    (name): NewObject => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }),
  );
  return [
    ...namespaces,
    {
      apiVersion: "management.cattle.io/v3",
      kind: "Cluster",
      metadata: { name: ID },
      spec: { displayName: cluster },
      status: { driver: "rke2", caCert: Buffer.from(caPem).toString("base64") },
    },
    {
      apiVersion: "provisioning.cattle.io/v1",
      kind: "Cluster",
      metadata,
      spec: { kubernetesVersion: "v1.33.4+rke2r1", rkeConfig: asked },
      status: { clusterName: ID, ready: true, observedGeneration: 1 },
    },
    // That Rancher's own cluster, which it has not provisioned.
    {
      apiVersion: "provisioning.cattle.io/v1",
      kind: "Cluster",
      metadata: { name: "local", namespace: "fleet-local" },
      spec: {},
      status: { clusterName: "local", ready: true, observedGeneration: 1 },
    },
    {
      apiVersion: "rke.cattle.io/v1",
      kind: "RKEControlPlane",
      metadata,
      spec: { clusterName: cluster, ...asked },
      status: {
        initialized: true,
        ...(generation === 0 ? {} : { etcdSnapshotCreate: { generation }, etcdSnapshotCreatePhase: "Finished" }),
      },
    },
    // Of last night.
    ...nodes.map((node) =>
      snapshot(cluster, { node, at: new Date(at.getTime() - 8 * 3600_000), end: "successful", base: "etcd-snapshot" }),
    ),
  ];
}

interface File {
  readonly node: string;
  readonly at: Date;
  readonly end: "successful" | "failed";
  /** What its name begins with: on demand, or by the schedule. */
  readonly base?: "on-demand" | "etcd-snapshot";
}

function snapshot(cluster: string, { node, at, end, base = "on-demand" }: File): NewObject {
  const name = `${base}-${node}-${Math.floor(at.getTime() / 1000)}`;
  const location = `file:///var/lib/rancher/rke2/server/db/snapshots/${name}`;
  const suffix = createHash("sha256")
    .update(node + location)
    .digest("hex")
    .slice(0, 6);
  const outcome = end === "successful" ? { size: 34_037_792 } : { message: "no space left on device" };
  return {
    apiVersion: "rke.cattle.io/v1",
    kind: "ETCDSnapshot",
    metadata: {
      name: `${cluster}-local-${name}-${suffix}`,
      namespace: NAMESPACE,
      labels: { "rke.cattle.io/cluster-name": cluster, "rke.cattle.io/node-name": node },
      annotations: { "etcdsnapshot.rke.io/storage": "local", "etcdsnapshot.rke.io/snapshot-file-name": name },
    },
    spec: { clusterName: cluster },
    snapshotFile: {
      name,
      nodeName: node,
      location,
      createdAt: at.toISOString().replace(/\.\d+Z$/, "Z"),
      status: end,
      ...outcome,
    },
    status: { missing: false },
  };
}
