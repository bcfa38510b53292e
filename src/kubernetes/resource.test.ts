import { expect, describe as group, it } from "vitest";
import { describe, managementClusters, namespaces, type Resource, resourcePath, secrets } from "./resource.ts";

group("the path of what the API serves", () => {
  const rows: [string, Resource, string | undefined, string | undefined][] = [
    ["/api/v1/namespaces", namespaces, undefined, undefined],
    ["/api/v1/namespaces/kube-system", namespaces, "kube-system", undefined],
    ["/api/v1/namespaces/cattle-system/secrets/tls-ca", secrets("cattle-system"), "tls-ca", undefined],
    ["/apis/management.cattle.io/v3/clusters/c-1/status", managementClusters, "c-1", "status"],
    // Names come from people and from other objects: none leads out of its collection.
    ["/api/v1/namespaces/a%2F..%2Fb/secrets/..%2F..%3Fx%23", secrets("a/../b"), "../..?x#", undefined],
  ];
  it.each(rows)("is %s", (path, resource, name, subresource) => {
    expect(resourcePath(resource, name, subresource)).toBe(path);
  });
});

group("a thing is called", () => {
  it.each<[string, Resource, string | undefined]>([
    ["secrets/tls-ca in cattle-system", secrets("cattle-system"), "tls-ca"],
    ["secrets in cattle-system", secrets("cattle-system"), undefined],
    ["namespaces/kube-system", namespaces, "kube-system"],
    ["namespaces", namespaces, undefined],
  ])("%s", (called, resource, name) => {
    expect(describe(resource, name)).toBe(called);
  });
});
