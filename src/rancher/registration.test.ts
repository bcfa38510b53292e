import { describe, expect, it } from "vitest";
import { completedDeployment, manifestObjects, resourceOf } from "./registration.ts";

const manifest = `---
apiVersion: v1
kind: Namespace
metadata:
  name: cattle-system
---

---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: cattle-cluster-agent
  namespace: cattle-system
spec:
  template:
    spec:
      tolerations:
        - key: node-role.kubernetes.io/control-plane
          operator: Exists
      containers:
        - name: cluster-register
          image: registry.example.test/rancher/rancher-agent:v2.15.1
          env:
            - name: CATTLE_SERVER
              value: https://rancher.example.test
        - name: beside
          env: []
`;

const objects = manifestObjects(manifest);
const [, deployment] = objects;
if (deployment === undefined) throw new Error("the manifest has a Deployment");

describe("a registration manifest", () => {
  it("is read object by object; empty documents are none", () => {
    expect(objects.map(({ kind }) => kind)).toEqual(["Namespace", "Deployment"]);
  });

  it.each([
    ["that is cut off", "apiVersion: v1\nmetadata: {name: "],
    ["that is a page of something else", "<html>no such page</html>"],
    ["that has an object without a name", "apiVersion: v1\nkind: Secret\nmetadata: {}\n"],
  ])("%s is refused, and none of its words are repeated", (_, text) => {
    expect(() => manifestObjects(text)).toThrow(/^Rancher's registration manifest is not what it should be\.$/);
  });

  it("says where each object belongs", () => {
    expect(objects.map(resourceOf)).toEqual([
      { group: "", version: "v1", plural: "namespaces" },
      { group: "apps", version: "v1", plural: "deployments", namespace: "cattle-system" },
    ]);
    const strange = { apiVersion: "v9/x", kind: "Gadget", metadata: { name: "one" } };
    expect(() => resourceOf(strange)).toThrow(/a Gadget, which Farrier does not know/);
  });
});

describe("the Deployment of a manifest", () => {
  const cluster = {
    metadata: { name: "c-1" },
    spec: {
      clusterAgentDeploymentCustomization: {
        appendTolerations: [{ key: "dedicated", operator: "Exists" }],
        overrideResourceRequirements: { limits: { memory: "1Gi" } },
        overrideAffinity: { nodeAffinity: {} },
      },
    },
    status: { agentFeatures: { turtles: false, "multi-cluster-management-agent": true } },
  };

  it("gets the features and the cluster's own wishes, and keeps its registry", () => {
    expect(completedDeployment(deployment, cluster)).toMatchObject({
      spec: {
        template: {
          spec: {
            affinity: { nodeAffinity: {} },
            tolerations: [
              { key: "node-role.kubernetes.io/control-plane", operator: "Exists" },
              { key: "dedicated", operator: "Exists" },
            ],
            containers: [
              {
                name: "cluster-register",
                image: "registry.example.test/rancher/rancher-agent:v2.15.1",
                resources: { limits: { memory: "1Gi" } },
                env: [
                  { name: "CATTLE_FEATURES", value: "multi-cluster-management-agent=true,turtles=false" },
                  { name: "CATTLE_SERVER", value: "https://rancher.example.test" },
                ],
              },
              { name: "beside", env: [] },
            ],
          },
        },
      },
    });
  });

  it("of a cluster without any is as Rancher gave it", () => {
    const plain = { metadata: { name: "c-1" }, spec: {}, status: {} };
    expect(completedDeployment(deployment, plain)).toEqual(deployment);
  });
});
