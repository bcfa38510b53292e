/** What the plan of a refresh tells those who read it, and those who carry it out. */
import { createHash, X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { PIN as AGENT_PIN, CURRENT, cluster, OLD_CA, REFUSED, secret } from "../../../test/helpers/access-builder.ts";
import { NOW } from "../../../test/helpers/estate-builder.ts";
import { estateOf, OLD, PIN } from "../../../test/helpers/plan-builder.ts";
import type { ClusterAccess } from "../../estate/cluster-access.ts";
import type { Estate } from "../../estate/estate.ts";
import { finding } from "../../findings.ts";
import type { Plan } from "../plan.ts";
import { parsePlan, serialisePlan } from "../plan-file.ts";
import { stageNamed, stepsOf } from "../reading.ts";
import { assembleRefresh, type RefreshInput, type StaleCluster } from "./assemble-refresh.ts";
import { judgeAccess } from "./judge-access.ts";

const kubeconfig = { kubeconfig: "/home/anna/paris.yaml", context: "paris", server: "https://example.com:6443" };
const overNode = { ssh: { host: "10.0.0.5", user: "anna" }, server: "https://127.0.0.1:6443" };

function stale(access: ClusterAccess, reach: StaleCluster["reach"] = kubeconfig): StaleCluster {
  return { access, verdict: judgeAccess(access, AGENT_PIN), reach };
}
const paris = stale(cluster({ ca: OLD_CA }));
/** Rancher holds nothing for it, and a person's token is refused. */
const lagos = stale(
  cluster(
    { ca: [] },
    { personTokens: [secret("cattle-impersonation-u-1", REFUSED)] },
    { id: "c-lagos", name: "c-lagos" },
  ),
  overNode,
);

const installed = (change: Partial<Estate["installation"]>): Estate => {
  const estate = estateOf([]);
  return { ...estate, installation: { ...estate.installation, ...change } };
};
const planOf = (change: Partial<RefreshInput> = {}): Plan =>
  assembleRefresh({ estate: estateOf([]), rotation: "r-1", now: NOW, clusters: [paris], findings: [], ...change });
const refreshWaves = (plan: Plan) => stageNamed(plan, "refresh").waves;

describe("the plan of a refresh", () => {
  test("changes neither certificate nor bundle", () => {
    const plan = planOf();
    expect(plan).toMatchObject({
      format: "farrier.plan/v1",
      rotation: "r-1",
      direction: "forward",
      plannedAt: "2026-11-23T12:00:00.000Z",
      procedure: "refresh",
      epochs: [{ name: "current", bundle: OLD.bundle, pin: PIN.current }],
      armingMinReadySeconds: 30,
    });
    expect(plan.serving.target).toEqual(plan.serving.current);
    expect(plan.serving.current.chain).toBe(OLD.chain);
    expect(plan.serving.current.certificates.map(({ subject }) => subject)).toEqual([
      "CN=rancher.example.test",
      "CN=Old Issuing",
    ]);
  });

  test("is about this estate, and says what apply compares", () => {
    const plan = planOf({ clusters: [paris, lagos] });
    const [leaf = ""] = OLD.chain.split(/(?<=-----END CERTIFICATE-----)/);
    expect(plan.estate).toEqual({
      kubeSystemUid: "11111111-2222-3333-4444-555555555555",
      serverUrl: "https://rancher.example.test",
      rancherVersion: "v2.15.1",
    });
    expect(plan.basis).toEqual({
      servedPin: PIN.current,
      servingFingerprint: createHash("sha256").update(new X509Certificate(leaf).raw).digest("hex"),
      rancherVersion: "v2.15.1",
      clusters: [
        { id: "c-abc12", pin: "", method: "none" },
        { id: "c-lagos", pin: "", method: "none" },
      ],
    });
  });

  test("is read back from its file as it was", () => {
    const inContainer = {
      container: { id: "0123", name: "rancher", version: "v2.15.0" },
      engine: { socket: "/run/x" },
    };
    const plan = planOf({ clusters: [paris, lagos], inContainer });
    expect(parsePlan(serialisePlan(plan))).toEqual(plan);
    expect(plan.rancher.inContainer).toEqual(inContainer);
  });

  test("names the Secrets that there are, and the usual ones where there are none", () => {
    const estate = estateOf([]);
    const { secret: serving, ...bareServing } = estate.serving;
    const { secret: trust, ...bareTrust } = estate.trust;
    if (serving === undefined || trust === undefined) throw new Error("the estate has its Secrets");
    const named = {
      ...estate,
      serving: { ...estate.serving, secret: { ...serving, name: "own-certificate" } },
      trust: { ...estate.trust, secret: { ...trust, name: "own-ca" } },
    };
    const where = { namespace: "cattle-system", deployment: "rancher" };
    expect(planOf({ estate: named }).rancher).toEqual({
      ...where,
      servingSecret: "own-certificate",
      trustSecret: "own-ca",
    });
    expect(planOf({ estate: { ...estate, serving: bareServing, trust: bareTrust } }).rancher).toEqual({
      ...where,
      servingSecret: "tls-rancher-ingress",
      trustSecret: "tls-ca",
    });
  });

  test("carries its findings", () => {
    const found = finding("refresh.clock", "cluster c-abc12 (paris)", "Its clock is 3 minutes ahead.");
    const { code, severity, target, sentence, hint } = found;
    expect(planOf({ findings: [found] }).findings).toEqual([{ code, severity, target, sentence, hint }]);
  });
});

describe("a cluster", () => {
  const plan = planOf({ clusters: [lagos, paris] });
  test("is known by what it is, how it is reached, and what was found", () => {
    expect(plan.refreshed?.map(({ id, name, kubeSystemUid, reach }) => ({ id, name, kubeSystemUid, reach }))).toEqual([
      { id: "c-abc12", name: "paris", kubeSystemUid: "uid", reach: kubeconfig },
      { id: "c-lagos", name: "c-lagos", kubeSystemUid: "uid", reach: overNode },
    ]);
    expect(plan.refreshed?.[0]?.comparisons.map(({ where, state }) => `${where} ${state}`)).toContain(
      "status.caCert stale",
    );
  });

  test("is asked past Rancher, by its context or through a node, and none of its pins changes", () => {
    const rest = {
      method: "none",
      unarmedAccepted: false,
      minReadySecondsBefore: 0,
      unproved: [],
      kubeSystemUid: "uid",
    };
    expect(plan.clusters).toEqual([
      {
        id: "c-abc12",
        name: "paris",
        reach: "direct",
        why: "Its own API server is asked, past Rancher: context paris.",
        ...rest,
      },
      {
        id: "c-lagos",
        name: "c-lagos",
        reach: "ssh",
        why: "Its own API server is asked, past Rancher: through node 10.0.0.5.",
        ...rest,
      },
    ]);
  });

  test("is refreshed for what is stale or missing, which its reason lists, and what is right it leaves out", () => {
    expect(plan.why).toEqual([
      "paris (c-abc12): status.caCert is stale.",
      "c-lagos: status.caCert is missing, Secret cattle-impersonation-system/cattle-impersonation-u-1 is stale.",
    ]);
    expect(CURRENT.held.ca).not.toEqual(OLD_CA);
  });
});

describe("its stages", () => {
  test("are a backup that asks for nothing, and the refresh that asks for it", () => {
    const { stages } = planOf();
    expect(stages.map(({ id, kind, gate }) => [id, kind, gate])).toEqual([
      ["backup", "backup", "nothing"],
      ["refresh", "refresh", "backup-verified"],
    ]);
    expect(stages.map(({ waves }) => waves.map(({ id }) => id))).toEqual([
      ["backup/wave-1", "backup/wave-2"],
      [1, 2, 3, 4, 5].map((count) => `refresh/wave-${count}`),
    ]);
  });

  test("back up first what is touched, then the estate where that was asked for, and then show that it can be read", () => {
    const estateBackup = { kind: "operator" as const, resourceSet: "full" };
    const plan = planOf({ options: { estateBackup } });
    expect(stepsOf(stageNamed(plan, "backup")).map(({ kind }) => kind)).toEqual([
      "save-objects",
      "back-up-estate",
      "prove-decryption",
    ]);
    expect(plan.estateBackup).toEqual({ ...estateBackup, name: "farrier-r-1" });
    expect(planOf()).not.toHaveProperty("estateBackup");
  });
});

describe("its waves", () => {
  const clusters = Array.from({ length: 24 }, (_, index) => {
    const id = `c-${String(index).padStart(2, "0")}`;
    return stale(cluster({ ca: OLD_CA }, {}, { id, name: id }));
  });
  /** Clusters of each group, by the first link of its chain. */
  const groups = (plan: Plan) =>
    refreshWaves(plan)
      .filter(({ steps }) => steps[0]?.kind === "drop-agent-tokens")
      .map(({ steps, canary, failureBudget }) => ({ size: steps.length, canary, failureBudget }));

  test("are the first cluster alone, then groups of a wave's size, of which a tenth may fail", () => {
    expect(groups(planOf({ clusters, options: { waveSize: 20 } }))).toEqual([
      { size: 1, canary: true, failureBudget: 0 },
      { size: 20, canary: false, failureBudget: 2 },
      { size: 3, canary: false, failureBudget: 1 },
    ]);
  });

  test("take all that is left in one group where it is not too large", () => {
    expect(groups(planOf({ clusters, options: { waveSize: 23 } })).map(({ size }) => size)).toEqual([1, 23]);
    expect(groups(planOf({ clusters, options: { waveSize: 22 } })).map(({ size }) => size)).toEqual([1, 22, 1]);
  });

  test("begin with all clusters that were chosen, and let none of them fail", () => {
    const options = { canary: ["c-03", "c-07", "c-not-there"], failureBudget: 5 };
    expect(groups(planOf({ clusters, options }))).toEqual([
      { size: 2, canary: true, failureBudget: 0 },
      { size: 22, canary: false, failureBudget: 5 },
    ]);
  });

  test("soak behind the last link of each group, and nowhere else", () => {
    const soaked = refreshWaves(planOf({ clusters: clusters.slice(0, 2), options: { soakSeconds: 60 } }));
    expect(soaked.map(({ soakSeconds }) => soakSeconds)).toEqual([0, 0, 0, 0, 60, 0, 0, 0, 0, 60]);
  });

  test("restart Rancher for one cluster after the other where it keeps copies, and do all else side by side", () => {
    const estate = installed({ version: "v2.1.14" });
    const waves = refreshWaves(planOf({ estate, clusters: clusters.slice(0, 3), options: { concurrency: 7 } }));
    expect(waves.map(({ steps, concurrency }) => `${steps[0]?.kind} ${concurrency}`).slice(-6)).toEqual([
      "drop-agent-tokens 7",
      "recreate-agent-pods 7",
      "drop-person-tokens 7",
      "hold-access 7",
      "renew-rancher 1",
      "prove-access 7",
    ]);
  });
});

describe("people notice", () => {
  const AGENTS = "The pods of each agent are recreated: its cluster is disconnected from Rancher for some seconds.";
  const inContainer = { container: { id: "0123", name: "rancher", version: "v2.1.14" }, engine: { socket: "/run/x" } };
  const rows: { name: string; version: string; container?: typeof inContainer; alerts: string[] }[] = [
    { name: "agents alone, where Rancher keeps no copies", version: "v2.15.1", alerts: [AGENTS] },
    {
      name: "Rancher's restart, where it does",
      version: "v2.1.14",
      alerts: [AGENTS, "Rancher is restarted pod by pod: every cluster's tunnel drops, and comes back."],
    },
    {
      name: "that it is away, where it runs in one container",
      version: "v2.1.14",
      container: inContainer,
      alerts: [
        AGENTS,
        "Container rancher is restarted: Rancher and its API are away until it runs again, and every cluster's tunnel drops, and comes back.",
      ],
    },
  ];
  test.each(rows)("$name", ({ version, container, alerts }) => {
    const plan = planOf({
      estate: installed({ version }),
      ...(container === undefined ? {} : { inContainer: container }),
    });
    expect(plan.alerts).toEqual(alerts);
    expect(plan.pointsOfNoReturn).toEqual([expect.stringMatching(/^Removed tokens cannot come back/)]);
  });
});
