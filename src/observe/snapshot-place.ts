/** Whether a snapshot of the management cluster's etcd could be made, as somebody wants it. */
import { FarrierError } from "../errors.ts";
import { type EtcdSnapshot, NODE_DIRECTORY } from "../plan/estate-backup.ts";
import { lookAtServer } from "../remote/node-snapshots.ts";
import { etcdNodesOf, isRke } from "../remote/rke.ts";
import { nodeCalled, runOnNode, type SshTarget } from "../remote/ssh.ts";

/** How `farrier.yaml` asks for one that RKE2 or K3s saves on a server of its own. */
export interface ServerWish {
  readonly by: "rke2" | "k3s";
  readonly node: SshTarget;
  readonly program?: string;
  readonly directory?: string;
}

/** The same for one that RKE saves on every node with etcd. */
export interface RkeWish {
  readonly by: "rke";
  readonly clusterFile: string;
  readonly program?: string;
  readonly directory?: string;
  /** What of the way to the nodes the cluster file does not say. */
  readonly ssh?: Pick<SshTarget, "become" | "config">;
}

/** Without its name. */
export type SnapshotPlace = Omit<EtcdSnapshot, "name">;

/** @returns the reason where it could not be made */
export async function observeSnapshotPlace(wish: ServerWish | RkeWish): Promise<SnapshotPlace | string> {
  try {
    return wish.by === "rke" ? await observeRke(wish) : await observeServer(wish);
  } catch (error) {
    if (!(error instanceof FarrierError)) throw error;
    return error.message.replace(/\.$/, "");
  }
}

async function observeServer({ by, node, program, directory }: ServerWish): Promise<SnapshotPlace | string> {
  const place = directory ?? NODE_DIRECTORY[by];
  const look = await lookAtServer(node, { by, directory: place, ...(program === undefined ? {} : { program }) });
  if ("why" in look) return look.why;
  return {
    kind: "etcd-snapshot",
    by,
    nodes: [node],
    program: look.program,
    ...(directory === undefined ? {} : { directory }),
  };
}

async function observeRke({ clusterFile, program = "rke", directory, ssh }: RkeWish): Promise<SnapshotPlace | string> {
  if (!(await isRke(program))) return `there is no program ${program} on this machine, or it is not RKE`;
  const found = await nodesIn(clusterFile);
  if (found === undefined) return `${clusterFile} cannot be read as a cluster file of RKE`;
  if (found.length === 0) return `${clusterFile} names no node with the role etcd`;
  const nodes = found.map((node): SshTarget => ({ ...node, ...ssh }));
  for (const node of nodes) {
    // That it answers is enough: RKE makes the directory when it first saves something.
    if (!(await runOnNode(node, "echo farrier-here\n")).includes("farrier-here")) {
      return `no command can be run on ${nodeCalled(node)}`;
    }
  }
  return {
    kind: "etcd-snapshot",
    by: "rke",
    nodes,
    program,
    clusterFile,
    ...(directory === undefined ? {} : { directory }),
  };
}

async function nodesIn(clusterFile: string): Promise<SshTarget[] | undefined> {
  try {
    return await etcdNodesOf(clusterFile);
  } catch {
    // Its parser would repeat what the file says.
    return undefined;
  }
}
