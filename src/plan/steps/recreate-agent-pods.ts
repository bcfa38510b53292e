import type { RefreshedCluster, Step } from "../plan.ts";
import { called } from "./context.ts";
import { ownKubectl } from "./own-kubectl.ts";

/**
 * `<cluster>/recreate-agent-pods`: newer agents make their token when they start, and report it once a process.
 * @param makesToken whether agents of the version do so; Kubernetes ≥ 1.24 makes none for earlier ones
 */
export function recreateAgentPods(cluster: RefreshedCluster, { makesToken }: { readonly makesToken: boolean }): Step {
  const kubectl = ownKubectl(cluster);
  return {
    id: `${cluster.id}/recreate-agent-pods`,
    kind: "recreate-agent-pods",
    target: cluster.id,
    says: `Recreate the pods of ${called(cluster)} that use the agent's account or a removed Secret, and wait for a token that the cluster accepts.`,
    manual: {
      row: "M2.6",
      commands: [
        ...(makesToken ? [] : givenToken(kubectl)),
        "# Only while each pod's CATTLE_CA_CHECKSUM is that of the served bundle: another one would not come back.",
        `${kubectl} -n cattle-system get pods -o custom-columns='NAME:.metadata.name,ACCOUNT:.spec.serviceAccountName,PIN:.spec.containers[0].env[?(@.name=="CATTLE_CA_CHECKSUM")].value'`,
        `${kubectl} -n cattle-system delete pods --field-selector spec.serviceAccountName=cattle`,
        `${kubectl} -n cattle-system get secret --watch`,
      ],
    },
    permissions: [
      `list pods cattle-system in ${cluster.id}`,
      `delete pods cattle-system in ${cluster.id}`,
      `watch secrets cattle-system in ${cluster.id}`,
      ...(makesToken
        ? []
        : ["create secrets", "get serviceaccounts", "patch serviceaccounts"].map(
            (verb) => `${verb} cattle-system in ${cluster.id}`,
          )),
    ],
    undo: { kind: "nothing-to-undo" },
  };
}

/** What Kubernetes made by itself before 1.24, and such an agent looks for. */
function givenToken(kubectl: string): string[] {
  const secret =
    "{apiVersion: v1, kind: Secret, type: kubernetes.io/service-account-token, " +
    "metadata: {name: cattle-token-new, namespace: cattle-system, annotations: {kubernetes.io/service-account.name: cattle}}}";
  return [
    "# Only where Kubernetes (≥ 1.24) has made no new Secret for the account by itself:",
    `echo '${secret}' | ${kubectl} create -f -`,
    `${kubectl} -n cattle-system patch serviceaccount cattle --type=merge -p '{"secrets":[{"name":"cattle-token-new"}]}'`,
  ];
}
