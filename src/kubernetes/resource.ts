/** Collections of the Kubernetes API, and the paths under which they are served. */

/** A collection: `plural` is the path's word (`deployments`), `group` is "" for the core group. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** Absent for cluster-scoped kinds, and for namespaced kinds to list all namespaces. */
  readonly namespace?: string;
}

/** Path of a collection, an object or a subresource, below the API server's base path. */
export function resourcePath(resource: Resource, name?: string, subresource?: string): string {
  const root = resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const space = resource.namespace === undefined ? "" : `/namespaces/${encodeURIComponent(resource.namespace)}`;
  const object = name === undefined ? "" : `/${encodeURIComponent(name)}`;
  const below = subresource === undefined ? "" : `/${subresource}`;
  return `${root}${space}/${resource.plural}${object}${below}`;
}

/** `deployments/cattle-cluster-agent in cattle-system`: a thing as sentences name it. */
export function describe(resource: Resource, name?: string): string {
  const thing = name === undefined ? resource.plural : `${resource.plural}/${name}`;
  return resource.namespace === undefined ? thing : `${thing} in ${resource.namespace}`;
}

export const configMaps = (namespace: string): Resource => ({
  group: "",
  version: "v1",
  plural: "configmaps",
  namespace,
});
export const pods = (namespace: string): Resource => ({ group: "", version: "v1", plural: "pods", namespace });
/** For access reviews: may it ask pods through the API server? */
export const podProxies = (namespace: string): Resource => ({ ...pods(namespace), plural: "pods/proxy" });
export const secrets = (namespace: string): Resource => ({ group: "", version: "v1", plural: "secrets", namespace });
export const serviceAccounts = (namespace: string): Resource => ({
  group: "",
  version: "v1",
  plural: "serviceaccounts",
  namespace,
});
export const deployments = (namespace: string): Resource => ({
  group: "apps",
  version: "v1",
  plural: "deployments",
  namespace,
});
export const daemonSets = (namespace: string): Resource => ({
  group: "apps",
  version: "v1",
  plural: "daemonsets",
  namespace,
});
export const ingresses = (namespace: string): Resource => ({
  group: "networking.k8s.io",
  version: "v1",
  plural: "ingresses",
  namespace,
});
/** Gateway API, in general use since its version 1.0. */
export const gateways = (namespace: string): Resource => ({
  group: "gateway.networking.k8s.io",
  version: "v1",
  plural: "gateways",
  namespace,
});
export const namespaces: Resource = { group: "", version: "v1", plural: "namespaces" };
export const customResourceDefinitions: Resource = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
};
/** Rancher's settings; `value`, `default` and `source` are top-level fields, there is no spec. */
export const settings: Resource = { group: "management.cattle.io", version: "v3", plural: "settings" };
/** `clusters.management.cattle.io`: there are `clusters` in three other groups too. */
export const managementClusters: Resource = { group: "management.cattle.io", version: "v3", plural: "clusters" };
/** Rancher's API tokens. Their `token` field is a secret: read metadata and expiry only. */
export const rancherTokens: Resource = { group: "management.cattle.io", version: "v3", plural: "tokens" };
