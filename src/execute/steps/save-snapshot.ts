/** Has what runs etcd save a snapshot of it, and verifies that on every node where it must be. */
import { join } from "node:path";
import { z } from "zod";
import { writePrivateFile } from "../../backup/private-files.ts";
import { FarrierError } from "../../errors.ts";
import { type EtcdSnapshot, NODE_DIRECTORY } from "../../plan/estate-backup.ts";
import { type NodeSnapshot, saveOnServer, snapshotsOnNode } from "../../remote/node-snapshots.ts";
import { saveByRke } from "../../remote/rke.ts";
import { nodeCalled, type Running } from "../../remote/ssh.ts";
import { ESTATE_BACKUP_FILE } from "../rotation.ts";
import { erased, type StepContext } from "../step-action.ts";

const beforeSchema = z.object({ name: z.string() });

/** A database of many gigabytes is saved, and read again. */
const LONGEST_SECONDS = 1800;

export const saveSnapshot = erased<z.infer<typeof beforeSchema>>({
  before: beforeSchema,
  deadlineSeconds: LONGEST_SECONDS,

  async observe(context) {
    return { kind: "todo", before: { name: plannedOf(context).name } };
  },

  async apply(context) {
    const planned = plannedOf(context);
    // Saved before a crash: its name is this rotation's alone.
    if ((await lookAtNodes(planned)).every(({ snapshot }) => isGood(snapshot))) return;
    await context.requireLock();
    await save(planned, { deadlineMs: context.remainingMs(), signal: context.signal });
  },

  async verify(context) {
    const planned = plannedOf(context);
    const found = await lookAtNodes(planned);
    const bad = found.find(({ snapshot }) => !isGood(snapshot));
    if (bad !== undefined) {
      const why = `on ${bad.node}, ${describe(bad.snapshot, planned)}`;
      const hint = "Look at the node's disk and at what saves the snapshot; apply saves another one.";
      return { kind: "blocked", by: { why, hint } };
    }
    const { by, name } = planned;
    const made = { format: "farrier.snapshot-saved/v1", verifiedAt: context.now().toISOString(), by, name };
    const nodes = found.map(({ node, snapshot }) => ({ node, ...snapshot }));
    const path = join(context.vault.directory, ESTATE_BACKUP_FILE);
    await writePrivateFile(path, `${JSON.stringify({ ...made, nodes }, null, 2)}\n`);
    return { kind: "verified", evidence: [] };
  },
});

async function save(planned: EtcdSnapshot, running: Required<Running>): Promise<void> {
  const { by, nodes, program, name, clusterFile } = planned;
  const [server] = nodes;
  if (by === "rke" && clusterFile !== undefined) return await saveByRke(program, { name, clusterFile }, running);
  if (by !== "rke" && server !== undefined) return await saveOnServer(server, { by, program, name }, running);
  throw new FarrierError("plan.invalid", "The plan does not say how the snapshot of etcd is saved.");
}

interface OnNode {
  readonly node: string;
  /** The best one of its name. */
  readonly snapshot: NodeSnapshot | undefined;
}

async function lookAtNodes({ by, nodes, name, directory = NODE_DIRECTORY[by] }: EtcdSnapshot): Promise<OnNode[]> {
  return await Promise.all(
    nodes.map(async (node) => {
      const found = await snapshotsOnNode(node, { directory, name });
      return { node: nodeCalled(node), snapshot: found.find(isGood) ?? found.at(-1) };
    }),
  );
}

function isGood(snapshot: NodeSnapshot | undefined): boolean {
  return snapshot?.state === "whole" || snapshot?.state === "zip";
}

function describe(
  snapshot: NodeSnapshot | undefined,
  { by, name, directory = NODE_DIRECTORY[by] }: EtcdSnapshot,
): string {
  switch (snapshot?.state) {
    case undefined:
      return `there is no snapshot ${name} in ${directory}`;
    case "empty":
      return `${snapshot.path} is empty`;
    case "unreadable":
      return `${snapshot.path} cannot be read by that user`;
    case "damaged":
      return `${snapshot.path} is no whole snapshot of etcd: it was cut off, or its checksum is wrong`;
    case "whole":
    case "zip":
      return `${snapshot.path} is there`;
  }
}

function plannedOf({ plan: { estateBackup } }: StepContext): EtcdSnapshot {
  if (estateBackup?.kind === "etcd-snapshot") return estateBackup;
  throw new FarrierError("plan.invalid", "The plan has a step for a snapshot of etcd and does not say which.");
}
