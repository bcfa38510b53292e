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
