import type { RefreshedCluster, Step } from "../plan.ts";
import { called } from "./context.ts";
import { ownKubectl, tryTokens } from "./own-kubectl.ts";

/** `<cluster>/drop-agent-tokens`: stale tokens of the agent go, so that it is given a new one when it starts. */
export function dropAgentTokens(cluster: RefreshedCluster): Step {
  return {
    id: `${cluster.id}/drop-agent-tokens`,
    kind: "drop-agent-tokens",
    target: cluster.id,
    says: `Remove the agent's tokens that ${called(cluster)} refuses, and those with another ca.crt than its CA.`,
    manual: {
      row: "M2.5",
      commands: [
        ...tryTokens(cluster, "cattle-system", "cattle-token-"),
        `${ownKubectl(cluster)} -n cattle-system delete secret cattle-token-xxxxx  # each that answered 401`,
      ],
    },
    permissions: [`list secrets cattle-system in ${cluster.id}`, `delete secrets cattle-system in ${cluster.id}`],
    undo: { kind: "irreversible", why: "What is removed is refused by the cluster: put back, it would be of no use." },
  };
}
