/** What there is to talk to: /api, /apis, the resources of each version, /version. Made once per table of kinds. */

import { hasBinding } from "./binding.ts";
import type { KindTable, ResourceKind } from "./kinds.ts";
import { REVIEWS } from "./reviews.ts";
import { hasScale } from "./scale.ts";

const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const STATUS_VERBS = ["get", "patch", "update"];

const DOCUMENTS = new WeakMap<KindTable, ReadonlyMap<string, string>>();

/** The JSON text that answers a discovery path, or undefined if it is not one. */
export function discoveryDocument(kinds: KindTable, path: string): string | undefined {
  const documents = DOCUMENTS.get(kinds) ?? allDocuments(kinds);
  DOCUMENTS.set(kinds, documents);
  return documents.get(path);
}

/** `/version`, as kubectl and Rancher read it. */
export function versionDocument(gitVersion: string): object {
  const [, major = "1", minor = "0"] = /^v?(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  return {
    major,
    minor,
    gitVersion,
    gitCommit: "0000000000000000000000000000000000000000",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: "go1.23.8",
    compiler: "gc",
    platform: "linux/amd64",
  };
}

function allDocuments(kinds: KindTable): ReadonlyMap<string, string> {
  const groups = [...new Set([...kinds.groups(), ...REVIEWS.map((review) => review.group)])].filter(
    (each) => each !== "",
  );
  const documents = new Map<string, object>();
  const addressed = { clientCIDR: "0.0.0.0/0", serverAddress: "" };
  documents.set("/api", { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [addressed] });
  documents.set("/api/v1", resourceList("v1", kinds.in("", "v1"), []));
  documents.set("/apis", {
    kind: "APIGroupList",
    apiVersion: "v1",
    groups: groups.map((group) => apiGroup(kinds, group)),
  });
  for (const group of groups) {
    documents.set(`/apis/${group}`, { kind: "APIGroup", apiVersion: "v1", ...apiGroup(kinds, group) });
    for (const version of versionsOf(kinds, group)) {
      const reviews = version === "v1" ? REVIEWS.filter((review) => review.group === group) : [];
      documents.set(
        `/apis/${group}/${version}`,
        resourceList(`${group}/${version}`, kinds.in(group, version), reviews),
      );
    }
  }
  return new Map([...documents].map(([path, document]) => [path, JSON.stringify(document)]));
}

function apiGroup(kinds: KindTable, name: string): object {
  const versions = versionsOf(kinds, name).map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0] };
}

function versionsOf(kinds: KindTable, group: string): readonly string[] {
  const versions = kinds.versions(group);
  return versions.length === 0 ? ["v1"] : versions;
}

function resourceList(
  groupVersion: string,
  kinds: readonly ResourceKind[],
  reviews: (typeof REVIEWS)[number][],
): object {
  const resources = [
    ...kinds.flatMap(resourcesOf),
    ...reviews.map(({ resource, kind }) => ({
      name: resource,
      singularName: kind.toLowerCase(),
      namespaced: false,
      kind,
      verbs: ["create"],
    })),
  ];
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources };
}

function resourcesOf(kind: ResourceKind): readonly object[] {
  const { resource, singular, namespaced, shortNames, categories } = kind;
  const main = {
    name: resource,
    singularName: singular,
    namespaced,
    kind: kind.kind,
    verbs: VERBS,
    ...(shortNames === undefined ? {} : { shortNames }),
    ...(categories === undefined ? {} : { categories }),
    storageVersionHash: "",
  };
  const sub = (name: string, verbs: readonly string[]) => ({
    name: `${resource}/${name}`,
    singularName: "",
    namespaced,
    kind: kind.kind,
    verbs,
  });
  return [
    main,
    ...(kind.statusSubresource ? [sub("status", STATUS_VERBS)] : []),
    ...(hasScale(kind) ? [{ ...sub("scale", STATUS_VERBS), group: "autoscaling", version: "v1", kind: "Scale" }] : []),
    ...(hasBinding(kind) ? podsOwn(sub) : []),
  ];
}

function podsOwn<T extends object>(sub: (name: string, verbs: readonly string[]) => T): readonly object[] {
  return [
    { ...sub("binding", ["create"]), kind: "Binding" },
    { ...sub("exec", ["create", "get"]), kind: "PodExecOptions" },
    sub("log", ["get"]),
  ];
}
