import type { RefreshedCluster, Step } from "../plan.ts";
import { called } from "./context.ts";
import { ownKubectl, tryTokens } from "./own-kubectl.ts";

/** `<cluster>/drop-person-tokens`: what the manual leaves out, and without which every request of every person fails. */
export function dropPersonTokens(cluster: RefreshedCluster): Step {
  const namespace = "cattle-impersonation-system";
  return {
    id: `${cluster.id}/drop-person-tokens`,
    kind: "drop-person-tokens",
    target: cluster.id,
    says: `Remove the tokens for people's requests that ${called(cluster)} refuses; Rancher makes them anew.`,
    manual: {
      row: "M2.5",
      commands: [
        "# The manual leaves these out: one Secret for each person who has used the cluster through Rancher.",
        ...tryTokens(cluster, namespace, "cattle-impersonation-"),
        `${ownKubectl(cluster)} -n ${namespace} delete secret cattle-impersonation-xxxxx-token-xxxxx  # each that answered 401`,
      ],
    },
    permissions: [`list secrets ${namespace} in ${cluster.id}`, `delete secrets ${namespace} in ${cluster.id}`],
    undo: { kind: "irreversible", why: "What is removed is refused by the cluster: put back, it would be of no use." },
  };
}
