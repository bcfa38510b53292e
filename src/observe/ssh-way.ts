/**
 * Reach *ssh*: the kubeconfig of a control-plane node is read through SSH, and the API server is asked through a forwarded
 * port, by the same client and with the same verification as any other.
 */
import { type Connection, connectKubeconfig } from "../kubernetes/connection.ts";
import { type Forward, openForward } from "../remote/forward.ts";
import { type NodeFiles, readNodeKubeconfig } from "../remote/node-kubeconfig.ts";
import { nodeCalled, type SshTarget } from "../remote/ssh.ts";
import { ANSWER_MS, type GivenWay } from "./reaches.ts";

/** Nothing is asked of the node before the way is first used. */
export function sshWay(id: string, target: SshTarget, files: NodeFiles = {}): GivenWay {
  const called = `node ${nodeCalled(target)} (SSH)`;
  return { reach: "ssh", called, open: () => openThroughNode({ id, called, target, files }) };
}

async function openThroughNode(way: {
  readonly id: string;
  readonly called: string;
  readonly target: SshTarget;
  readonly files: NodeFiles;
}): Promise<Connection> {
  const { id, called, target, files } = way;
  const text = await readNodeKubeconfig(target, files);
  let forward: Forward | undefined;
  try {
    const connection = await connectKubeconfig(
      { foreign: { content: text, label: `The kubeconfig of ${called}` } },
      {
        name: `cluster ${id}`,
        timeoutMs: ANSWER_MS,
        detour: async (to) => {
          forward = await openForward(target, to);
          return forward.port;
        },
      },
    );
    const opened = forward;
    return {
      ...connection,
      close: async () => {
        await connection.close();
        await opened?.close();
      },
    };
  } catch (error) {
    await forward?.close();
    throw error;
  }
}
