/** What a person reads of each finding about Rancher, and the values at which a check changes its mind. */
import { beforeAll, describe, expect, it } from "vitest";
import { type CheckLab, makeCheckLab } from "../../test/helpers/check-lab.ts";
import { makeAuthority, NOW, type TestAuthority } from "../../test/helpers/estate-builder.ts";
import { helmReleased } from "../../test/helpers/plan-builder.ts";
import type { Estate } from "../estate/estate.ts";
import type { Finding } from "../findings.ts";
import { pinOf } from "../pki/pin.ts";
import { bundleAgreement } from "./bundle-agreement.ts";
import { bundleBytes } from "./bundle-bytes.ts";
import type { Check, CheckInput } from "./check.ts";
import { ownedSecrets } from "./owned-secrets.ts";
import { permissions } from "./permissions.ts";
import { presentedChain } from "./presented-chain.ts";
import { rancherHealth } from "./rancher-health.ts";
import { rancherVersion } from "./rancher-version.ts";
import { releaseUpgrade } from "./release-upgrade.ts";
import { servedChain } from "./served-chain.ts";
import { servingLifetime } from "./serving-lifetime.ts";
import { settingUpdate } from "./setting-update.ts";
import { tlsSource } from "./tls-source.ts";

const OTHER_PIN = "e".repeat(64);
let lab: CheckLab;
let other: TestAuthority;
beforeAll(async () => {
  [lab, other] = await Promise.all([makeCheckLab(), makeAuthority("Other")]);
});

const trust = (change: Partial<Estate["trust"]>) => lab.input({ trust: { ...lab.estate.trust, ...change } });
const serving = (change: Partial<Estate["serving"]>) => lab.input({ serving: { ...lab.estate.serving, ...change } });
const installed = (change: Partial<Estate["installation"]>, access: Partial<Estate["access"]> = {}) =>
  lab.input({
    installation: { ...lab.estate.installation, ...change },
    access: { ...lab.estate.access, ...access },
  });
const pods = (...served: (string | undefined)[]): Estate["installation"]["pods"] =>
  served.map((servedPin, index) => ({
    name: `rancher-${index + 1}`,
    uid: `u${index}`,
    createdAt: NOW.toISOString(),
    ready: true,
    ...(servedPin === undefined ? {} : { servedPin }),
  }));
const helmRelease = () => ({ tlsSource: "rancher" as const, privateCa: false, ...helmReleased({ privateCA: true }) });
const helmHere = (helm: object) => ({ helm: { program: "helm", ...helm } });

interface Row {
  readonly name: string;
  readonly check: Check;
  readonly input: () => CheckInput;
  readonly says: readonly string[];
}

const DISAGREE = "Rancher serves different values of cacerts: its replicas don't agree.";

const ROWS: readonly Row[] = [
  {
    name: "one replica is behind",
    check: bundleAgreement,
    input: () => installed({ pods: pods(lab.pin, OTHER_PIN, undefined) }),
    says: [`${DISAGREE} pod rancher-2 serves another than the setting stores.`],
  },
  {
    name: "two replicas are behind",
    check: bundleAgreement,
    input: () => installed({ pods: pods(OTHER_PIN, lab.pin, OTHER_PIN) }),
    says: [`${DISAGREE} pod rancher-1, pod rancher-3 serve another than the setting stores.`],
  },
  {
    name: "replicas that could not be asked say nothing",
    check: bundleAgreement,
    input: () => installed({ pods: pods(undefined, undefined) }),
    says: [],
  },
  {
    name: "answers differ, and nobody knows whose",
    check: bundleAgreement,
    input: () => trust({ served: [lab.estate.trust.stored, other.bundle.trim()] }),
    says: [DISAGREE],
  },
  { name: "nothing was served at all", check: bundleAgreement, input: () => trust({ served: [] }), says: [] },
  {
    name: "the Secret cannot be read",
    check: bundleAgreement,
    input: () => {
      const { written: _, ...rest } = lab.estate.trust;
      return lab.input({ trust: rest });
    },
    says: [],
  },
  {
    name: "Rancher's version is not known",
    check: rancherVersion,
    input: () => installed({ version: "" }),
    says: ["Rancher's version is not known; it is taken for a recent one."],
  },
  {
    name: "Rancher's version is a word",
    check: rancherVersion,
    input: () => installed({ version: "dev" }),
    says: ['Rancher\'s version is "dev"; it is taken for a recent one.'],
  },
  {
    name: "Rancher 1.6, whose minor version is the one that is needed",
    check: rancherVersion,
    input: () => installed({ version: "v1.6.30" }),
    says: ["Rancher v1.6.30 is older than 2.6."],
  },
  {
    name: "Rancher is scaled to 0",
    check: rancherHealth,
    input: () => installed({ replicas: 0, readyReplicas: 0 }),
    says: ["Rancher is scaled to 0."],
  },
  {
    name: "two of three replicas are ready",
    check: rancherHealth,
    input: () => installed({ replicas: 3, readyReplicas: 2 }),
    says: ["2 of 3 replicas of Rancher are ready."],
  },
  {
    name: "there is no helm",
    check: releaseUpgrade,
    input: () => installed(helmRelease(), helmHere({ problem: "missing" })),
    says: ["The program helm is not here; release cattle-system/rancher is upgraded with Helm 3 or 4."],
  },
  {
    name: "there is an old helm",
    check: releaseUpgrade,
    input: () => installed(helmRelease(), helmHere({ problem: "unsuitable", version: "v2.17.0" })),
    says: ["The program helm is v2.17.0; release cattle-system/rancher is upgraded with Helm 3 or 4."],
  },
  {
    name: "there is something else of that name",
    check: releaseUpgrade,
    input: () => installed(helmRelease(), helmHere({ problem: "unsuitable" })),
    says: ["The program helm is of an unknown version; release cattle-system/rancher is upgraded with Helm 3 or 4."],
  },
  {
    name: "the Secret is a person's, but no private CA is mounted yet: the release changes",
    check: releaseUpgrade,
    input: () => installed({ ...helmRelease(), tlsSource: "secret" }, helmHere({ problem: "missing" })),
    says: ["The program helm is not here; release cattle-system/rancher is upgraded with Helm 3 or 4."],
  },
  {
    name: "Rancher's own CA and a private one: the release changes",
    check: releaseUpgrade,
    input: () => installed({ ...helmRelease(), privateCa: true }, helmHere({ problem: "missing" })),
    says: ["The program helm is not here; release cattle-system/rancher is upgraded with Helm 3 or 4."],
  },
  {
    name: "an installation by manifests has no release to upgrade",
    check: releaseUpgrade,
    input: () => installed({ tlsSource: "rancher", privateCa: false }, helmHere({ problem: "missing" })),
    says: [],
  },
  {
    name: "cert-manager makes the certificate from Rancher's own CA",
    check: tlsSource,
    input: () => installed({ tlsSource: "rancher" }),
    says: ["The serving certificate is made by cert-manager from Rancher's own CA, which would put it back."],
  },
  {
    name: "cert-manager has the certificate from Let's Encrypt",
    check: tlsSource,
    input: () => installed({ tlsSource: "letsEncrypt" }),
    says: ["The serving certificate is made by cert-manager from Let's Encrypt, which would put it back."],
  },
  {
    name: "cert-manager has the certificate from Let's Encrypt, in a Helm release",
    check: tlsSource,
    input: () => installed({ tlsSource: "letsEncrypt", ...helmReleased({ privateCA: true }) }),
    says: ["The serving certificate is made by cert-manager from Let's Encrypt, until the rotation changes that."],
  },
  {
    name: "the Secret of the certificate is not there",
    check: tlsSource,
    input: () => {
      const { secret: _, ...rest } = lab.estate.serving;
      return lab.input({ serving: rest });
    },
    says: ["Rancher's certificate is not in a Secret of the management cluster: TLS ends before it."],
  },
  {
    name: "the Secret of the bundle is not there",
    check: tlsSource,
    input: () => {
      const { secret: _, ...rest } = lab.estate.trust;
      return lab.input({ trust: rest });
    },
    says: ["Rancher mounts no Secret tls-ca (the chart's privateCA is false), so its bundle cannot be changed."],
  },
  {
    name: "Rancher may not write its setting, and nobody says why",
    check: settingUpdate,
    input: () => trust({ settingUpdate: { allowed: "no" } }),
    says: ["Rancher may not update its setting cacerts, so that it would stop at its start with another bundle."],
  },
  {
    name: "an address presents another certificate, and the Secret has no name",
    check: presentedChain,
    input: () => {
      const presented = [{ address: "192.0.2.7:443", fingerprints: ["00"], at: NOW.toISOString() }];
      const { secret: _, ...rest } = lab.estate.serving;
      return lab.input({ serving: { ...rest, presented } });
    },
    says: ["192.0.2.7:443 presents another certificate than the Secret holds."],
  },
  {
    name: "an address presents another certificate than its Secret has",
    check: presentedChain,
    input: () => serving({ presented: [{ address: "192.0.2.7:443", fingerprints: ["00"], at: NOW.toISOString() }] }),
    says: ["192.0.2.7:443 presents another certificate than secret cattle-system/tls-rancher-ingress holds."],
  },
  {
    name: "nothing is compared with a Secret that holds no certificate",
    check: presentedChain,
    input: () => serving({ certificates: [] }),
    says: [],
  },
  {
    name: "no chain is stored",
    check: servedChain,
    input: () => serving({ chain: "" }),
    says: [],
  },
  {
    name: "no bundle is known",
    check: servedChain,
    input: () => trust({ served: [], stored: "" }),
    says: [],
  },
  {
    name: "no bundle was served, and the stored one refuses the chain",
    check: servedChain,
    input: () => trust({ served: [], stored: other.bundle }),
    says: [
      "Agents that connect anew refuse Rancher's certificate: No certificate of the bundle, and none that the server sends, is a valid issuer of CN=Today Issuing; its issuer is called CN=Today Root.",
    ],
  },
  {
    name: "the bundle accepts the chain, which is for another host",
    check: servedChain,
    input: () => lab.input({ identity: { ...lab.estate.identity, serverUrl: "https://other.example.test" } }),
    says: [expect.stringContaining("other.example.test")],
  },
  {
    name: "a bundle is served that the setting does not store: it is what agents get",
    check: bundleBytes,
    input: () => trust({ served: [(lab.authority.bundle + lab.authority.rootPem).trim()] }),
    says: ["setting cacerts repeats 1 of its certificates."],
  },
  { name: "no bundle has no odd bytes", check: bundleBytes, input: () => trust({ served: [], stored: "" }), says: [] },
];

describe("a person reads", () => {
  it.each(ROWS)("$name", ({ check, input, says }) => {
    expect(check(input()).map(({ sentence }) => sentence)).toEqual(says);
  });
});

describe("at the very moment", () => {
  const ending = (notAfter: string): readonly Finding[] => {
    const [leaf, ...rest] = lab.estate.serving.certificates;
    if (leaf === undefined) throw new Error("the estate has a leaf");
    return servingLifetime(serving({ certificates: [{ ...leaf, notAfter }, ...rest] }));
  };
  // The check looks at 12:01 on the 23rd, for a rotation until 12:00 on the 24th.
  const rows: [string, string, number][] = [
    ["in which the rotation ends, the certificate does not last", "2026-11-24T12:00:00.000Z", 1],
    ["after that, it does", "2026-11-24T12:00:00.001Z", 0],
    ["after this one, it still serves, but not to the end", "2026-11-23T12:01:00.001Z", 1],
    ["now it is over, which the chain's own check says", "2026-11-23T12:01:00.000Z", 0],
  ];
  it.each(rows)("%s", (_, notAfter, count) => {
    expect(ending(notAfter)).toHaveLength(count);
  });
});

describe("what is no error", () => {
  it("is a permission without which replicas are asked through the ingress", () => {
    const asked = (permission: string) =>
      permissions(lab.input({ access: { ...lab.estate.access, permissions: [{ permission, allowed: "no" }] } }));
    expect(asked("get pods/proxy cattle-system")).toMatchObject([
      { severity: "warning", hint: expect.stringContaining("through the ingress alone") },
    ]);
    expect(asked("get pods cattle-system")).toMatchObject([{ severity: "error" }]);
  });

  it("is an odd bundle that agents live with; what is a remark anywhere stays one", () => {
    const judged = (bundle: string) =>
      bundleBytes(trust({ served: [bundle], stored: bundle, pin: pinOf(bundle) })).map(
        ({ code, severity }) => `${severity} ${code}`,
      );
    const garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
    expect(judged(`${lab.authority.bundle}${garbage}`)).toEqual(["warning bundle.certificate-dropped"]);
    expect(judged(`${lab.authority.bundle}${lab.authority.rootPem}`.trim())).toEqual(["info bundle.duplicate"]);
  });

  const marked = (change: Partial<Estate["installation"]>, certificate: boolean) => {
    const secret = lab.estate.serving.secret && { ...lab.estate.serving.secret, owners: ["cert-manager"] };
    const issuer = { kind: "Issuer", name: "rancher" };
    return lab.input({
      installation: { ...lab.estate.installation, ...change },
      serving: {
        ...lab.estate.serving,
        ...(secret && { secret }),
        ...(certificate ? { certificate: { name: "tls-rancher-ingress", issuer } } : {}),
      },
    });
  };
  const rows: [string, () => CheckInput, number][] = [
    ["is cert-manager where the rotation upgrades the chart that asks it", () => marked(helmRelease(), true), 0],
    [
      "but is one where Rancher's own CA was not installed by Helm",
      () => marked({ tlsSource: "rancher", privateCa: false }, true),
      1,
    ],
    [
      "but is one where Let's Encrypt was not asked by a release of Helm",
      () => marked({ tlsSource: "letsEncrypt" }, true),
      1,
    ],
    [
      "is cert-manager where the rotation upgrades the release that asks Let's Encrypt",
      () => marked({ ...helmRelease(), tlsSource: "letsEncrypt" }, true),
      0,
    ],
    ["but is one where a person's own issuer is asked", () => marked(helmReleased({ privateCA: true }), true), 1],
    ["but is one where nobody could look whether it is asked", () => marked({ exposure: "unknown" }, false), 1],
    ["nor are its marks where it is not asked any more", () => marked({}, false), 0],
  ];
  it.each(rows)("%s", (_, input, count) => {
    expect(ownedSecrets(input())).toHaveLength(count);
  });
});
