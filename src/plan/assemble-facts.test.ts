/** What a plan carries from what was seen and wanted, for those who act on it later. */
import { createHash, X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  agentWith,
  clusterWith,
  type EstateShape,
  NOW,
  nodeAgents,
  offlineCluster,
  pinServed,
} from "../../test/helpers/estate-builder.ts";
import {
  BOTH_BUNDLE,
  estateOf,
  OLD,
  overlapInput,
  PIN,
  refusal,
  SEALED,
  YOUNG,
} from "../../test/helpers/plan-builder.ts";
import type { Cluster } from "../estate/cluster.ts";
import type { Estate } from "../estate/estate.ts";
import { finding } from "../findings.ts";
import { createRoot } from "../pki/issuing/authority.ts";
import { issueServing } from "../pki/issuing/serving.ts";
import { assemblePlan, type PlanInput } from "./assemble.ts";
import { stageNamed, stepsOf } from "./reading.ts";

const member = (id: string, change: Partial<Cluster> = {}) => clusterWith(id, agentWith(PIN.current), change);
const estate = estateOf([member("c-1")]);

/** Back from both authorities served to the old one alone. */
function backInput(from: Estate, change: Partial<PlanInput> = {}): PlanInput {
  const goal = { bundle: OLD.bundle, chain: OLD.chain, sealed: SEALED };
  return overlapInput(from, { direction: "rollback", goal, both: BOTH_BUNDLE, ...change });
}
const bothServed = estateOf([clusterWith("c-1", agentWith(PIN.both))], { bundle: BOTH_BUNDLE });

describe("where it writes", () => {
  const rows: { readonly name: string; readonly change: Partial<Estate>; readonly names: readonly string[] }[] = [
    { name: "the usual Secrets", change: {}, names: ["tls-rancher-ingress", "tls-ca"] },
    {
      name: "Secrets that the chart was given other names for",
      change: { serving: named(estate.serving, "own-certificate"), trust: named(estate.trust, "own-ca") },
      names: ["own-certificate", "own-ca"],
    },
    {
      name: "the usual ones where there is none yet",
      change: { serving: without(estate.serving), trust: without(estate.trust) },
      names: ["tls-rancher-ingress", "tls-ca"],
    },
  ];
  test.each(rows)("is $name", ({ change, names }) => {
    const { rancher } = assemblePlan(overlapInput({ ...estate, ...change }));
    expect([rancher.servingSecret, rancher.trustSecret]).toEqual(names);
    expect(rancher).toMatchObject({ namespace: "cattle-system", deployment: "rancher" });
  });

  test("on the way back knows the Secret that the way forth took away", () => {
    const trustSecretSaved = { file: "backups/tls-ca.age", sha256: "1".repeat(64) };
    expect(assemblePlan(backInput(bothServed, { trustSecretSaved })).rancher.trustSecretSaved).toEqual(
      trustSecretSaved,
    );
    expect(assemblePlan(backInput(bothServed)).rancher).not.toHaveProperty("trustSecretSaved");
  });
});

describe("the estate's own backup", () => {
  const estateBackup = { kind: "operator" as const, resourceSet: "rancher-resource-set-full" };

  test("is made on the way forth, under a name of this rotation alone", () => {
    const plan = assemblePlan(overlapInput(estate, { options: { estateBackup } }));
    expect(plan.estateBackup).toEqual({ ...estateBackup, name: `farrier-${plan.rotation}` });
    expect(stepsOf(stageNamed(plan, "backup")).map(({ kind }) => kind)).toContain("back-up-estate");
  });

  test("is not made again on the way back", () => {
    const plan = assemblePlan(backInput(bothServed, { options: { estateBackup } }));
    expect(plan).not.toHaveProperty("estateBackup");
    expect(stepsOf(stageNamed(plan, "backup")).map(({ kind }) => kind)).not.toContain("back-up-estate");
  });
});

describe("what was found and agreed", () => {
  test("is carried with every word of it, and nothing else of the findings", () => {
    const found = finding("token.ends-early", "API token", "It ends soon.", { hint: "Make another." });
    const { findings } = assemblePlan(overlapInput(estate, { findings: [found] }));
    expect(findings).toEqual([
      {
        code: "token.ends-early",
        severity: found.severity,
        target: "API token",
        sentence: "It ends soon.",
        hint: "Make another.",
      },
    ]);
  });

  test("is which authorized endpoints may stand in for tunnels", () => {
    const endpoints = { clusters: ["c-1"], sealed: { file: "backups/endpoints.age", sha256: "2".repeat(64) } };
    expect(assemblePlan(overlapInput(estate, { endpoints })).endpoints).toEqual(endpoints);
    expect(assemblePlan(overlapInput(estate))).not.toHaveProperty("endpoints");
  });

  const procedures: [string, Partial<PlanInput>, Partial<EstateShape>][] = [
    ["overlap", {}, {}],
    ["renew", { goal: { chain: OLD.chain, sealed: SEALED } }, {}],
    ["replace", { replace: true }, { chain: YOUNG.chain }],
    ["replace", { replace: true, goal: { chain: OLD.chain, sealed: SEALED } }, { chain: YOUNG.chain }],
  ];
  test.each(procedures)("is called %s", (procedure, change, shape) => {
    expect(assemblePlan(overlapInput(estateOf([member("c-1")], shape), change)).procedure).toBe(procedure);
  });

  test("is known of clusters in the order of their ids", () => {
    const { clusters } = assemblePlan(overlapInput(estateOf(["c-3", "c-1", "c-10", "c-2"].map((id) => member(id)))));
    expect(clusters.map(({ id }) => id)).toEqual(["c-1", "c-10", "c-2", "c-3"]);
  });

  test("of a cluster whose agent could not be seen is that nothing is known to be put back", () => {
    expect(assemblePlan(overlapInput(estateOf([offlineCluster("c-1")]))).clusters[0]?.minReadySecondsBefore).toBe(0);
  });
});

describe("what apply compares before it begins", () => {
  const clusters = [member("c-2"), offlineCluster("c-3"), clusterWith("c-1", agentWith("f".repeat(64)))];
  const { basis } = assemblePlan(overlapInput(estateOf(clusters)));

  test("is the bundle that is served and the certificate in place", () => {
    const [leaf = ""] = OLD.chain.split(/(?<=-----END CERTIFICATE-----)/);
    expect(basis).toMatchObject({
      servedPin: pinServed(OLD.bundle),
      servingFingerprint: createHash("sha256").update(new X509Certificate(leaf).raw).digest("hex"),
      rancherVersion: "v2.15.1",
    });
  });

  test("is each cluster's pin and method, none for an agent that was not seen", () => {
    expect(basis.clusters).toEqual([
      { id: "c-1", pin: "f".repeat(64), method: "patch" },
      { id: "c-2", pin: PIN.current, method: "patch" },
      { id: "c-3", pin: "", method: "patch" },
    ]);
  });

  test("has the pin of what replicas serve, also where the Secret holds something else already", () => {
    const served = [OLD.bundle.trim()];
    const plan = assemblePlan(backInput(estateOf([member("c-1")], { bundle: BOTH_BUNDLE, served })));
    expect(plan.basis.servedPin).toBe(PIN.current);
  });
});

describe("what was there before the rotation, where it is known otherwise than by looking", () => {
  const armedSince = clusterWith("c-1", agentWith(PIN.both, { minReadySeconds: 30 }), {
    nodeAgents: [nodeAgents(PIN.both, { next: PIN.both })],
  });
  const strategy = { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "20%" } };
  const before = { name: "cattle-node-agent", updateStrategy: strategy, minReadySeconds: 4 };
  const served = estateOf([armedSince], { bundle: BOTH_BUNDLE });

  test("is what was known, for the agent and for its node agents", () => {
    const plan = assemblePlan(
      backInput(served, { minReadySecondsBefore: { "c-1": 9 }, nodeAgentsBefore: { "c-1": [before] } }),
    );
    expect(plan.clusters[0]).toMatchObject({ minReadySecondsBefore: 9, nodeAgentsBefore: [before] });
  });

  test("is what is seen otherwise", () => {
    const [planned] = assemblePlan(backInput(served)).clusters;
    expect(planned).toMatchObject({ minReadySecondsBefore: 30 });
    expect(planned?.nodeAgentsBefore).not.toEqual([before]);
  });
});

test("a way back to a certificate for another host leads nowhere", async () => {
  const root = await createRoot({ commonName: "Own Root", now: NOW });
  const issued = await issueServing(root, { hostnames: ["other.example.test"], now: NOW, days: 100 });
  const goal = { bundle: root.certificatePem, chain: issued.certificatePem, sealed: SEALED };
  const refused = refusal(() => assemblePlan(backInput(bothServed, { goal, both: BOTH_BUNDLE + root.certificatePem })));
  expect(refused.code).toBe("plan.target-refused");
  expect(refused.sentence).toMatch(/^Agents refuse the certificate that a rollback leads to: .*other\.example\.test/);
});

describe("the way back", () => {
  test("writes the beginning's bytes, also where the same certificates are served in other words", () => {
    const windows = OLD.bundle.replaceAll("\n", "\r\n");
    const goal = { bundle: windows, chain: OLD.chain, sealed: SEALED };
    const plan = assemblePlan(backInput(estate, { goal, both: OLD.bundle }));
    expect(plan.epochs.at(-1)).toMatchObject({ bundle: windows, pin: pinServed(windows) });
    expect(plan.stages.map(({ id }) => id)).toContain("narrow");
  });

  test("the way forth leaves such bytes as they are", () => {
    const goal = { bundle: OLD.bundle.replaceAll("\n", "\r\n"), chain: OLD.chain, sealed: SEALED };
    const plan = assemblePlan(overlapInput(estate, { goal }));
    expect(plan.epochs.map(({ bundle }) => bundle)).toEqual([OLD.bundle]);
  });

  test("presents the beginning's chain byte for byte; the way forth changes nothing for the same one in other words", () => {
    const chain = OLD.chain.replaceAll("\n", "\r\n");
    const backTo = { bundle: OLD.bundle, chain, sealed: SEALED };
    expect(assemblePlan(backInput(bothServed, { goal: backTo })).stages.map(({ id }) => id)).toContain("switch");
    const forthTo = { bundle: BOTH_BUNDLE, chain, sealed: SEALED };
    const forth = assemblePlan(overlapInput(estate, { goal: forthTo }));
    expect(forth.stages.map(({ id }) => id)).not.toContain("switch");
    expect(forth.stages.map(({ id }) => id)).toContain("widen");
  });

  const BEGINNING = "The way back to where the rotation began, from where the estate is now.";
  const STILL = "The certificate of the beginning is still presented.";
  const AGAIN =
    "The certificate of the beginning is presented again once every agent has started with a bundle that verifies it.";
  const rows: { readonly name: string; readonly from: Estate; readonly why: readonly string[] }[] = [
    { name: "nothing was done", from: estate, why: [BEGINNING, STILL, "The bundle of the beginning is served."] },
    {
      name: "both authorities are served",
      from: bothServed,
      why: [BEGINNING, STILL, "Then the bundle of the beginning is served again."],
    },
    {
      name: "the Secret is written and not served",
      from: estateOf([member("c-1")], { bundle: BOTH_BUNDLE, served: [OLD.bundle.trim()] }),
      why: [
        BEGINNING,
        "Rancher's Secret does not hold what Rancher serves; that is put in order first.",
        STILL,
        "The bundle of the beginning is served.",
      ],
    },
    {
      name: "the rotation is over",
      from: estateOf([clusterWith("c-1", agentWith(PIN.target))], { bundle: YOUNG.bundle, chain: YOUNG.chain }),
      why: [
        BEGINNING,
        "What is served now lacks an authority of the beginning: both are served first.",
        AGAIN,
        "Then the bundle of the beginning is served again.",
      ],
    },
  ];
  test.each(rows)("says where it leads from when $name", ({ from, why }) => {
    expect(assemblePlan(backInput(from)).why).toEqual(why);
  });
});

function named<T extends Pick<Estate["serving"] | Estate["trust"], "secret">>(part: T, name: string): T {
  if (part.secret === undefined) throw new Error("the estate has its Secrets");
  return { ...part, secret: { ...part.secret, name } };
}

function without<T extends Pick<Estate["serving"] | Estate["trust"], "secret">>(part: T): Omit<T, "secret"> {
  const { secret: _, ...rest } = part;
  return rest;
}
