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
    ["whose first document is good and whose second is cut off", "metadata: {name: a}\n---\nmetadata: {name: "],
    ["that is a list of objects", "- {metadata: {name: a}}\n"],
  ])("%s is refused, and none of its words are repeated", (_, text) => {
    const sentence = "Rancher's registration manifest is not what it should be.";
    const refusal = { code: "step.failed", exitCode: 1, message: sentence };
    expect(() => manifestObjects(text)).toThrow(expect.objectContaining(refusal));
  });

  it("that is empty holds nothing", () => {
    expect(manifestObjects("")).toEqual([]);
    expect(manifestObjects("---\n---\n# nothing\n")).toEqual([]);
  });

  it("puts what names no namespace into the agent's", () => {
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "cattle" } };
    expect(resourceOf(account)).toEqual({
      group: "",
      version: "v1",
      plural: "serviceaccounts",
      namespace: "cattle-system",
    });
    const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "a" } };
    expect(resourceOf(role)).toEqual({ group: "rbac.authorization.k8s.io", version: "v1", plural: "clusterroles" });
  });

  it("says where each object belongs", () => {
    expect(objects.map(resourceOf)).toEqual([
      { group: "", version: "v1", plural: "namespaces" },
      { group: "apps", version: "v1", plural: "deployments", namespace: "cattle-system" },
    ]);
    const strange = { apiVersion: "v9/x", kind: "Gadget", metadata: { name: "one" } };
    const message = "Rancher's registration manifest holds a Gadget, which Farrier does not know.";
    expect(() => resourceOf(strange)).toThrow(expect.objectContaining({ code: "step.failed", message }));
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

  it("loses the features of the manifest to those that Rancher has recorded, in their order", () => {
    const own = manifestObjects(
      manifest.replace(
        "- name: CATTLE_SERVER",
        "- {name: CATTLE_FEATURES, value: old}\n            - name: CATTLE_SERVER",
      ),
    )[1];
    if (own === undefined) throw new Error("the manifest has a Deployment");
    const features = { c: true, a: false, b: true };
    const known = { metadata: { name: "c-1" }, status: { agentFeatures: features } };
    expect(JSON.stringify(completedDeployment(own, known))).toContain(
      '"env":[{"name":"CATTLE_FEATURES","value":"a=false,b=true,c=true"},{"name":"CATTLE_SERVER"',
    );
  });

  it("is left as it is where it, or the cluster, is of a shape that is not known", () => {
    const odd = { ...deployment, spec: { template: {} } };
    expect(completedDeployment(odd, cluster)).toBe(odd);
    expect(completedDeployment(deployment, { ...cluster, status: { agentFeatures: "all" } })).toBe(deployment);
    expect(completedDeployment(deployment, undefined)).toBe(deployment);
  });

  it("takes no wish that is null for one", () => {
    const wishes = { appendTolerations: null, overrideAffinity: null, overrideResourceRequirements: null };
    const plain = { metadata: { name: "c-1" }, spec: { clusterAgentDeploymentCustomization: wishes } };
    expect(completedDeployment(deployment, plain)).toEqual(deployment);
  });
});
