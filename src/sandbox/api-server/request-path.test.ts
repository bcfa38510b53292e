import { describe, expect, test } from "vitest";
import { representationFor } from "./negotiation.ts";
import { parseRequestPath } from "./request-path.ts";

const none = { namespace: "", name: "", subresource: "" };

const paths: readonly { path: string; means: object }[] = [
  { path: "/", means: { kind: "other", path: "/" } },
  { path: "/api", means: { kind: "other", path: "/api" } },
  { path: "/apis/apps/v1", means: { kind: "other", path: "/apis/apps/v1" } },
  { path: "/healthz", means: { kind: "other", path: "/healthz" } },
  { path: "/api/v1/pods", means: { kind: "resource", group: "", version: "v1", resource: "pods", ...none } },
  {
    path: "/api/v1/namespaces/default",
    means: { kind: "resource", group: "", version: "v1", resource: "namespaces", ...none, name: "default" },
  },
  {
    path: "/api/v1/namespaces/default/status",
    means: {
      kind: "resource",
      group: "",
      version: "v1",
      resource: "namespaces",
      namespace: "",
      name: "default",
      subresource: "status",
    },
  },
  {
    path: "/api/v1/namespaces/default/pods/",
    means: { kind: "resource", group: "", version: "v1", resource: "pods", ...none, namespace: "default" },
  },
  {
    path: "/api/v1/namespaces/default/pods/one/log",
    means: {
      kind: "resource",
      group: "",
      version: "v1",
      resource: "pods",
      namespace: "default",
      name: "one",
      subresource: "log",
    },
  },
  {
    path: "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Abasic",
    means: {
      kind: "resource",
      group: "rbac.authorization.k8s.io",
      version: "v1",
      resource: "clusterroles",
      ...none,
      name: "system:basic",
    },
  },
  {
    path: "/apis/management.cattle.io/v3/clusters/local/status",
    means: {
      kind: "resource",
      group: "management.cattle.io",
      version: "v3",
      resource: "clusters",
      namespace: "",
      name: "local",
      subresource: "status",
    },
  },
  {
    path: "/api/v1/pods/%E0%A4%A",
    means: { kind: "resource", group: "", version: "v1", resource: "pods", ...none, name: "%E0%A4%A" },
  },
];

const accepts: readonly { accept: string | undefined; gives: object }[] = [
  { accept: undefined, gives: { kind: "object" } },
  { accept: "*/*", gives: { kind: "object" } },
  { accept: "application/vnd.kubernetes.protobuf,application/json", gives: { kind: "object" } },
  { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json", gives: { kind: "table", version: "v1" } },
  { accept: "application/json;as=Table;v=v9;g=meta.k8s.io,application/json", gives: { kind: "object" } },
  {
    accept: "application/json; as=PartialObjectMetadataList; v=v1; g=meta.k8s.io",
    gives: { kind: "metadata", version: "v1" },
  },
];

describe("a path", () => {
  for (const { path, means } of paths) {
    test(path, () => expect(parseRequestPath(path)).toEqual(means));
  }
});

describe("an Accept header", () => {
  for (const { accept, gives } of accepts) {
    test(String(accept), () => expect(representationFor(accept)).toEqual(gives));
  }
  for (const accept of ["text/html", "application/vnd.kubernetes.protobuf", "application/json;as=Table;v=v1;g=other"]) {
    test(`${accept} cannot be met`, () => {
      expect(() => representationFor(accept)).toThrow(expect.objectContaining({ status: 406 }));
    });
  }
});
