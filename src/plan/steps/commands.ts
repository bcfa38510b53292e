/**
 * Parts of the commands that a person would run by hand. They assume a shell in the rotation's directory, the management
 * cluster's own kubeconfig (one that leads through Rancher is cut off by Rancher's restart), and a Rancher API token in
 * RANCHER_TOKEN that outlasts the work. PLAN names the plan where it is not plan.json (a rollback's); AGE_IDENTITY is the
 * file with the owner's identity.
 */
import { CLUSTER_AGENT } from "../../estate/agent.ts";
import type { Epoch } from "../plan.ts";
import { usesSystemStore } from "../system-store.ts";
import type { StepCluster, StepContext } from "./context.ts";

/** Writes an epoch's bundle, byte for byte: another line end or one more newline is another pin. */
export function writeBundle(epoch: Epoch): string {
  return `jq -j '.epochs[] | select(.name=="${epoch.name}").bundle' "\${PLAN:-plan.json}" > cacerts.pem`;
}

/**
 * `kubectl` of a downstream cluster: through Rancher's tunnel (Rancher's certificate is verified with `agents.pem`, which
 * `agentsBundle` writes), or with the cluster's own kubeconfig in OWN_KUBECONFIG: farrier.yaml names it, or the node that
 * has it; one that was downloaded from Rancher has a context for the authorized endpoint.
 */
export function downstream(context: StepContext, { id, reach }: StepCluster): string {
  if (reach === "direct" || reach === "endpoint" || reach === "ssh") return `kubectl --kubeconfig="$OWN_KUBECONFIG"`;
  const server = `${context.estate.serverUrl}/k8s/clusters/${id}`;
  return `kubectl --kubeconfig=/dev/null --server='${server}' --token="$RANCHER_TOKEN" --certificate-authority=agents.pem`;
}

/** Everything that any epoch of the plan trusts: enough to verify Rancher at any moment of the rotation. */
export function agentsBundle(): string {
  return `jq -r '.epochs[] | .bundle, .systemRoots // ""' "\${PLAN:-plan.json}" > agents.pem`;
}

/**
 * What a sealed file holds, on stdout. The owner's identity opens the rotation's key only, and that opens everything else;
 * the key goes from one `age` to the other and never to the disk.
 */
export function unseal(file: string): string {
  return `age -d -i "$AGE_IDENTITY" backups/rotation-key.age | age -d -i - ${file}`;
}

/**
 * The one strategic-merge patch that sets a pin.
 * @param minReadySeconds for arming: the pin of a bundle that is not served yet would lose the cluster without it
 */
export function pinPatch(pin: string, minReadySeconds?: number): string {
  const { container, pinVariable } = CLUSTER_AGENT;
  const containers = [{ name: container, env: [{ name: pinVariable, value: pin }] }];
  return JSON.stringify({
    spec: { ...(minReadySeconds === undefined ? {} : { minReadySeconds }), template: { spec: { containers } } },
  });
}

/** `pin 0123456789ab…`, as it stands in {@link AGENT_PODS}. */
export function pinCalled({ pin }: Pick<Epoch, "pin">): string {
  return pin === "" ? "an empty pin" : `pin ${pin.slice(0, 12)}…`;
}

/** What every replica must answer; the hash is taken the way that agents take it (one newline behind the value). */
export function compareServed(context: StepContext, epoch: Epoch): string {
  const url = `${context.estate.serverUrl}/v3/settings/cacerts`;
  if (usesSystemStore(epoch)) return `curl -fsS --cacert agents.pem '${url}' | jq .value  # ""`;
  return `curl -fsS --cacert agents.pem '${url}' | jq -r .value | sha256sum  # ${epoch.pin}`;
}

/** Restarts Rancher and waits for it. */
export function restartRancher(context: Pick<StepContext, "rancher">): string[] {
  const { namespace, deployment } = context.rancher;
  return [
    `kubectl -n ${namespace} rollout restart deployment/${deployment}`,
    `kubectl -n ${namespace} rollout status deployment/${deployment} --timeout=15m`,
  ];
}

/** A command on the cluster agent's Deployment: `onAgent(kubectl, "rollout status")`. */
export function onAgent(kubectl: string, verb: string): string {
  return `${kubectl} -n ${CLUSTER_AGENT.namespace} ${verb} deployment/${CLUSTER_AGENT.deployment}`;
}

/** Every pod with its pin and state. */
export const AGENT_PODS = `-n ${CLUSTER_AGENT.namespace} get pods -l app=${CLUSTER_AGENT.deployment} -o custom-columns='NAME:.metadata.name,READY:.status.containerStatuses[*].ready,RESTARTS:.status.containerStatuses[*].restartCount,PIN:.spec.containers[0].env[?(@.name=="${CLUSTER_AGENT.pinVariable}")].value'`;

/** A command on the node agents' DaemonSet. */
export function onNodeAgents(kubectl: string, verb: string): string {
  return `${kubectl} -n ${CLUSTER_AGENT.namespace} ${verb} daemonset/cattle-node-agent`;
}

/** The one patch that arms node agents; their container is called `agent` (pkg/systemtemplate, up to Rancher 2.11). */
export function nodePinPatch(pin: string, minReadySeconds: number): string {
  const containers = [{ name: "agent", env: [{ name: CLUSTER_AGENT.pinVariable, value: pin }] }];
  const updateStrategy = { type: "OnDelete", rollingUpdate: null };
  return JSON.stringify({ spec: { updateStrategy, minReadySeconds, template: { spec: { containers } } } });
}

/** Every pod of the namespace with its node, state and pin. */
export const NODE_AGENT_PODS = `-n ${CLUSTER_AGENT.namespace} get pods -o custom-columns='NAME:.metadata.name,NODE:.spec.nodeName,READY:.status.containerStatuses[*].ready,PIN:.spec.containers[0].env[?(@.name=="${CLUSTER_AGENT.pinVariable}")].value'`;
