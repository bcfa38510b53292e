import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { type CheckLab, makeCheckLab, summaries } from "../../test/helpers/check-lab.ts";
import { agentWith, armedAgent, runningPod, waitingPod, withUnproved } from "../../test/helpers/estate-builder.ts";
import type { AgentWorkload } from "../estate/agent.ts";
import type { Cluster } from "../estate/cluster.ts";
import type { Estate } from "../estate/estate.ts";
import { agentFeatures } from "./agent-features.ts";
import { agentHealth } from "./agent-health.ts";
import { agentPins, agentsWithoutPin } from "./agent-pins.ts";
import { agentServer } from "./agent-server.ts";
import { clusterConnection } from "./cluster-connection.ts";
import { downloadedKubeconfigs, unmovableConsumers } from "./unmovable-consumers.ts";

const PARIS = "cluster c-paris (paris)";
const OTHER_PIN = "e".repeat(64);
let lab: CheckLab;
beforeAll(async () => {
  lab = await makeCheckLab();
});

const withAgent = (agent: AgentWorkload) => lab.withParis({ agent });

describe("pins", () => {
  it("that are the served one are no finding", () => {
    expect(agentPins(lab.input())).toEqual([]);
  });

  it.each([
    { name: "spec changed, the pod still runs", agent: () => agentWith(OTHER_PIN, { pods: [runningPod(lab.pin)] }) },
    { name: "the bundle changed under it", agent: () => agentWith(OTHER_PIN) },
  ])("that would end the agent at its next restart are named: $name", ({ agent }) => {
    expect(summaries(agentPins(withAgent(agent())))).toEqual([`error agent.latent-mismatch ${PARIS}`]);
  });

  it("of a straddling agent are as they should be", () => {
    expect(agentPins(withAgent(armedAgent(lab.pin, OTHER_PIN)))).toEqual([]);
  });

  const hash = (text: string) => createHash("sha256").update(text).digest("hex");
  it.each([
    { name: "one newline too many (M1.3)", text: (bundle: string) => `${bundle.trim()}\n\n`, says: /newline/ },
    { name: "none at the end", text: (bundle: string) => bundle.trim(), says: /newline/ },
    {
      name: "Windows line ends (M1.3)",
      text: (bundle: string) => `${bundle.trim().replaceAll("\n", "\r\n")}\n`,
      says: /CRLF/,
    },
  ])("of a variant are reported as exactly that: $name", ({ text, says }) => {
    const pin = hash(text(lab.authority.bundle));
    const findings = agentPins(withAgent(agentWith(pin, { pods: [runningPod(lab.pin)] })));
    expect(summaries(findings)).toEqual([`error agent.pin-variant ${PARIS}`]);
    expect(findings[0]?.sentence).toMatch(says);
  });

  const served = (bundle: string, agent: AgentWorkload, change: Partial<Estate["trust"]> = {}) => {
    const input = withAgent(agent);
    const trust = { ...input.estate.trust, served: [bundle], ...change };
    return agentPins({ ...input, estate: { ...input.estate, trust } }).map(({ sentence }) => sentence);
  };
  const windows = (bundle: string) => hash(`${bundle.trim().replaceAll("\n", "\r\n")}\n`);
  const elsewhere = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";

  it("of a variant are explained by what is served, where the Secret holds something else by now", () => {
    const [says] = served(lab.authority.bundle.trim(), agentWith(windows(lab.authority.bundle)), {
      written: elsewhere,
    });
    expect(says).toContain("Windows line ends");
  });

  it("of a variant are explained by the Secret, where something else is served", () => {
    const [says] = served(elsewhere, agentWith(windows(lab.authority.bundle)));
    expect(says).toContain("Windows line ends");
  });

  it("of a variant are explained by the setting, where Rancher serves nothing that could be read", () => {
    const [says] = served(elsewhere, agentWith(windows(lab.authority.bundle)), { served: [], written: elsewhere });
    expect(says).toContain("Windows line ends");
  });

  it("of the Deployment are explained, and not those of its pods, where both are wrong", () => {
    const agent = agentWith(OTHER_PIN, { pods: [runningPod(windows(lab.authority.bundle))] });
    expect(summaries(agentPins(withAgent(agent)))).toEqual([`error agent.latent-mismatch ${PARIS}`]);
  });

  it("that are missing are a warning, and no mismatch", () => {
    const bare = withAgent(agentWith("", { pods: [runningPod("")] }));
    expect(summaries(agentsWithoutPin(bare))).toEqual([`warning agent.no-pin ${PARIS}`]);
    expect(agentPins(bare)).toEqual([]);
  });
});

describe("an agent's workload", () => {
  const rows: { name: string; change: () => Partial<Cluster>; finds: string[] }[] = [
    { name: "at rest", change: () => ({}), finds: [] },
    {
      name: "missing",
      change: () => {
        // Left out, as an observation of a cluster without the Deployment has it.
        const { agent: _, ...rest } = lab.estate.clusters.find(({ id }) => id === "c-paris") ?? {};
        return { ...rest, agent: undefined } as Partial<Cluster>;
      },
      finds: ["warning agent.missing"],
    },
    {
      name: "paused",
      change: () => ({ agent: agentWith(lab.pin, { paused: true }) }),
      finds: ["error agent.rollout-paused"],
    },
    {
      name: "with a redeploy pending",
      change: () => ({ redeployPending: true }),
      finds: ["warning agent.redeploy-pending"],
    },
    {
      name: "with replicas that disagree",
      change: () => ({
        agent: agentWith(lab.pin, { replicas: 2, pods: [runningPod(lab.pin), runningPod(OTHER_PIN)] }),
      }),
      finds: ["error agent.replicas-disagree"],
    },
    { name: "armed", change: () => ({ agent: armedAgent(lab.pin, OTHER_PIN) }), finds: ["info agent.armed"] },
    {
      name: "armed by a single second, which is enough to keep the old pod",
      change: () => ({ agent: armedAgent(lab.pin, OTHER_PIN, { minReadySeconds: 1 }) }),
      finds: ["info agent.armed"],
    },
    {
      name: "without the Secret that its agent mounts",
      change: () => ({ missingCredentials: "cattle-credentials-abc" }),
      finds: ["warning agent.credentials-missing"],
    },
    {
      name: "not reached, so that nothing is known of its agent",
      change: () => ({ reach: "none", missingCredentials: "cattle-credentials-abc", redeployPending: true }),
      finds: [],
    },
    {
      name: "rolling out",
      change: () => ({ agent: agentWith(lab.pin, { updatedReplicas: 0, availableReplicas: 0, settled: false }) }),
      finds: ["warning agent.rolling-out"],
    },
    {
      name: "crash-looping",
      change: () => ({
        agent: agentWith(lab.pin, { readyReplicas: 0, availableReplicas: 0, pods: [waitingPod(lab.pin)] }),
      }),
      finds: ["warning agent.rolling-out"],
    },
  ];
  it.each(rows)("$name", ({ change, finds }) => {
    expect(summaries(agentHealth(lab.withParis(change())))).toEqual(finds.map((found) => `${found} ${PARIS}`));
  });

  it("names the Secret that is missing", () => {
    const [found] = agentHealth(lab.withParis({ missingCredentials: "cattle-credentials-abc" }));
    expect(found?.sentence).toContain("the Secret cattle-credentials-abc, which is missing");
  });

  it("names the pod that holds a rollout up", () => {
    const agent = agentWith(lab.pin, { readyReplicas: 0, availableReplicas: 0, pods: [waitingPod(lab.pin)] });
    expect(agentHealth(withAgent(agent))[0]?.sentence).toContain("CrashLoopBackOff");
  });
});

describe("an agent's environment", () => {
  it("without CATTLE_FEATURES came from the import manifest", () => {
    const { features: _, ...bare } = agentWith(lab.pin);
    expect(summaries(agentFeatures(withAgent(bare)))).toEqual([`warning agent.features-missing ${PARIS}`]);
    expect(agentFeatures(lab.input())).toEqual([]);
  });

  it.each([
    { serverUrl: "https://rancher.example.test", finds: [] },
    { serverUrl: "https://rancher.example.test/", finds: [] },
    { serverUrl: "https://10.0.0.9", finds: [`warning agent.other-server ${PARIS}`] },
    { serverUrl: "rancher.example.test", finds: [`warning agent.other-server ${PARIS}`] },
  ])("with the server $serverUrl", ({ serverUrl, finds }) => {
    expect(summaries(agentServer(withAgent(agentWith(lab.pin, { serverUrl }))))).toEqual(finds);
  });
});

describe("a cluster's connection", () => {
  const at = "2026-11-23T12:00:00Z";
  const rows: { name: string; change: Partial<Cluster>; finds: string[] }[] = [
    { name: "all well", change: {}, finds: [] },
    {
      name: "no tunnel",
      change: {
        connected: { status: "False", lastUpdateTime: at },
        tunnel: { kind: "unreachable", at, why: "no tunnel" },
      },
      finds: ["warning cluster.disconnected"],
    },
    {
      name: "a tunnel that is half open",
      change: { tunnel: { kind: "unreachable", at, why: "timeout" } },
      finds: ["warning cluster.unreachable"],
    },
    {
      name: "stale credentials",
      change: {
        ready: {
          status: "False",
          reason: "Error",
          message: "the server has asked for the client to provide credentials",
        },
      },
      finds: ["warning cluster.not-ready"],
    },
    { name: "the management cluster itself", change: { local: true, connected: { status: "False" } }, finds: [] },
  ];
  it.each(rows)("$name", ({ change, finds }) => {
    expect(summaries(clusterConnection(lab.withParis(change)))).toEqual(finds.map((found) => `${found} ${PARIS}`));
  });
});

describe("other consumers", () => {
  it.each(["system-agent", "fleet-agent", "node-agent"] as const)(
    "%s is recognised as one that holds the gates",
    (kind) => {
      const paris = lab.estate.clusters.find(({ id }) => id === "c-paris");
      if (paris === undefined) throw new Error("the estate has paris");
      const findings = unmovableConsumers(lab.withParis(withUnproved(paris, kind)));
      expect(summaries(findings)).toEqual([`warning consumer.unmovable ${PARIS}`]);
      expect(unmovableConsumers(lab.input())).toEqual([]);
    },
  );

  const words = [
    ["cluster-agent", "Its cluster agents trust"],
    ["node-agent", "Its node agents trust"],
    ["node-agent-windows", "Its node agents on Windows trust"],
    ["system-agent", "Its nodes' system agents trust"],
    ["fleet-agent", "Its Fleet agents trust"],
    ["kubeconfig", "Its kubeconfigs trust"],
  ] as const;
  it.each(words)("%s is called so that people know it", (kind, says) => {
    const consumer = { id: `c-paris/${kind}`, kind, clusterId: "c-paris", gating: true, movable: false, evidence: [] };
    expect(unmovableConsumers(lab.withParis({ consumers: [consumer] }))[0]?.sentence).toContain(says);
  });

  it("that people hold are counted", () => {
    expect(downloadedKubeconfigs(lab.input())[0]?.sentence).toContain("2 downloaded kubeconfigs");
    expect(downloadedKubeconfigs(lab.withParis({ consumers: [] }))[0]?.sentence).toContain("1 downloaded kubeconfig");
  });
});
