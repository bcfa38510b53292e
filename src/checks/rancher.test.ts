import { beforeAll, describe, expect, it } from "vitest";
import { type CheckLab, makeCheckLab, summaries } from "../../test/helpers/check-lab.ts";
import { helmReleased } from "../../test/helpers/plan-builder.ts";
import type { Estate, ReleaseFacts } from "../estate/estate.ts";
import { accessPath } from "./access-path.ts";
import { gaps } from "./gaps.ts";
import { installer } from "./installer.ts";
import { ownedSecrets } from "./owned-secrets.ts";
import { permissions } from "./permissions.ts";
import { rancherHealth } from "./rancher-health.ts";
import { rancherVersion } from "./rancher-version.ts";
import { releaseUpgrade } from "./release-upgrade.ts";
import { tlsSource } from "./tls-source.ts";
import { token } from "./token.ts";

/** The program, but for its name. */
type Helm = Omit<NonNullable<Estate["access"]["helm"]>, "program">;

let lab: CheckLab;
beforeAll(async () => {
  lab = await makeCheckLab();
});

const installation = (change: Partial<Estate["installation"]>) =>
  lab.input({ installation: { ...lab.estate.installation, ...change } });
const access = (change: Partial<Estate["access"]>) => lab.input({ access: { ...lab.estate.access, ...change } });

describe("Rancher's health", () => {
  const rows: { name: string; change: Partial<Estate["installation"]>; finds: string[] }[] = [
    { name: "all replicas ready", change: { replicas: 3, readyReplicas: 3 }, finds: [] },
    { name: "one of three not ready", change: { replicas: 3, readyReplicas: 2 }, finds: ["error rancher.not-ready"] },
    { name: "scaled to 0", change: { replicas: 0, readyReplicas: 0 }, finds: ["error rancher.not-ready"] },
    { name: "a rollout going on", change: { rollingOut: true }, finds: ["error rancher.rolling-out"] },
  ];
  it.each(rows)("$name", ({ change, finds }) => {
    expect(summaries(rancherHealth(installation(change)))).toEqual(
      finds.map((found) => `${found} deployment cattle-system/rancher`),
    );
  });
});

describe("Rancher's version", () => {
  it.each([
    { version: "v2.15.1", finds: [] },
    { version: "v2.6.0", finds: [] },
    { version: "v2.16-20260805T1815Z-dev", finds: [] },
    { version: "v3.0.0", finds: [] },
    { version: "v2.5.17", finds: ["error rancher.too-old Rancher"] },
    { version: "v2.1.14", finds: ["error rancher.too-old Rancher"] },
    { version: "dev", finds: ["warning rancher.version-unknown Rancher"] },
    { version: "", finds: ["warning rancher.version-unknown Rancher"] },
  ])("$version", ({ version, finds }) => {
    expect(summaries(rancherVersion(installation({ version })))).toEqual(finds);
  });
});

const helm = (status: ReleaseFacts["status"], change: Partial<ReleaseFacts> = {}) =>
  helmReleased({ privateCA: true }, { status, ...change });

describe("where the certificate comes from", () => {
  type Trust = { [Key in keyof Estate["trust"]]?: Estate["trust"][Key] | undefined };
  const rows: { name: string; change: Partial<Estate["installation"]>; trust?: Trust; finds: string[] }[] = [
    { name: "the user's Secret", change: {}, finds: [] },
    {
      name: "Rancher's own CA",
      change: { tlsSource: "rancher", privateCa: false },
      finds: [
        "error installation.certificate-issued serving certificate",
        "error installation.no-private-ca trust bundle",
      ],
    },
    {
      name: "Rancher's own CA in a Helm release, which the rotation upgrades",
      change: { tlsSource: "rancher", privateCa: false, ...helm("deployed") },
      finds: ["info installation.certificate-issued serving certificate"],
    },
    {
      name: "Let's Encrypt",
      change: { tlsSource: "letsEncrypt" },
      finds: ["error installation.certificate-issued serving certificate"],
    },
    {
      name: "Let's Encrypt in a Helm release, which the rotation upgrades",
      change: { tlsSource: "letsEncrypt", privateCa: false, ...helm("deployed") },
      finds: ["info installation.certificate-issued serving certificate"],
    },
    {
      name: "a public certificate in a Helm release: the rotation mounts the bundle on the way",
      change: { privateCa: false, ...helm("deployed") },
      trust: { pin: "" },
      finds: [],
    },
    {
      name: "a public certificate, installed by manifests",
      change: { privateCa: false },
      trust: { pin: "" },
      finds: ["error installation.no-private-ca trust bundle"],
    },
    {
      name: "a bundle that a Helm release serves without mounting it",
      change: { privateCa: false, ...helm("deployed") },
      finds: ["error installation.no-private-ca trust bundle"],
    },
    {
      name: "a mounted bundle whose Secret is gone, in a Helm release that serves none",
      change: helm("deployed"),
      trust: { pin: "", secret: undefined },
      finds: ["error installation.no-private-ca trust bundle"],
    },
    {
      name: "a load balancer before the cluster, where a person changes it",
      change: { tlsSource: "external" },
      finds: ["info installation.certificate-elsewhere serving certificate"],
    },
    {
      name: "a load balancer before the cluster, and no bundle that could be changed",
      change: { tlsSource: "external", privateCa: false },
      finds: [
        "info installation.certificate-elsewhere serving certificate",
        "error installation.no-private-ca trust bundle",
      ],
    },
  ];
  it.each(rows)("$name", ({ change, trust = {}, finds }) => {
    const { estate, ...when } = installation(change);
    const seen = { ...estate, trust: { ...estate.trust, ...trust } } as Estate;
    expect(summaries(tlsSource({ ...when, estate: seen }))).toEqual(finds);
  });
});

describe("how Rancher was installed", () => {
  const rows: { name: string; change: Partial<Estate["installation"]>; finds: string[] }[] = [
    { name: "by manifests", change: { installer: { kind: "manifests" } }, finds: [] },
    { name: "by Helm", change: helm("deployed"), finds: [] },
    {
      name: "an upgrade that is not over",
      change: helm("pending-upgrade"),
      finds: ["error installation.release-pending release cattle-system/rancher"],
    },
    {
      name: "a rollback that is not over",
      change: helm("pending-rollback"),
      finds: ["error installation.release-pending release cattle-system/rancher"],
    },
    {
      name: "an upgrade that has failed",
      change: helm("failed"),
      finds: ["warning installation.release-failed release cattle-system/rancher"],
    },
    {
      name: "by Helm 2",
      change: { installer: { kind: "helm2", name: "rancher" } },
      finds: ["warning installation.helm2 release rancher"],
    },
    {
      name: "behind a Gateway",
      change: { exposure: "gateway" },
      finds: ["info installation.gateway gateway cattle-system/rancher-gateway"],
    },
  ];
  it.each(rows)("$name", ({ change, finds }) => {
    expect(summaries(installer(installation(change)))).toEqual(finds);
  });
});

describe("an upgrade of the release, where values have to change", () => {
  const generated = { tlsSource: "rancher", privateCa: false } as const;
  const rows: { name: string; change: Partial<Estate["installation"]>; here?: Helm; finds: string[] }[] = [
    { name: "can be made", change: { ...generated, ...helm("deployed") }, here: { version: "v4.3.1" }, finds: [] },
    { name: "is not needed", change: helm("deployed", { chartMissing: "no templates" }), finds: [] },
    {
      name: "needs helm",
      change: { ...generated, ...helm("deployed") },
      here: { problem: "missing" },
      finds: ["warning installation.helm-unusable release cattle-system/rancher"],
    },
    {
      name: "needs a helm of today",
      change: { ...generated, ...helm("deployed") },
      here: { version: "v2.17.0", problem: "unsuitable" },
      finds: ["warning installation.helm-unusable release cattle-system/rancher"],
    },
    {
      name: "away from Let's Encrypt needs helm, too, although a bundle is mounted already",
      change: { tlsSource: "letsEncrypt", privateCa: true, ...helm("deployed") },
      here: { problem: "missing" },
      finds: ["warning installation.helm-unusable release cattle-system/rancher"],
    },
    {
      name: "needs a chart",
      change: { ...generated, ...helm("deployed", { chartMissing: "its stored chart has no templates" }) },
      finds: ["warning installation.chart-missing release cattle-system/rancher"],
    },
    {
      name: "has a chart that was named instead",
      change: { ...generated, ...helm("deployed", { chartMissing: "its stored chart has no templates" }) },
      here: { version: "v4.3.1", chart: { called: "stable/rancher" } },
      finds: [],
    },
    {
      name: "was given a chart of another version",
      change: { ...generated, ...helm("deployed") },
      here: { version: "v4.3.1", chart: { called: "./chart", problem: "./chart is chart rancher 2.14.0" } },
      finds: ["warning installation.chart-missing release cattle-system/rancher"],
    },
    {
      name: "would be put back",
      change: { ...generated, ...helm("deployed"), owners: ["Argo CD"] },
      finds: ["error installation.owned deployment cattle-system/rancher"],
    },
  ];
  it.each(rows)("$name", ({ change, here, finds }) => {
    const { estate } = installation(change);
    const seen = { ...estate.access, ...(here === undefined ? {} : { helm: { program: "helm", ...here } }) };
    expect(summaries(releaseUpgrade({ ...lab.input(), estate: { ...estate, access: seen } }))).toEqual(finds);
  });
});

describe("Secrets that another tool would put back", () => {
  it("are named with their owner", () => {
    const { serving } = lab.estate;
    const secret = serving.secret && { ...serving.secret, owners: ["Argo CD"] };
    const findings = ownedSecrets(lab.input({ serving: { ...serving, ...(secret && { secret }) } }));
    expect(summaries(findings)).toEqual(["error secret.owned secret cattle-system/tls-rancher-ingress"]);
    expect(findings[0]?.sentence).toContain("Argo CD");
    expect(ownedSecrets(lab.input())).toEqual([]);
  });

  const issuer = { kind: "Issuer", name: "own-ca" };
  it.each([
    { name: "cert-manager writes it", certificate: { name: "rancher", issuer }, finds: 1 },
    { name: "cert-manager wrote it once, and is not asked any more", certificate: undefined, finds: 0 },
  ])("$name", ({ certificate, finds }) => {
    const { serving } = lab.estate;
    const secret = serving.secret && { ...serving.secret, owners: ["cert-manager"] };
    const marked = { ...serving, ...(secret && { secret }), ...(certificate && { certificate }) };
    expect(ownedSecrets(lab.input({ serving: marked }))).toHaveLength(finds);
  });
});

describe("the way in", () => {
  it("must not lead through Rancher", () => {
    expect(summaries(accessPath(access({ throughRancher: true })))).toEqual([
      "error access.through-rancher management kubeconfig",
    ]);
    expect(accessPath(lab.input())).toEqual([]);
  });

  const rows: { name: string; change: Partial<Estate["access"]["token"]>; gap?: string; finds: string[] }[] = [
    { name: "good for ever", change: {}, finds: [] },
    { name: "refused", change: { valid: false, visibleClusters: [] }, finds: ["error token.invalid API token"] },
    {
      name: "ends in an hour, before the work does (M1.4)",
      change: { expiresAt: "2026-11-23T13:00:00Z" },
      finds: ["error token.ends-early API token"],
    },
    { name: "ends next year", change: { expiresAt: "2027-11-23T13:00:00Z" }, finds: [] },
    { name: "sees one cluster", change: { visibleClusters: ["c-paris"] }, finds: ["error token.blind API token"] },
    {
      name: "whose clusters could not be listed",
      change: { visibleClusters: [] },
      gap: "clusters that the token sees",
      finds: [],
    },
    {
      name: "not known, because Rancher does not answer",
      change: { visibleClusters: [] },
      gap: "token",
      finds: ["error rancher.unreachable Rancher"],
    },
  ];
  it.each(rows)("a token that is $name", ({ change, gap, finds }) => {
    const input = access({ token: { ...lab.estate.access.token, ...change } });
    const gapped = {
      ...input,
      estate: { ...input.estate, gaps: gap === undefined ? [] : [{ target: gap, why: "x" }] },
    };
    expect(summaries(token(gapped))).toEqual(finds);
  });

  it("needs every permission that a rotation uses; what could not be asked is no finding", () => {
    const input = access({
      permissions: [
        { permission: "get secrets cattle-system", allowed: "yes" },
        { permission: "update secrets cattle-system", allowed: "no" },
        { permission: "delete pods cattle-system", allowed: "unknown" },
      ],
    });
    const findings = permissions(input);
    expect(summaries(findings)).toEqual(["error permission.missing management cluster"]);
    expect(findings[0]?.sentence).toContain("update secrets cattle-system");
  });

  it("to a cluster that may not be patched is a warning for that cluster", () => {
    const findings = permissions(
      lab.withParis({ permissions: { patchAgent: "no", deletePods: "no", listPods: "yes" } }),
    );
    expect(summaries(findings)).toEqual(["warning permission.missing-in-cluster cluster c-paris (paris)"]);
    expect(findings[0]?.sentence).toContain("patch deployments.apps cattle-system, delete pods cattle-system");
  });
});

describe("gaps", () => {
  it("are shown, less those of clusters and of Rancher, which have findings of their own", () => {
    const input = lab.input({
      gaps: [
        { target: "ingress", why: "forbidden" },
        { target: "cluster c-paris", why: "no tunnel" },
        { target: "token", why: "no connection" },
        { target: "cluster c-lagos: daemonsets", why: "forbidden" },
      ],
    });
    expect(summaries(gaps(input))).toEqual([
      "warning estate.gap ingress",
      "warning estate.gap cluster c-lagos: daemonsets",
    ]);
  });
});
