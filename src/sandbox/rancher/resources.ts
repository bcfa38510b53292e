import type { ResourceRef } from "../cluster-client.ts";

const MANAGEMENT = { group: "management.cattle.io", version: "v3" } as const;

/** The collections that the simulated Rancher reads and writes. */
export const SETTINGS: ResourceRef = { ...MANAGEMENT, resource: "settings" };
export const CLUSTERS: ResourceRef = { ...MANAGEMENT, resource: "clusters" };
export const TOKENS: ResourceRef = { ...MANAGEMENT, resource: "tokens" };
export const USERS: ResourceRef = { ...MANAGEMENT, resource: "users" };
export const NODES: ResourceRef = { group: "", version: "v1", resource: "nodes" };

export function registrationTokens(namespace: string): ResourceRef {
  return { ...MANAGEMENT, resource: "clusterregistrationtokens", namespace };
}

/** Every registration token of the estate, in whatever namespace. */
export const ALL_REGISTRATION_TOKENS: ResourceRef = { ...MANAGEMENT, resource: "clusterregistrationtokens" };

/** A namespaced collection of the core group. */
export function core(resource: string, namespace: string): ResourceRef {
  return { group: "", version: "v1", resource, namespace };
}

/** A namespaced collection of the group `apps`. */
export function apps(resource: string, namespace: string): ResourceRef {
  return { group: "apps", version: "v1", resource, namespace };
}
