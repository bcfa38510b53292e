/**
 * The administrator's kubeconfig of a cluster, from one of its control-plane nodes. It is a secret: it stays in memory.
 *
 * | made by | where |
 * |---|---|
 * | RKE2 | `/etc/rancher/rke2/rke2.yaml` |
 * | K3s | `/etc/rancher/k3s/k3s.yaml` |
 * | kubeadm | `/etc/kubernetes/admin.conf` |
 * | RKE1 | none on the host: in ConfigMap `kube-system/full-cluster-state`, asked by the kubelet's own container |
 */
import { z } from "zod";
import { FarrierError } from "../errors.ts";
import { quoted } from "../plan/shell-word.ts";
import { nodeCalled, runOnNode, type SshTarget } from "./ssh.ts";

const USUAL = ["/etc/rancher/rke2/rke2.yaml", "/etc/rancher/k3s/k3s.yaml", "/etc/kubernetes/admin.conf"];

export interface NodeFiles {
  /** The kubeconfig's path on the node, where it is none of the usual ones. */
  readonly kubeconfig?: string;
  /** Where the node's file system begins. Default `/`. */
  readonly root?: string;
}

/** What begins the line before the text that was found: a login script may print something of its own. */
const MARK = "farrier-found";

export interface FoundKubeconfig {
  readonly text: string;
  /** It is a file on the host, which a program there can be told to read. */
  readonly isFile: boolean;
}

/** The kubeconfig of the node. @throws FarrierError `ssh.*` */
export async function readNodeKubeconfig(target: SshTarget, files: NodeFiles = {}): Promise<FoundKubeconfig> {
  const printed = await runOnNode(target, script(files));
  const start = printed.indexOf(`${MARK} `);
  const end = printed.indexOf("\n", start);
  const [, kind] = printed.slice(start, end).split(" ");
  const text = printed.slice(end + 1);
  if (start >= 0 && kind === "kubeconfig") return { text, isFile: true };
  if (start >= 0 && kind === "full-cluster-state") {
    return { text: kubeconfigOfState(text, target), isFile: false };
  }
  const places = files.kubeconfig ?? USUAL.join(", ");
  throw new FarrierError(
    "ssh.no-kubeconfig",
    `No kubeconfig can be read on ${nodeCalled(target)}: looked for ${places}.`,
  );
}

/** Where a kubeconfig may be on a node, the likeliest first. */
export function nodeKubeconfigs({ kubeconfig, root = "" }: NodeFiles): string[] {
  return kubeconfig === undefined ? USUAL.map((path) => root + path) : [kubeconfig];
}

function script(files: NodeFiles): string {
  const places = nodeKubeconfigs(files).map(quoted).join(" ");
  return `for file in ${places}; do
  if [ -r "$file" ]; then echo '${MARK} kubeconfig'; cat "$file"; exit 0; fi
done
state=$(docker exec kubelet kubectl --kubeconfig /etc/kubernetes/ssl/kubecfg-kube-node.yaml -n kube-system get configmap full-cluster-state -o json 2>/dev/null) || state=
if [ -n "$state" ]; then echo '${MARK} full-cluster-state'; printf '%s\\n' "$state"; exit 0; fi
echo '${MARK} nothing'
`;
}

const configMapSchema = z.object({ data: z.object({ "full-cluster-state": z.string() }) });
const stateSchema = z.object({
  currentState: z.object({ certificatesBundle: z.object({ "kube-admin": z.object({ config: z.string() }) }) }),
});

/** RKE1: the kubeconfig names a node's own address; the API answers on 127.0.0.1:6443 of each control-plane node. */
function kubeconfigOfState(text: string, target: SshTarget): string {
  try {
    const state: unknown = JSON.parse(configMapSchema.parse(JSON.parse(text)).data["full-cluster-state"]);
    const { config } = stateSchema.parse(state).currentState.certificatesBundle["kube-admin"];
    return config.replace(/(server: *)"?https:\/\/[^"\s]+"?/, "$1https://127.0.0.1:6443");
  } catch {
    // The parser's message would repeat keys.
    throw new FarrierError(
      "ssh.no-kubeconfig",
      `ConfigMap full-cluster-state on ${nodeCalled(target)} holds no kubeconfig.`,
    );
  }
}
