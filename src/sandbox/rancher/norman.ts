import type { KubeObject } from "../cluster-client.ts";

/** The shapes in which Rancher's API under /v3 gives its objects, as recorded from a running one. */
export type NormanObject = Readonly<Record<string, unknown>>;

/** @param base `https://<server>` */
export function settingOf(setting: KubeObject, base: string): NormanObject {
  const value = typeof setting.value === "string" ? setting.value : "";
  const fallback = typeof setting.default === "string" ? setting.default : "";
  const fromEnvironment = setting.source === "env";
  const self = `${base}/v3/settings/${setting.metadata.name}`;
  return {
    baseType: "setting",
    ...created(setting),
    creatorId: null,
    customized: value !== "",
    default: fallback,
    id: setting.metadata.name,
    links: { remove: self, self },
    name: setting.metadata.name,
    source: fromEnvironment ? "env" : value === "" ? "default" : "db",
    type: "setting",
    uuid: setting.metadata.uid,
    value: value || fallback,
  };
}

export function clusterOf(cluster: KubeObject, base: string): NormanObject {
  const { displayName, ...spec } = recordOf(cluster.spec);
  const status = recordOf(cluster.status);
  const id = cluster.metadata.name;
  const self = `${base}/v3/clusters/${id}`;
  const { state, message } = stateOf(status);
  return {
    ...spec,
    ...status,
    ...created(cluster),
    actions: { generateKubeconfig: `${self}?action=generateKubeconfig`, importYaml: `${self}?action=importYaml` },
    annotations: cluster.metadata.annotations ?? {},
    baseType: "cluster",
    creatorId: cluster.metadata.annotations?.["field.cattle.io/creatorId"] ?? null,
    id,
    labels: cluster.metadata.labels ?? {},
    links: { remove: self, self, update: self, clusterRegistrationTokens: `${self}/clusterregistrationtokens` },
    name: displayName,
    state,
    transitioning: state === "unavailable" ? "error" : "no",
    transitioningMessage: message,
    type: "cluster",
    uuid: cluster.metadata.uid,
  };
}

export function tokenOf(token: KubeObject, options: { base: string; current: boolean; now: Date }): NormanObject {
  const name = token.metadata.name;
  const self = `${options.base}/v3/tokens/${name}`;
  const expiresAt = typeof token.expiresAt === "string" ? token.expiresAt : "";
  return {
    authProvider: token.authProvider ?? "local",
    baseType: "token",
    clusterId: null,
    ...created(token),
    creatorId: null,
    current: options.current,
    description: token.description ?? "",
    enabled: true,
    expired: expiresAt !== "" && Date.parse(expiresAt) <= options.now.getTime(),
    expiresAt,
    id: name,
    isDerived: token.isDerived ?? true,
    labels: token.metadata.labels ?? {},
    links: { remove: self, self, update: self },
    name,
    ttl: token.ttl ?? 0,
    type: "token",
    userId: token.userId,
    uuid: token.metadata.uid,
  };
}

export function userOf(user: KubeObject, options: { base: string; me: boolean }): NormanObject {
  const name = user.metadata.name;
  const self = `${options.base}/v3/users/${name}`;
  return {
    baseType: "user",
    ...created(user),
    creatorId: null,
    enabled: true,
    id: name,
    links: { remove: self, self, update: self },
    me: options.me,
    name: user.displayName ?? "",
    principalIds: user.principalIds ?? [`local://${name}`],
    state: "active",
    type: "user",
    username: user.username,
    uuid: user.metadata.uid,
  };
}

/** @param token the token itself, which this API fills in for the literal `{token}` of the stored object */
export function registrationTokenOf(object: KubeObject, options: { base: string; token: string }): NormanObject {
  const namespace = object.metadata.namespace ?? "";
  const id = `${namespace}:${object.metadata.name}`;
  const self = `${options.base}/v3/clusterRegistrationTokens/${id}`;
  const filled = Object.entries(recordOf(object.status)).map(([name, value]) => [
    name,
    typeof value === "string" ? value.replaceAll("{token}", options.token) : value,
  ]);
  return {
    baseType: "clusterRegistrationToken",
    clusterId: namespace,
    ...Object.fromEntries(filled),
    ...created(object),
    creatorId: null,
    id,
    links: { remove: self, self, update: self },
    name: object.metadata.name,
    namespaceId: null,
    state: "active",
    token: options.token,
    transitioning: "no",
    transitioningMessage: "",
    type: "clusterRegistrationToken",
    uuid: object.metadata.uid,
  };
}

/** @param resourceType as in `cluster`; @param self the address that was asked */
export function collectionOf(resourceType: string, self: string, data: readonly NormanObject[]): NormanObject {
  return {
    type: "collection",
    links: { self },
    actions: {},
    pagination: { limit: 1000, total: data.length },
    sort: { order: "asc" },
    resourceType,
    data,
  };
}

/** @param code such as `NotFound` */
export function normanError(status: number, code: string, message: string): NormanObject {
  return { baseType: "error", code, message, status, type: "error" };
}

/** An object's member that should be an object itself; an empty one if it is not. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function created(object: KubeObject): NormanObject {
  const time = object.metadata.creationTimestamp ?? "";
  return { created: time, createdTS: Date.parse(time) };
}

function stateOf(status: Readonly<Record<string, unknown>>): { state: string; message: string } {
  const conditions = Array.isArray(status.conditions) ? status.conditions.map(recordOf) : [];
  const ready = conditions.find((condition) => condition.type === "Ready");
  if (ready?.status === "True") return { state: "active", message: "" };
  if (ready?.status === "False") return { state: "unavailable", message: String(ready.message ?? "") };
  return { state: "pending", message: "" };
}
