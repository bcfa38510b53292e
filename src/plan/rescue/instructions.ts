/** What stands beside the script of a rescue kit, for a person on site who has never heard of Farrier. */
import type { RescueFacts } from "./script.ts";

/** The text of `README.md`; it holds no secret. */
export function rescueInstructions({ cluster, serverUrl, pins }: RescueFacts): string {
  const many = pins.length > 1;
  return `# Rescue kit for cluster ${cluster.name} (${cluster.id})

The Rancher at ${serverUrl} changes its certificate authority. Its agent in this cluster could not be
moved from afar. \`rescue.sh\` does it from here.

## What you need

- A shell on a machine from which \`kubectl\` reaches this cluster as an administrator: a control-plane node will do.
- From there, a way to ${serverUrl} (the cluster itself needs one, too).

## What to do

1. Copy this folder to that machine.
2. \`sh rescue.sh\`

If \`kubectl\` or its kubeconfig is not found, name them:

    KUBECTL=/var/lib/rancher/rke2/bin/kubectl KUBECONFIG=/etc/rancher/rke2/rke2.yaml sh rescue.sh

| on a node of | kubeconfig |
|---|---|
| RKE2 | \`/etc/rancher/rke2/rke2.yaml\` |
| K3s | \`/etc/rancher/k3s/k3s.yaml\` |
| kubeadm | \`/etc/kubernetes/admin.conf\` |

3. It ends with a line that begins with \`DONE\`, or with \`REFUSED\` and the reason. Tell the person who sent you the kit
   which one. It may be run again at any time: what is done already is not done twice.

## What it changes

One value, \`CATTLE_CA_CHECKSUM\` of Deployment \`cattle-cluster-agent\` in namespace \`cattle-system\`${many ? ", and its `minReadySeconds`" : ""}; the same
of the DaemonSets \`cattle-node-agent\` and \`cattle-node-agent-windows\`, where there are any${many ? ", and their update strategy" : ""}. Only to
${many ? "one of these values" : "this value"}, and only if Rancher serves what belongs to it:

${pins.map((pin) => `    ${pin === "" ? "(empty: Rancher serves no certificate authority, and its certificate is a public one)" : pin}`).join("\n")}

It refuses to work on another cluster, or when Rancher serves anything else, or when somebody else changes the agent at
the same time. Nothing in this folder is secret.
`;
}
