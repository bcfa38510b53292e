/**
 * Reach *ssh*: the kubeconfig of a control-plane node is read through SSH, and the API server is asked through a forwarded
 * port, by the same client and with the same verification as any other. Where the node forwards no ports, its own kubectl
 * asks, or that of the agent's image.
 */
import { setImmediate as immediate } from "node:timers/promises";
import { type Api, createApi } from "../kubernetes/api.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { type Connection, connectKubeconfig } from "../kubernetes/connection.ts";
import { namespaces } from "../kubernetes/resource.ts";
import { Secret } from "../pki/secret.ts";
import { type Forward, openForward } from "../remote/forward.ts";
import { type FoundKubeconfig, type NodeFiles, readNodeKubeconfig } from "../remote/node-kubeconfig.ts";
import { NodeKubectl } from "../remote/node-kubectl.ts";
import { nodeCalled, type SshTarget } from "../remote/ssh.ts";
import { ANSWER_MS, type GivenWay } from "./reaches.ts";

/** Nothing is asked of the node before the way is first used. */
export function sshWay(id: string, target: SshTarget, files: NodeFiles = {}): GivenWay {
  const called = `node ${nodeCalled(target)} (SSH)`;
  return { reach: "ssh", called, open: () => openThroughNode({ id, called, target, files }) };
}

/** A forwarded port takes connections here in any case; whether the node lets them through shows when one is made. */
async function isRefused(api: Api, forward: Forward | undefined): Promise<boolean> {
  try {
    await api.get(namespaces, "kube-system");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // What ssh has said about it is read in this turn.
    await immediate();
  }
  return forward?.refused() ?? false;
}

/** @throws FarrierError `ssh.no-kubectl`, ApiError where it leads nowhere either */
async function byKubectl({ id, target, files }: Way, found: FoundKubeconfig): Promise<Api> {
  const transport = new NodeKubectl(target, files, found.isFile ? undefined : Secret.of(found.text));
  const api = createApi({ transport, server: `cluster ${id}`, basePath: "", headers: async () => ({}) });
  await api.get(namespaces, "kube-system");
  return api;
}

interface Way {
  readonly id: string;
  readonly called: string;
  readonly target: SshTarget;
  readonly files: NodeFiles;
}

async function openThroughNode(way: Way): Promise<Connection> {
  const { id, called, target, files } = way;
  const found = await readNodeKubeconfig(target, files);
  let forward: Forward | undefined;
  try {
    const connection = await connectKubeconfig(
      { foreign: { content: found.text, label: `The kubeconfig of ${called}` } },
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
    const close = async (): Promise<void> => {
      await connection.close();
      await opened?.close();
    };
    if (!(await isRefused(connection.api, opened))) return { ...connection, close };
    const { server, context, bearing } = connection;
    await close();
    const api = await byKubectl(way, found);
    // kubectl does not tell the date of an answer.
    return { api, server, context, bearing, secondsAhead: async () => undefined, close: async () => {} };
  } catch (error) {
    await forward?.close();
    throw error;
  }
}
