import { describe, expect, test } from "vitest";
import { agentWith, clusterWith, estateWith, makeAuthority, NOW } from "../../test/helpers/estate-builder.ts";
import {
  elsewhere,
  generatedEstate,
  helmReleased,
  OLD,
  publicEstate,
  refusal,
} from "../../test/helpers/plan-builder.ts";
import type { Estate } from "../estate/estate.ts";
import { unionBundle } from "../pki/bundle.ts";
import { createRoot } from "../pki/issuing/authority.ts";
import { issueServing } from "../pki/issuing/serving.ts";
import { type Classification, classify } from "./classify.ts";

const old = await makeAuthority("Old");
const young = await makeAuthority("New");
const hostnames = ["rancher.example.test"];

/** A root that ends in 60 days, and the same root issued again with the same name and key, for ten years. */
const ending = await createRoot({ commonName: "Same Root", now: NOW, days: 60 });
const reissued = await createRoot({ commonName: "Same Root", now: NOW, days: 3650, key: ending.key });
const longChain = (await issueServing(reissued, { hostnames, now: NOW, days: 365 })).certificatePem;
/** What the old root signed for another host. */
const elsewhereChain = (await issueServing(ending, { hostnames: ["other.example.test"], now: NOW, days: 30 }))
  .certificatePem;
const shortChain = (await issueServing(ending, { hostnames, now: NOW, days: 30 })).certificatePem;

interface Asked {
  readonly served?: string;
  readonly presented?: string;
  readonly chain: string;
  readonly bundle?: string;
  readonly horizon?: Date;
  readonly replace?: boolean;
}

function ask({ served = old.bundle, presented = old.chain, chain, bundle, horizon, replace }: Asked): Classification {
  const estate = estateWith({ bundle: served, chain: presented, clusters: [clusterWith("c-1", agentWith("x"))] });
  const target = { chain, ...(bundle === undefined ? {} : { bundle }) };
  return classify({
    estate,
    target,
    now: NOW,
    replace: replace ?? false,
    ...(horizon === undefined ? {} : { horizon }),
  });
}

const renewed = await old.issue(300);
const reordered = old.rootPem + old.issuingPem;
const inDays = (days: number) => new Date(NOW.getTime() + days * 86_400_000);

describe("the procedure", () => {
  const rows: [string, Asked, Classification["procedure"]][] = [
    ["same authority, no bundle given", { chain: renewed }, "renew"],
    ["same authority, the same bundle given", { chain: renewed, bundle: old.bundle }, "renew"],
    ["same authority, the same certificates in another order", { chain: renewed, bundle: reordered }, "renew"],
    [
      "same authority, the same certificates with Windows line ends",
      { chain: renewed, bundle: old.bundle.replaceAll("\n", "\r\n") },
      "renew",
    ],
    ["another authority", { chain: young.chain, bundle: young.bundle }, "overlap"],
    [
      "another authority, with a flag day because agents refuse the present certificate",
      { presented: young.chain, chain: young.chain, bundle: young.bundle, replace: true },
      "replace",
    ],
    [
      "same authority, with a flag day because agents refuse the present certificate",
      { presented: young.chain, chain: renewed, replace: true },
      "replace",
    ],
    [
      "same authority, with a flag day and the same certificates in another order",
      { presented: young.chain, chain: renewed, bundle: reordered, replace: true },
      "replace",
    ],
    [
      "another authority, both in the target bundle",
      { chain: young.chain, bundle: unionBundle(old.bundle, young.bundle) },
      "overlap",
    ],
    ["same chain of trust, but the bundle loses its root", { chain: renewed, bundle: old.issuingPem }, "overlap"],
    [
      "same authority, but agents must learn another one",
      { chain: renewed, bundle: old.bundle + young.bundle },
      "overlap",
    ],
    [
      "another authority whose root agents hold already",
      { served: old.bundle + young.rootPem, chain: young.chain },
      "renew",
    ],
    [
      "a root issued again with the same name and key (M1.9)",
      { served: ending.certificatePem, presented: shortChain, chain: longChain, bundle: reissued.certificatePem },
      "overlap",
    ],
    [
      "the ending root, wanted no longer than it lasts",
      { served: ending.certificatePem, presented: shortChain, chain: longChain, horizon: inDays(59) },
      "renew",
    ],
  ];
  test.each(rows)("for %s", (_, asked, procedure) => {
    const answer = ask(asked);
    expect(answer.procedure).toBe(procedure);
    expect(answer.why.at(-1)).toContain(`: ${procedure}.`);
  });

  test("a root issued again with the same key verifies today, and the reason says until when not", () => {
    const { why } = ask({
      served: ending.certificatePem,
      presented: shortChain,
      chain: longChain,
      bundle: reissued.certificatePem,
    });
    expect(why[0]).toMatch(/verifies under the bytes that agents hold now, but not until 2027-11-23/);
  });
});

describe("refused, with what to do instead", () => {
  const calm = estateWith({ bundle: old.bundle, chain: old.chain, clusters: [] });
  const installed = (change: Partial<Estate["installation"]>) => ({
    ...calm,
    installation: { ...calm.installation, ...change },
  });
  const inEstate = (estate: Estate) => () =>
    classify({ estate, target: { chain: young.chain, bundle: young.bundle }, now: NOW });
  const rows: [string, () => unknown, string, string][] = [
    [
      "another authority without its bundle",
      () => ask({ chain: young.chain }),
      "plan.bundle-needed",
      "does not verify under the bundle that agents hold",
    ],
    [
      "an ending root without its successor",
      () => ask({ served: ending.certificatePem, presented: shortChain, chain: longChain }),
      "plan.bundle-needed",
      "not until",
    ],
    [
      "a chain that its own bundle does not verify",
      () => ask({ chain: young.chain, bundle: old.issuingPem }),
      "plan.target-refused",
      "under the target bundle",
    ],
    [
      "a file without a certificate",
      () => ask({ chain: "", bundle: young.bundle }),
      "plan.target-refused",
      "no certificate",
    ],
    [
      "a certificate for another host than agents ask for",
      () => ask({ served: ending.certificatePem, presented: shortChain, chain: elsewhereChain }),
      "plan.bundle-needed",
      "rancher.example.test",
    ],
    [
      "a present certificate that is for another host than agents ask for",
      () => ask({ served: ending.certificatePem, presented: elsewhereChain, chain: shortChain }),
      "plan.no-procedure",
      "rancher.example.test",
    ],
    [
      "a certificate that fails already",
      () => ask({ presented: young.chain, chain: young.chain, bundle: young.bundle }),
      "plan.no-procedure",
      "no overlap can start from it",
    ],
    [
      "a flag day although agents accept the present certificate",
      () => ask({ chain: young.chain, bundle: young.bundle, replace: true }),
      "plan.overlap-possible",
      "nobody need be cut off",
    ],
    [
      "a flag day that changes the bundle although agents accept the target certificate already",
      () => ask({ presented: young.chain, chain: renewed, bundle: old.bundle + young.bundle, replace: true }),
      "plan.overlap-possible",
      "nobody need be cut off to change the bundle",
    ],
    [
      "a flag day where TLS ends before the cluster, and only a person can change the certificate",
      () =>
        classify({
          estate: elsewhere(estateWith({ bundle: old.bundle, chain: young.chain, clusters: [] })),
          target: { chain: young.chain, bundle: young.bundle },
          now: NOW,
          replace: true,
        }),
      "plan.no-procedure",
      "TLS ends before the cluster",
    ],
    [
      "a flag day to a chain that its own bundle does not verify",
      () => ask({ presented: young.chain, chain: young.chain, bundle: old.issuingPem, replace: true }),
      "plan.target-refused",
      "under the target bundle",
    ],
    [
      "Rancher's own CA, installed by manifests",
      inEstate(installed({ tlsSource: "rancher", privateCa: false })),
      "plan.no-procedure",
      "Rancher was not installed by Helm",
    ],
    [
      "Rancher's own CA, installed by Helm 2",
      inEstate(
        installed({ tlsSource: "rancher", privateCa: false, installer: { kind: "helm2", name: "rancher-stable" } }),
      ),
      "plan.no-procedure",
      "release rancher-stable is of Helm 2",
    ],
    [
      "Rancher's own CA, in a release that Flux keeps",
      inEstate(generatedEstate([], { ...helmReleased({}), owners: ["Flux"] })),
      "plan.no-procedure",
      "Flux would put them back",
    ],
    [
      "another certificate of Rancher's own CA, which would leave Rancher without any bundle",
      () => classify({ estate: generatedEstate([]), target: { chain: OLD.chain }, now: NOW }),
      "plan.bundle-needed",
      "brings no other authority",
    ],
    [
      "a flag day away from Rancher's own CA",
      () =>
        classify({
          estate: generatedEstate([]),
          target: { chain: young.chain, bundle: young.bundle },
          replace: true,
          now: NOW,
        }),
      "plan.no-procedure",
      "which a flag day does not change",
    ],
    [
      "Let's Encrypt, installed by manifests",
      inEstate(publicEstate([], { tlsSource: "letsEncrypt", installer: { kind: "manifests" } })),
      "plan.no-procedure",
      "Rancher was not installed by Helm",
    ],
    [
      "Let's Encrypt with a bundle beside it, installed by manifests",
      inEstate(installed({ tlsSource: "letsEncrypt" })),
      "plan.no-procedure",
      "Rancher was not installed by Helm",
    ],
    [
      "a public certificate that a person brought, installed by manifests",
      inEstate(publicEstate([], { tlsSource: "secret", installer: { kind: "manifests" } })),
      "plan.no-procedure",
      "Rancher was not installed by Helm",
    ],
    [
      "Rancher's own CA, and nobody could look how it was installed",
      inEstate(installed({ tlsSource: "rancher", privateCa: false, installer: { kind: "unknown" } })),
      "plan.no-procedure",
      "how Rancher was installed could not be looked at",
    ],
    [
      "a bundle that is served although nothing mounts one",
      inEstate(installed({ privateCa: false })),
      "plan.no-procedure",
      "although privateCA is false and its certificate comes from a Secret",
    ],
    [
      "a certificate of which nobody can say where it comes from",
      inEstate(installed({ tlsSource: "unknown" })),
      "plan.no-procedure",
      "could not be seen",
    ],
    [
      "no bundle served",
      inEstate({ ...calm, trust: { ...calm.trust, served: [""], pin: "" } }),
      "plan.no-procedure",
      "serves no trust bundle",
    ],
  ];
  test.each(rows)("%s", (_, run, code, sentence) => {
    const refused = refusal(run);
    expect(refused.code).toBe(code);
    expect(refused.sentence).toContain(sentence);
    expect(refused.hint).not.toBe("");
  });
});

test("a renewal whose authority ends before the certificate is planned, and says so", () => {
  const { procedure, why } = ask({
    served: ending.certificatePem,
    presented: shortChain,
    chain: longChain,
    bundle: ending.certificatePem,
  });
  expect(procedure).toBe("renew");
  expect(why[0]).toContain("an authority in the bundle ends before");
});
