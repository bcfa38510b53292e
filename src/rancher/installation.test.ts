import { describe, expect, it } from "vitest";
import { readDeployment } from "../kubernetes/deployment.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import {
  hasStatusSubresource,
  isRancherServer,
  isRollingOut,
  readIngress,
  tlsSourceOf,
  trustSecretOf,
} from "./installation.ts";
import { agentTlsModeOf, settingOf } from "./settings.ts";

/** As Rancher's chart made it with `privateCA: true`, shortened. */
const recorded = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {
    name: "rancher",
    namespace: "cattle-system",
    generation: 15,
    labels: { app: "rancher", chart: "rancher-2.15.1", release: "rancher" },
  },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: "rancher" } },
    template: {
      metadata: { labels: { app: "rancher" } },
      spec: {
        containers: [{ name: "rancher", image: "rancher/rancher:v2.15.1", args: ["--add-local=true"] }],
        serviceAccountName: "rancher",
        volumes: [
          { name: "rancher-charts", emptyDir: {} },
          { name: "tls-ca-volume", secret: { secretName: "tls-ca" } },
        ],
      },
    },
  },
  status: { observedGeneration: 15, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 },
};

function deployment(object: KubeObject) {
  const parsed = readDeployment(object);
  if (parsed === undefined) throw new Error("not a Deployment");
  return parsed;
}

describe("Rancher's Deployment", () => {
  it("names the Secret of its bundle where the chart has privateCA", () => {
    expect(trustSecretOf(deployment(recorded))).toBe("tls-ca");
    const { spec } = recorded;
    const without = {
      ...recorded,
      spec: { ...spec, template: { ...spec.template, spec: { ...spec.template.spec, volumes: [] } } },
    };
    expect(trustSecretOf(deployment(without))).toBeUndefined();
  });

  it.each([
    { name: "at rest", status: recorded.status, rolling: false },
    { name: "not yet seen by its controller", status: { ...recorded.status, observedGeneration: 14 }, rolling: true },
    { name: "with an old pod left", status: { ...recorded.status, replicas: 2 }, rolling: true },
    {
      name: "with a new pod that is not available",
      status: { ...recorded.status, availableReplicas: 0 },
      rolling: true,
    },
  ])("$name", ({ status, rolling }) => {
    expect(isRollingOut(deployment({ ...recorded, status }))).toBe(rolling);
  });

  it.each([
    { name: "by its chart", image: "registry.example/mirror/server:1", chart: "rancher-2.15.1", is: true },
    { name: "by its image", image: "registry.example/rancher/rancher:v2.15.1", chart: "", is: true },
    { name: "not the webhook", image: "rancher/rancher-webhook:v0.11.0", chart: "rancher-webhook-109.0.0", is: false },
  ])("is recognised $name", ({ image, chart, is }) => {
    const { spec } = recorded;
    const object = {
      ...recorded,
      metadata: { ...recorded.metadata, labels: { chart } },
      spec: {
        ...spec,
        template: { ...spec.template, spec: { ...spec.template.spec, containers: [{ name: "c", image }] } },
      },
    };
    expect(isRancherServer(object, deployment(object))).toBe(is);
  });
});

describe("the source of the serving certificate", () => {
  const ingress = (annotations: Record<string, string>, spec: object) =>
    readIngress({ metadata: { name: "rancher", annotations }, spec });
  const tls = { tls: [{ hosts: ["rancher.example"], secretName: "tls-rancher-ingress" }] };
  const issuer = { "cert-manager.io/issuer": "rancher", "cert-manager.io/issuer-kind": "Issuer" };
  it.each([
    { name: "a Secret that people bring", facts: ingress({}, tls), by: undefined, source: "secret" },
    {
      name: "Rancher's own CA",
      facts: ingress(issuer, tls),
      by: { ca: { secretName: "tls-rancher" } },
      source: "rancher",
    },
    {
      name: "Let's Encrypt",
      facts: ingress(issuer, tls),
      by: { acme: { server: "https://acme" } },
      source: "letsEncrypt",
    },
    { name: "an Issuer that cannot be read", facts: ingress(issuer, tls), by: undefined, source: "unknown" },
    { name: "outside the cluster", facts: ingress({}, {}), by: undefined, source: "external" },
    { name: "no Ingress at all", facts: undefined, by: undefined, source: "unknown" },
  ])("$name", ({ facts, by, source }) => {
    expect(tlsSourceOf(facts, by === undefined ? undefined : { metadata: { name: "rancher" }, spec: by })).toBe(source);
  });
});

describe("the cluster definition's status subresource", () => {
  it.each([
    { name: "since Rancher 2.15", subresources: { status: {} }, has: true },
    { name: "before", subresources: undefined, has: false },
    { name: "an empty entry", subresources: {}, has: false },
  ])("$name", ({ subresources, has }) => {
    const versions = [{ name: "v3", ...(subresources === undefined ? {} : { subresources }) }];
    expect(hasStatusSubresource({ metadata: { name: "clusters.management.cattle.io" }, spec: { versions } })).toBe(has);
  });
});

describe("agent-tls-mode in effect", () => {
  it.each([
    { name: "a new installation", setting: { value: "", default: "strict" }, mode: "strict" },
    { name: "an upgraded one", setting: { value: "", default: "system-store" }, mode: "system-store" },
    { name: "set by a person", setting: { value: "system-store", default: "strict" }, mode: "system-store" },
    { name: "Rancher before 2.8.6", setting: undefined, mode: "none" },
  ])("$name", ({ setting, mode }) => {
    const read = setting === undefined ? undefined : settingOf({ metadata: { name: "agent-tls-mode" }, ...setting });
    expect(agentTlsModeOf(read)).toBe(mode);
  });
});
