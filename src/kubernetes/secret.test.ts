import { describe, expect, it } from "vitest";
import { ownersOf, readSecret } from "./secret.ts";

describe("the owners of a Secret", () => {
  it.each([
    { name: "nobody", metadata: {}, owners: [] },
    {
      name: "Helm, which writes only when told to",
      metadata: { labels: { "app.kubernetes.io/managed-by": "Helm" } },
      owners: [],
    },
    {
      name: "Argo CD",
      metadata: { annotations: { "argocd.argoproj.io/tracking-id": "x:/Secret:cattle-system/tls-ca" } },
      owners: ["Argo CD"],
    },
    { name: "Flux", metadata: { labels: { "kustomize.toolkit.fluxcd.io/name": "rancher" } }, owners: ["Flux"] },
    {
      name: "nobody, where Flux was told to leave it alone",
      metadata: {
        labels: { "kustomize.toolkit.fluxcd.io/name": "rancher" },
        annotations: { "kustomize.toolkit.fluxcd.io/reconcile": "disabled" },
      },
      owners: [],
    },
    {
      name: "Flux, where the annotation says that it goes on",
      metadata: { annotations: { "kustomize.toolkit.fluxcd.io/reconcile": "enabled" } },
      owners: ["Flux"],
    },
    {
      name: "External Secrets",
      metadata: { ownerReferences: [{ kind: "ExternalSecret", name: "tls-ca" }] },
      owners: ["External Secrets"],
    },
    {
      name: "cert-manager",
      metadata: { annotations: { "cert-manager.io/certificate-name": "tls" } },
      owners: ["cert-manager"],
    },
    {
      name: "Sealed Secrets",
      metadata: { ownerReferences: [{ kind: "SealedSecret", name: "tls-ca" }] },
      owners: ["Sealed Secrets"],
    },
    {
      name: "one that only left its name as a writer",
      metadata: { managedFields: [{ manager: "argocd-controller" }] },
      owners: ["Argo CD"],
    },
    {
      name: "two",
      metadata: { labels: { "kustomize.toolkit.fluxcd.io/name": "a" }, ownerReferences: [{ kind: "ExternalSecret" }] },
      owners: ["Flux", "External Secrets"],
    },
  ])("$name", ({ metadata, owners }) => {
    expect(ownersOf({ metadata: { name: "tls-ca", ...metadata } })).toEqual(owners);
  });
});

describe("a Secret's values", () => {
  it("are decoded byte for byte", () => {
    const secret = readSecret({
      metadata: { name: "tls-ca", namespace: "cattle-system" },
      data: { "cacerts.pem": Buffer.from("\ufeffa\r\n").toString("base64") },
    });
    expect(secret?.value("cacerts.pem")).toEqual(Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0x0d, 0x0a]));
    expect(secret?.value("other")).toBeUndefined();
    expect(secret).toMatchObject({ type: "Opaque", namespace: "cattle-system" });
  });
});
