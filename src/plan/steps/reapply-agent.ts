import type { Epoch, Step } from "../plan.ts";
import { AGENT_PODS, agentsBundle, downstream } from "./commands.ts";
import { called, type StepCluster, type StepContext } from "./context.ts";

/**
 * `<cluster>/reapply-agent@<epoch>`: the last resort, where the agent's Deployment is missing, or the Secret with its
 * credentials: what is missing is made from Rancher's registration manifest, past the tunnel; then Rancher redeploys the
 * agent itself.
 */
export function reapplyAgent(
  context: StepContext,
  cluster: StepCluster & { readonly missingCredentials?: string },
  epoch: Epoch,
): Step {
  const kubectl = downstream(context, cluster);
  const { missingCredentials } = cluster;
  const what =
    missingCredentials === undefined
      ? `the missing agent of ${called(cluster)}`
      : `the missing Secret ${missingCredentials} of the agent of ${called(cluster)}`;
  return {
    id: `${cluster.id}/reapply-agent@${epoch.name}`,
    kind: "reapply-agent",
    target: cluster.id,
    epoch: epoch.name,
    says: `Make ${what} anew from Rancher's registration manifest, then have Rancher redeploy it.`,
    manual: {
      row: "M1.12",
      commands: [
        agentsBundle(),
        `# REGISTRATION_TOKEN: of Secret ${cluster.id}/crt-token-system, or status.token of the ClusterRegistrationToken.`,
        `curl -fsS --cacert agents.pem "${context.estate.serverUrl}/v3/import/\${REGISTRATION_TOKEN}_${cluster.id}.yaml" > agent.yaml`,
        ...(missingCredentials === undefined
          ? []
          : [
              "# The manifest gives the Secret a name of its own; the Deployment mounts it by this one.",
              `sed -i 's/cattle-credentials-[0-9a-f][0-9a-f]*/${missingCredentials}/' agent.yaml`,
            ]),
        "# create, not apply: what is there already stays as it is, features, tolerations and resources included.",
        `${kubectl} create -f agent.yaml`,
        "# The manifest lacks CATTLE_FEATURES: once the tunnel is up, Rancher's own redeploy brings it.",
        `kubectl annotate clusters.management.cattle.io ${cluster.id} io.cattle.agent.force.deploy=true --overwrite`,
        `${kubectl} ${AGENT_PODS}`,
      ],
    },
    permissions: [
      `list clusterregistrationtokens.management.cattle.io ${cluster.id}`,
      `get secrets ${cluster.id}`,
      "get clusters.management.cattle.io",
      "patch clusters.management.cattle.io",
      `create deployments.apps cattle-system in ${cluster.id}`,
      `create secrets cattle-system in ${cluster.id}`,
    ],
    undo: { kind: "irreversible", why: "A cluster without its agent is what it was; nobody wants that back." },
  };
}
