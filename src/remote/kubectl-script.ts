/**
 * What runs on a node where its SSH server forwards no ports: the node's own `kubectl`, or that of the agent's image, which
 * every managed cluster has. Nothing is written on the node's disks.
 */
import { quoted } from "../plan/shell-word.ts";
import type { NodeFiles } from "./node-kubeconfig.ts";
import { nodeKubeconfigs } from "./node-kubeconfig.ts";

/** Exit codes of the script's own. */
export const NO_KUBECONFIG = 97;
export const NO_KUBECTL = 98;

/**
 * Finds the kubeconfig, and defines `k`: that `kubectl` with it. In this order: on the path; RKE2's and K3s' own; in the
 * agent's image by docker, nerdctl or ctr; in the agent's running container by crictl, as the agent's account.
 * @param kubeconfig its text, where none is a file on the node: a secret
 */
export function kubectlPrelude(files: NodeFiles, kubeconfig?: string): string {
  const { root = "" } = files;
  return `root=${quoted(root)}
${kubeconfig === undefined ? onHost(files) : inMemory(kubeconfig)}
there() { command -v "$1" >/dev/null 2>&1; }
own() { for file in "$root/var/lib/rancher/rke2/bin/$1" "$root/usr/local/bin/$1"; do if [ -x "$file" ]; then printf '%s' "$file"; return; fi; done; }
agent() { grep 'rancher/rancher-agent[:@]' | head -n 1; }
socket=
for file in "$root/run/k3s/containerd/containerd.sock" "$root/run/containerd/containerd.sock"; do
  if [ -z "$socket" ] && [ -e "$file" ]; then socket=$file; fi
done
containerd() {
  if there ctr; then ctr "$@"; elif [ -n "$(own ctr)" ]; then "$(own ctr)" "$@"; elif there k3s; then k3s ctr "$@"; else return 1; fi
}
cri() {
  if [ -r "$root/var/lib/rancher/rke2/agent/etc/crictl.yaml" ]; then export CRI_CONFIG_FILE="$root/var/lib/rancher/rke2/agent/etc/crictl.yaml"; fi
  if there crictl; then crictl "$@"; elif [ -n "$(own crictl)" ]; then "$(own crictl)" "$@"; else return 1; fi
}
image=
if there kubectl; then k() { kubectl --kubeconfig "$kubeconfig" "$@"; }
elif [ -n "$(own kubectl)" ]; then k() { "$(own kubectl)" --kubeconfig "$kubeconfig" "$@"; }
elif there k3s; then k() { k3s kubectl --kubeconfig "$kubeconfig" "$@"; }
elif there docker && image=$(docker images --format '{{.Repository}}:{{.Tag}}' 2>/dev/null | agent) && [ -n "$image" ]; then
  k() { docker run --rm -i --network host -v "$kubeconfig:$kubeconfig:ro" --entrypoint kubectl "$image" --kubeconfig "$kubeconfig" "$@"; }
elif there nerdctl && image=$(nerdctl -n k8s.io images --format '{{.Repository}}:{{.Tag}}' 2>/dev/null | agent) && [ -n "$image" ]; then
  k() { nerdctl -n k8s.io run --rm -i --network host -v "$kubeconfig:$kubeconfig:ro" --entrypoint kubectl "$image" --kubeconfig "$kubeconfig" "$@"; }
elif image=$(containerd --address "$socket" -n k8s.io images ls -q 2>/dev/null | agent) && [ -n "$image" ]; then
  k() { containerd --address "$socket" -n k8s.io run --rm --net-host --mount "type=bind,src=$kubeconfig,dst=$kubeconfig,options=rbind:ro" "$image" "farrier-$$" kubectl --kubeconfig "$kubeconfig" "$@"; }
elif image=$(cri ps -q --name cluster-register 2>/dev/null | head -n 1) && [ -n "$image" ]; then
  k() { cri exec -i "$image" kubectl "$@"; }
else exit ${NO_KUBECTL}
fi
`;
}

function onHost(files: NodeFiles): string {
  return `kubeconfig=
for file in ${nodeKubeconfigs(files).map(quoted).join(" ")}; do
  if [ -r "$file" ]; then kubeconfig=$file; break; fi
done
[ -n "$kubeconfig" ] || exit ${NO_KUBECONFIG}`;
}

/** kubectl reads its certificates from a file alone: one in memory, that nobody else reads, for as long as the command runs. */
function inMemory(kubeconfig: string): string {
  return `umask 077
kubeconfig=$(mktemp /dev/shm/farrier.XXXXXXXXXX) || exit ${NO_KUBECONFIG}
trap 'rm -f "$kubeconfig"' EXIT
trap 'exit 1' HUP INT TERM
cat >"$kubeconfig" <<'FARRIER_KUBECONFIG'
${kubeconfig.replace(/\n+$/, "")}
FARRIER_KUBECONFIG`;
}
