import { stringify } from "yaml";

/**
 * The kubeconfig that Rancher makes for a user. It embeds the trust bundle of this moment, so everything that was
 * downloaded before a switch must be fetched again (rancher.md §0a row 22).
 */
export function userKubeconfig(
  clusterId: string,
  facts: { readonly server: string; readonly bundle: string; readonly token: string },
): string {
  const authority =
    facts.bundle === "" ? {} : { "certificate-authority-data": Buffer.from(facts.bundle).toString("base64") };
  const server = `${facts.server}/k8s/clusters/${clusterId}`;
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: clusterId, cluster: { server, ...authority } }],
    users: [{ name: clusterId, user: { token: facts.token } }],
    contexts: [{ name: clusterId, context: { cluster: clusterId, user: clusterId } }],
    "current-context": clusterId,
  });
}

/** `spec.localClusterAuthEndpoint` of a cluster. */
export interface AuthorizedEndpoint {
  /** Host, with a port where it is not 443. */
  readonly fqdn: string;
  /** What the endpoint is verified with, PEM. */
  readonly caCerts: string;
}

/**
 * The kubeconfig of a cluster with an authorized endpoint: a second context, `<name>-fqdn`, leads past Rancher
 * (pkg/kubeconfig, ForClusterTokenBased). Without a token where Rancher makes none (setting kubeconfig-generate-token).
 */
export function endpointKubeconfig(
  cluster: { readonly id: string; readonly name: string; readonly endpoint: AuthorizedEndpoint },
  facts: { readonly server: string; readonly bundle: string; readonly token: string | undefined },
): string {
  const { id, name, endpoint } = cluster;
  const entry = (called: string, server: string, ca: string) => ({
    name: called,
    cluster: { server, ...(ca === "" ? {} : { "certificate-authority-data": Buffer.from(ca).toString("base64") }) },
  });
  const user =
    facts.token === undefined
      ? { exec: { apiVersion: "client.authentication.k8s.io/v1beta1", command: "rancher", args: ["token"] } }
      : { token: facts.token };
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      entry(name, `${facts.server}/k8s/clusters/${id}`, facts.bundle),
      entry(`${name}-fqdn`, `https://${endpoint.fqdn}`, endpoint.caCerts),
    ],
    users: [{ name, user }],
    contexts: [name, `${name}-fqdn`].map((called) => ({ name: called, context: { cluster: called, user: name } })),
    "current-context": name,
  });
}
