import { beforeAll, describe, expect, it } from "vitest";
import { type CheckLab, makeCheckLab, summaries } from "../../test/helpers/check-lab.ts";
import { agentWith, makeAuthority, NOW, type TestAuthority, withUnproved } from "../../test/helpers/estate-builder.ts";
import { helmReleased } from "../../test/helpers/plan-builder.ts";
import type { Cluster } from "../estate/cluster.ts";
import type { Estate } from "../estate/estate.ts";
import { FINDINGS } from "../findings.ts";
import type { CheckInput } from "./check.ts";
import { hasErrors, runChecks } from "./checks.ts";
import { readTarget, type TargetFiles } from "./target.ts";

let lab: CheckLab;
let other: TestAuthority;
beforeAll(async () => {
  [lab, other] = await Promise.all([makeCheckLab(), makeAuthority("Other")]);
});

const at = NOW.toISOString();
const installed = (change: Partial<Estate["installation"]>): CheckInput =>
  lab.input({ installation: { ...lab.estate.installation, ...change } });
const serving = (change: Partial<Estate["serving"]>) => lab.input({ serving: { ...lab.estate.serving, ...change } });
const trust = (change: Partial<Estate["trust"]>) => lab.input({ trust: { ...lab.estate.trust, ...change } });
const paris = (change: Partial<Cluster>) => lab.withParis(change);
const toward = (files: TargetFiles, input = lab.input()): CheckInput => ({ ...input, target: readTarget(files) });
const toOther = (more: Partial<TargetFiles> = {}) => ({ certPem: other.chain, caPem: other.bundle, ...more });

describe("the checks", () => {
  it("find nothing to mend in a healthy estate", () => {
    const findings = runChecks(lab.input());
    expect(summaries(findings)).toEqual(["info consumer.kubeconfigs people"]);
    expect(hasErrors(findings)).toBe(false);
  });

  it("report everything at once, not the first", () => {
    const broken = lab.input({
      access: { ...lab.estate.access, throughRancher: true, token: { valid: false, visibleClusters: [] } },
      trust: { ...lab.estate.trust, settingUpdate: { allowed: "no", why: "setting is read only" } },
      gaps: [{ target: "ingress", why: "forbidden" }],
    });
    expect(summaries(runChecks(broken))).toEqual([
      "error access.through-rancher management kubeconfig",
      "error token.invalid API token",
      "error trust.update-denied setting cacerts",
      "info consumer.kubeconfigs people",
      "warning estate.gap ingress",
    ]);
    expect(hasErrors(runChecks(broken))).toBe(true);
  });

  it("survive an estate of which nothing could be read", () => {
    const { estate } = lab;
    const blind = lab.input({
      identity: { kubeSystemUid: "u", serverUrl: "not a url" },
      installation: { ...estate.installation, version: "", replicas: 0, readyReplicas: 0, pods: [] },
      serving: { chain: "", certificates: [], presented: [] },
      trust: { ...estate.trust, written: "garbage", stored: "", served: [], pin: "" },
      clusters: [],
      gaps: [{ target: "served cacerts", why: "Rancher could not be reached" }],
    });
    expect(() => runChecks(blind)).not.toThrow();
    expect(hasErrors(runChecks(blind))).toBe(true);
  });

  it("give the same findings for the same estate, each a sentence with a hint", () => {
    const input = lab.withParis({ connected: { status: "False" }, redeployPending: true });
    const findings = runChecks(input);
    expect(runChecks(input)).toEqual(findings);
    for (const { sentence, hint } of findings) {
      expect(sentence).toMatch(/^[A-Z\d].*[.\w…)]$/s);
      expect(hint.length).toBeGreaterThan(10);
    }
  });

  it("have a catalogue in which every sentence ends", () => {
    for (const [code, { meaning }] of Object.entries(FINDINGS)) expect(`${code}: ${meaning}`).toMatch(/\.$/);
  });
});

describe("no trouble is without its check:", () => {
  const unlike = "e".repeat(64);
  const missing = (): Partial<Cluster> => ({ agent: undefined }) as Partial<Cluster>;
  const ended = (): CheckInput => {
    const certificates = lab.estate.serving.certificates.map((one) => ({ ...one, notAfter: "2026-11-24T00:00:00Z" }));
    return serving({ certificates });
  };
  const notPatchable = { patchAgent: "no", deletePods: "yes", listPods: "yes" } as const;
  const rows: { finds: string; when: string; input: () => CheckInput }[] = [
    {
      finds: "error permission.missing management cluster",
      when: "the account may not write Secrets",
      input: () => {
        const permissions = [{ permission: "update secrets cattle-system", allowed: "no" as const }];
        return lab.input({ access: { ...lab.estate.access, permissions } });
      },
    },
    { finds: "error rancher.too-old Rancher", when: "Rancher is old", input: () => installed({ version: "v2.5.9" }) },
    {
      finds: "error rancher.not-ready deployment cattle-system/rancher",
      when: "a replica is not ready",
      input: () => installed({ readyReplicas: 0 }),
    },
    {
      finds: "info installation.gateway gateway cattle-system/rancher-gateway",
      when: "a Gateway leads to Rancher",
      input: () => installed({ exposure: "gateway" }),
    },
    {
      finds: "info installation.certificate-elsewhere serving certificate",
      when: "a load balancer ends TLS",
      input: () => installed({ tlsSource: "external" }),
    },
    {
      finds: "error installation.owned deployment cattle-system/rancher",
      when: "values have to change and Flux keeps them",
      input: () => installed({ tlsSource: "rancher", privateCa: false, owners: ["Flux"], ...helmReleased({}) }),
    },
    {
      finds: "error secret.owned secret cattle-system/tls-ca",
      when: "another tool keeps the bundle's Secret",
      input: () => {
        const { secret } = lab.estate.trust;
        return trust(secret === undefined ? {} : { secret: { ...secret, owners: ["External Secrets"] } });
      },
    },
    {
      finds: "error serving.not-trusted serving certificate",
      when: "the bundle does not accept the certificate in use",
      input: () => serving({ chain: other.chain }),
    },
    {
      finds: "error serving.ends-early serving certificate",
      when: "the certificate in use is about to end",
      input: ended,
    },
    {
      finds: "warning serving.other-certificate address 192.0.2.9:443",
      when: "an address presents another certificate",
      input: () => serving({ presented: [{ address: "192.0.2.9:443", fingerprints: ["00"], at }] }),
    },
    {
      finds: "error trust.from-environment setting cacerts",
      when: "Rancher's environment sets the bundle",
      input: () => trust({ source: "env" }),
    },
    {
      finds: "info bundle.duplicate setting cacerts",
      when: "a certificate is in the bundle twice",
      input: () => {
        const twice = (lab.authority.bundle + lab.authority.rootPem).trim();
        return trust({ written: twice, stored: twice, served: [twice] });
      },
    },
    {
      finds: "warning cluster.disconnected cluster c-paris (paris)",
      when: "a cluster has no connection",
      input: () => paris({ connected: { status: "False" } }),
    },
    {
      finds: "warning reach.may-not cluster c-paris (paris)",
      when: "another way's account may not patch",
      input: () =>
        paris({
          given: [
            { reach: "direct", called: "kubeconfig", state: { kind: "answering", at, permissions: notPatchable } },
          ],
        }),
    },
    {
      finds: "warning agent.missing cluster c-paris (paris)",
      when: "a cluster has no agent",
      input: () => paris(missing()),
    },
    {
      finds: "error agent.latent-mismatch cluster c-paris (paris)",
      when: "an agent pins another bundle",
      input: () => paris({ agent: agentWith(unlike) }),
    },
    {
      finds: "warning agent.no-pin cluster c-paris (paris)",
      when: "an agent pins nothing",
      input: () => paris({ agent: agentWith("") }),
    },
    {
      finds: "warning agent.features-missing cluster c-paris (paris)",
      when: "an agent came from the import manifest",
      input: () => {
        const { features: _, ...agent } = agentWith(lab.pin);
        return paris({ agent });
      },
    },
    {
      finds: "warning agent.other-server cluster c-paris (paris)",
      when: "an agent connects elsewhere",
      input: () => paris({ agent: agentWith(lab.pin, { serverUrl: "https://10.0.0.9" }) }),
    },
    {
      finds: "warning consumer.unmovable cluster c-paris (paris)",
      when: "a consumer cannot be moved",
      input: () => paris(withUnproved(clusterOf("c-paris"), "system-agent")),
    },
    {
      finds: "error chain.unknown-authority intermediate 1",
      when: "the target's bundle does not accept it",
      input: () => toward(toOther({ caPem: lab.authority.bundle })),
    },
    {
      finds: "error target.strict-agents setting agent-tls-mode",
      when: "agents verify strictly and are to have no bundle",
      input: () => toward(toOther({ systemStore: true })),
    },
    {
      finds: "error target.ends-early target chain",
      when: "the target ends before the rotation",
      input: () => toward(toOther(), { ...lab.input(), until: new Date("2040-01-01T00:00:00Z") }),
    },
    {
      finds: "info target.in-use target chain",
      when: "the target is in use already",
      input: () => toward({ certPem: lab.authority.chain, caPem: lab.authority.bundle }),
    },
  ];
  it.each(rows)("$finds where $when", ({ finds, input }) => {
    expect(summaries(runChecks(input()))).toContain(finds);
  });
});

function clusterOf(id: string): Cluster {
  const cluster = lab.estate.clusters.find((one) => one.id === id);
  if (cluster === undefined) throw new Error(`the estate has ${id}`);
  return cluster;
}
