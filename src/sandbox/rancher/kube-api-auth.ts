/**
 * Rancher's tokens at a cluster's own API server: kube-api-auth, a webhook for which Rancher keeps a ClusterAuthToken in
 * the cluster, one for each token that was made for it (pkg/controllers/managementuser/clusterauthtoken).
 */
import type { User } from "../api-server/authorization.ts";
import type { KubeObject, NewObject, ResourceRef } from "../cluster-client.ts";
import { hashedToken } from "./authentication.ts";

export const AUTH_TOKENS: ResourceRef = {
  group: "cluster.cattle.io",
  version: "v3",
  resource: "clusterauthtokens",
  namespace: "cattle-system",
};

/** What Rancher puts into the cluster for one of its tokens, its secret hashed. */
export function clusterAuthToken(token: KubeObject): NewObject {
  return {
    apiVersion: "cluster.cattle.io/v3",
    kind: "ClusterAuthToken",
    metadata: { name: token.metadata.name, namespace: "cattle-system" },
    userName: token.userId,
    hash: token.token,
    enabled: true,
    expiresAt: token.expiresAt ?? "",
  };
}

/** @param stored the ClusterAuthToken of a name. @returns whose token it is; undefined for one that is refused */
export function kubeApiAuth(
  stored: (name: string) => KubeObject | undefined,
  now: () => Date,
): (token: string) => User | undefined {
  return (token) => {
    const [name = "", secret = ""] = token.split(":");
    const known = stored(name);
    if (known === undefined || known.enabled !== true || known.hash !== hashedToken(secret)) return undefined;
    const expiresAt = typeof known.expiresAt === "string" ? known.expiresAt : "";
    if (expiresAt !== "" && Date.parse(expiresAt) <= now().getTime()) return undefined;
    return { name: String(known.userName), groups: ["system:authenticated"] };
  };
}
