import { describe, expect, test } from "vitest";
import { agentWith, clusterWith, estateWith, makeAuthority, NOW } from "../../test/helpers/estate-builder.ts";
import { generatedEstate, lenient, PUBLIC, publicEstate, refusal } from "../../test/helpers/plan-builder.ts";
import type { Estate } from "../estate/estate.ts";
import { classify } from "./classify.ts";

const old = await makeAuthority("Old");
const young = await makeAuthority("New");
const ended = await PUBLIC.issue(-1);

describe("to a public certificate, and from one", () => {
  const publicRoots = young.rootPem + PUBLIC.rootPem;
  const calm = lenient(estateWith({ bundle: old.bundle, chain: old.chain, clusters: [] }));
  const bundle = young.bundle;
  const rows: { name: string; estate: Estate; target: { chain: string; bundle: string }; says: string }[] = [
    {
      name: "a private CA → a public certificate",
      estate: calm,
      target: { chain: PUBLIC.chain, bundle: "" },
      says: "Until they have shown that they accept the certificate so, CN=Public Root is served beside",
    },
    {
      name: "Let's Encrypt → a private CA",
      estate: publicEstate([]),
      target: { chain: young.chain, bundle },
      says: "CN=Public Root, at which the present certificate ends, is served beside the target bundle",
    },
    {
      name: "Let's Encrypt → a private CA, with agents that verify strictly: they are to have a bundle",
      estate: publicEstate([clusterWith("c-1", agentWith("", { strict: true }))], {
        tlsSource: "letsEncrypt",
        agentTlsMode: "strict",
      }),
      target: { chain: young.chain, bundle },
      says: "CN=Public Root, at which the present certificate ends, is served beside the target bundle",
    },
    {
      name: "another public certificate → a private CA",
      estate: publicEstate([], { tlsSource: "secret" }),
      target: { chain: young.chain, bundle },
      says: "CN=Public Root, at which the present certificate ends, is served beside the target bundle",
    },
  ];
  test.each(rows)("$name is an overlap", ({ estate, target, says }) => {
    const { procedure, why } = classify({ estate, target, publicRoots, now: NOW });
    expect(procedure).toBe("overlap");
    expect(why.at(-1)).toContain(says);
  });

  const toPublic = { chain: PUBLIC.chain, bundle: "" };
  const strictly = (change: Partial<Estate["installation"]>): Estate => ({
    ...calm,
    installation: { ...calm.installation, ...change },
  });
  interface Refused {
    readonly name: string;
    readonly estate?: Estate;
    readonly target?: { readonly chain: string; readonly bundle?: string };
    readonly roots?: string;
    readonly replace?: boolean;
    readonly code: string;
    readonly says: string;
  }
  const refused: Refused[] = [
    {
      name: "agent-tls-mode is strict",
      estate: strictly({ agentTlsMode: "strict" }),
      code: "plan.no-procedure",
      says: "The setting agent-tls-mode is strict: agents trust nothing but Rancher's own bundle",
    },
    {
      name: "agents run with STRICT_VERIFY although the setting is another by now",
      estate: {
        ...calm,
        clusters: [clusterWith("c-1", agentWith("x")), clusterWith("c-2", agentWith("x", { strict: false }))],
      },
      code: "plan.no-procedure",
      says: "The agent of c-1 runs with STRICT_VERIFY=true",
    },
    {
      name: "the target chain ends at a private CA",
      target: { chain: old.chain, bundle: "" },
      code: "plan.target-refused",
      says: "The target chain ends at CN=Old Root, which is none of the public roots",
    },
    {
      name: "the target chain is empty",
      target: { chain: "", bundle: "" },
      code: "plan.target-refused",
      says: "The target chain ends at nothing, which is none of the public roots",
    },
    {
      name: "the target chain ends at a public root, and has ended",
      target: { chain: ended, bundle: "" },
      code: "plan.target-refused",
      says: "The target chain does not verify under the public root that it ends at",
    },
    {
      name: "the public root is missing among those that are known",
      roots: young.rootPem,
      code: "plan.target-refused",
      says: "The target chain ends at CN=Public Root, which is none of the public roots",
    },
    {
      name: "the target chain lacks its intermediate",
      target: { chain: PUBLIC.chain.slice(0, -PUBLIC.issuingPem.length), bundle: "" },
      code: "plan.target-refused",
      says: "The target chain ends at CN=Public Issuing, which is none",
    },
    {
      name: "the present public certificate ends at an unknown root",
      estate: publicEstate([]),
      target: { chain: young.chain, bundle },
      roots: young.rootPem,
      code: "plan.no-procedure",
      says: "The chain that Rancher presents now ends at CN=Public Root, which is none",
    },
    {
      name: "the values are those of manifests",
      estate: strictly({ installer: { kind: "manifests" } }),
      code: "plan.no-procedure",
      says: "Values of Rancher's chart have to change, and Rancher was not installed by Helm",
    },
    {
      name: "Flux keeps the release",
      estate: strictly({ owners: ["Flux"] }),
      code: "plan.no-procedure",
      says: "Flux would put them back",
    },
    {
      name: "the present certificate is refused already",
      estate: lenient(estateWith({ bundle: old.bundle, chain: young.chain, clusters: [] })),
      code: "plan.no-procedure",
      says: "no overlap can start from it",
    },
    {
      name: "by a flag day",
      estate: lenient(estateWith({ bundle: old.bundle, chain: young.chain, clusters: [] })),
      replace: true,
      code: "plan.no-procedure",
      says: "A flag day does not lead to a public certificate",
    },
    {
      name: "away from Rancher's own CA, where Rancher was not installed by Helm",
      estate: generatedEstate([], { installer: { kind: "manifests" }, agentTlsMode: "system-store" }),
      code: "plan.no-procedure",
      says: "Values of Rancher's chart have to change, and Rancher was not installed by Helm",
    },
    {
      name: "from one public certificate to another",
      estate: publicEstate([]),
      code: "plan.no-procedure",
      says: "its agents trust public authorities already",
    },
    {
      name: "to a private CA whose bundle was not given",
      estate: publicEstate([]),
      target: { chain: young.chain },
      code: "plan.bundle-needed",
      says: "Rancher serves no trust bundle",
    },
    {
      name: "to a private CA whose bundle does not verify the target",
      estate: publicEstate([]),
      target: { chain: young.chain, bundle: old.bundle },
      code: "plan.target-refused",
      says: "under the target bundle",
    },
  ];
  test.each(refused)("is refused: $name", ({ estate = calm, target = toPublic, roots, replace, code, says }) => {
    const known = roots ?? publicRoots;
    const answer = refusal(() => classify({ estate, target, publicRoots: known, now: NOW, replace: replace ?? false }));
    expect(answer.code).toBe(code);
    expect(answer.sentence).toContain(says);
    expect(answer.hint).not.toBe("");
  });
});
