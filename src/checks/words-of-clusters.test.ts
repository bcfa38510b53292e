/** What a person reads of each finding about a cluster, and the values at which a check changes its mind. */
import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { type CheckLab, makeCheckLab } from "../../test/helpers/check-lab.ts";
import {
  agentWith,
  armedAgent,
  clusterWith,
  NOW,
  offlineCluster,
  pinServed,
  runningPod,
  waitingPod,
} from "../../test/helpers/estate-builder.ts";
import type { Cluster } from "../estate/cluster.ts";
import type { Estate } from "../estate/estate.ts";
import { agentHealth } from "./agent-health.ts";
import { agentPins, agentsWithoutPin } from "./agent-pins.ts";
import { agentServer } from "./agent-server.ts";
import type { Check, CheckInput } from "./check.ts";
import { clusterConnection } from "./cluster-connection.ts";
import { givenWays } from "./given-ways.ts";
import { permissions } from "./permissions.ts";
import { token } from "./token.ts";
import { downloadedKubeconfigs, unmovableConsumers } from "./unmovable-consumers.ts";

const OTHER_PIN = "e".repeat(64);
let lab: CheckLab;
beforeAll(async () => {
  lab = await makeCheckLab();
});

const tokenOf = (change: Partial<Estate["access"]["token"]>, clusters = lab.estate.clusters) =>
  lab.input({ access: { ...lab.estate.access, token: { ...lab.estate.access.token, ...change } }, clusters });
const withAgent = (...args: Parameters<typeof agentWith>) => lab.withParis({ agent: agentWith(...args) });
const many = (count: number) => Array.from({ length: count }, (_, index) => clusterWith(`c-${index + 1}`, undefined));

const GONE: Cluster["tunnel"] = { kind: "unreachable", at: NOW.toISOString(), why: "It timed out." };
const STOP = "Its running pods pin another bundle than the one that Rancher serves: they stop at their next start.";
const WINDOWS = "The pin is that of the bundle with Windows line ends (CRLF).";
/** What somebody gets who hashes the file on Windows. */
const windowsPin = (bundle: string): string =>
  createHash("sha256")
    .update(`${bundle.trim().replaceAll("\n", "\r\n")}\n`)
    .digest("hex");

interface Row {
  readonly name: string;
  readonly check: Check;
  readonly input: () => CheckInput;
  readonly says: readonly string[];
}

const ROWS: readonly Row[] = [
  {
    name: "a cluster is disconnected, since when is known",
    check: clusterConnection,
    input: () => lab.withParis({ connected: { status: "False", lastUpdateTime: "2026-11-23T11:00:00Z" } }),
    says: ["Rancher has no connection to it since 2026-11-23T11:00:00Z."],
  },
  {
    name: "a cluster is disconnected, since when is not known",
    check: clusterConnection,
    input: () => lab.withParis({ connected: { status: "Unknown" } }),
    says: ["Rancher has no connection to it."],
  },
  {
    name: "Rancher before 2.6, which has no such condition",
    check: clusterConnection,
    input: () => lab.withParis({ connected: undefined }),
    says: [],
  },
  {
    name: "a tunnel gives no answer, and Rancher says nothing of the cluster",
    check: clusterConnection,
    input: () => lab.withParis({ tunnel: GONE }),
    says: ["Its API does not answer through Rancher: It timed out."],
  },
  {
    name: "a tunnel gives no answer, and Rancher says why",
    check: clusterConnection,
    input: () => lab.withParis({ tunnel: GONE, ready: { status: "False", message: "x509: unknown authority" } }),
    says: ["Its API does not answer through Rancher: It timed out. Rancher says of it: x509: unknown authority"],
  },
  {
    name: "a tunnel gives no answer, and what Rancher said when it was Ready is old",
    check: clusterConnection,
    input: () => lab.withParis({ tunnel: GONE, ready: { status: "True", message: "x509: unknown authority" } }),
    says: ["Its API does not answer through Rancher: It timed out."],
  },
  {
    name: "a tunnel gives no answer, and Rancher has no words for it",
    check: clusterConnection,
    input: () => lab.withParis({ tunnel: GONE, ready: { status: "False", message: "" } }),
    says: ["Its API does not answer through Rancher: It timed out."],
  },
  {
    name: "Rancher says nothing of whether a cluster is Ready",
    check: clusterConnection,
    input: () => lab.withParis({ ready: undefined }),
    says: [],
  },
  {
    name: "a cluster is not Ready, in Rancher's words",
    check: clusterConnection,
    input: () => lab.withParis({ ready: { status: "False", reason: "Error", message: "no such host" } }),
    says: ["It is connected, but Rancher does not call it ready: no such host"],
  },
  {
    name: "a cluster is not Ready, and the message is empty",
    check: clusterConnection,
    input: () => lab.withParis({ ready: { status: "False", reason: "Error", message: "" } }),
    says: ["It is connected, but Rancher does not call it ready: Error"],
  },
  {
    name: "a cluster is not Ready, and nothing is said",
    check: clusterConnection,
    input: () => lab.withParis({ ready: { status: "Unknown" } }),
    says: ["It is connected, but Rancher does not call it ready: no reason given"],
  },
  {
    name: "a token that ends with the rotation",
    check: token,
    input: () => tokenOf({ expiresAt: "2026-11-24T12:00:00.000Z" }),
    says: ["The API token ends on 2026-11-24 12:00 UTC, before the rotation may be over."],
  },
  {
    name: "a token that ends a moment later",
    check: token,
    input: () => tokenOf({ expiresAt: "2026-11-24T12:00:00.001Z" }),
    says: [],
  },
  {
    name: "a token that does not see five clusters",
    check: token,
    input: () => tokenOf({ visibleClusters: [] }, many(5)),
    says: ["The API token does not see 5 of the clusters: c-1, c-2, c-3, c-4, c-5."],
  },
  {
    name: "a token that does not see six clusters",
    check: token,
    input: () => tokenOf({ visibleClusters: [] }, many(6)),
    says: ["The API token does not see 6 of the clusters: c-1, c-2, c-3, c-4, c-5, …."],
  },
  {
    name: "a token that does not see a cluster which nobody reaches",
    check: token,
    input: () => tokenOf({ visibleClusters: [] }, [offlineCluster("c-1")]),
    says: ["The API token does not see 1 of the clusters: c-1."],
  },
  {
    name: "a rollout of an agent goes on",
    check: agentHealth,
    input: () => withAgent(lab.pin, { updatedReplicas: 0 }),
    says: ["A rollout of its agent is going on."],
  },
  {
    name: "a rollout of an agent is held up by one of its pods",
    check: agentHealth,
    input: () =>
      withAgent(lab.pin, {
        totalReplicas: 2,
        pods: [runningPod(lab.pin), { ...waitingPod(lab.pin, "new"), waiting: "ImagePullBackOff" }],
      }),
    says: ["A rollout of its agent is going on (pod new: ImagePullBackOff)."],
  },
  {
    name: "a pod that is being made holds nothing up",
    check: agentHealth,
    input: () =>
      withAgent(lab.pin, {
        availableReplicas: 0,
        pods: [{ ...waitingPod(lab.pin, "new"), waiting: "ContainerCreating" }],
      }),
    says: ["A rollout of its agent is going on."],
  },
  {
    name: "the controller has not acted on the agent's change",
    check: agentHealth,
    input: () => withAgent(lab.pin, { settled: false }),
    says: ["A rollout of its agent is going on."],
  },
  {
    name: "an agent is armed",
    check: agentHealth,
    input: () => lab.withParis({ agent: armedAgent(lab.pin, OTHER_PIN) }),
    says: ["Its agent is armed: it straddles two pins."],
  },
  {
    name: "an agent has two pins, and nothing keeps the old pod",
    check: agentHealth,
    input: () => lab.withParis({ agent: armedAgent(lab.pin, OTHER_PIN, { minReadySeconds: 0 }) }),
    says: [`A rollout of its agent is going on (pod waiting-${OTHER_PIN.slice(0, 6)}: CrashLoopBackOff).`],
  },
  {
    name: "of an agent that cannot be looked at, nothing is said",
    check: agentHealth,
    input: () => lab.withParis({ reach: "none", agent: undefined }),
    says: [],
  },
  {
    name: "agents pin nothing where Rancher has no bundle",
    check: agentsWithoutPin,
    input: () => {
      const input = withAgent("", { pods: [runningPod("")] });
      return { ...input, estate: { ...input.estate, trust: { ...input.estate.trust, pin: "" } } };
    },
    says: [],
  },
  {
    name: "a pin differs from nothing where Rancher has no bundle",
    check: agentPins,
    input: () => {
      const input = withAgent(OTHER_PIN);
      return { ...input, estate: { ...input.estate, trust: { ...input.estate.trust, pin: "" } } };
    },
    says: [],
  },
  {
    name: "only the pods of an agent pin another bundle",
    check: agentPins,
    input: () => withAgent(lab.pin, { pods: [runningPod(OTHER_PIN)] }),
    says: ["Its running pods pin another bundle than the one that Rancher serves: they stop at their next start."],
  },
  {
    name: "only the pods of an agent pin a variant of the bundle",
    check: agentPins,
    input: () => withAgent(lab.pin, { pods: [runningPod(windowsPin(lab.authority.bundle))] }),
    says: [`${STOP} ${WINDOWS}`],
  },
  {
    name: "an agent pins a variant, and the Secret of the bundle cannot be read",
    check: agentPins,
    input: () => {
      const input = withAgent(windowsPin(lab.authority.bundle));
      const { written: _, ...trust } = input.estate.trust;
      return { ...input, estate: { ...input.estate, trust } };
    },
    says: [`${STOP} ${WINDOWS}`],
  },
  {
    name: "an agent pins what the Secret holds and Rancher does not serve yet: that is no variant",
    check: agentPins,
    input: () => {
      const written = `${lab.authority.bundle}# more\n`;
      const input = withAgent(pinServed(written));
      return { ...input, estate: { ...input.estate, trust: { ...input.estate.trust, written } } };
    },
    says: [STOP],
  },
  {
    name: "people hold one kubeconfig",
    check: downloadedKubeconfigs,
    input: () => lab.withParis({ consumers: [] }),
    says: ["1 downloaded kubeconfig embeds the bundle of today."],
  },
  {
    name: "people hold none",
    check: downloadedKubeconfigs,
    input: () => lab.input({ clusters: [] }),
    says: [],
  },
  {
    name: "an agent's server is no URL",
    check: agentServer,
    input: () => withAgent(lab.pin, { serverUrl: "rancher.example.test" }),
    says: ["Its agent connects to rancher.example.test, and not to Rancher's server-url https://rancher.example.test."],
  },
  {
    name: "an agent's server differs by its path",
    check: agentServer,
    input: () => withAgent(lab.pin, { serverUrl: "https://rancher.example.test/k8s" }),
    says: [
      "Its agent connects to https://rancher.example.test/k8s, and not to Rancher's server-url https://rancher.example.test.",
    ],
  },
  {
    name: "an agent's server is written in capitals, with its port",
    check: agentServer,
    input: () => withAgent(lab.pin, { serverUrl: "HTTPS://Rancher.Example.Test:443/" }),
    says: [],
  },
  {
    name: "nothing says which server an agent has",
    check: agentServer,
    input: () => withAgent(lab.pin, { serverUrl: "" }),
    says: [],
  },
  {
    name: "an account may not list pods",
    check: permissions,
    input: () => lab.withParis({ permissions: { patchAgent: "yes", deletePods: "unknown", listPods: "no" } }),
    says: ["The token's account may not: list pods cattle-system. Its agent cannot be armed."],
  },
  {
    name: "an account may not patch node agents",
    check: permissions,
    input: () =>
      lab.withParis({
        permissions: { patchAgent: "yes", deletePods: "yes", listPods: "yes", patchNodeAgents: "no" },
      }),
    says: ["The account may not: patch daemonsets.apps cattle-system. Its node agents cannot be armed."],
  },
  {
    name: "the account of another way may not list pods",
    check: givenWays,
    input: () =>
      lab.withParis({
        given: [
          {
            reach: "direct",
            called: "kubeconfig paris.yaml",
            state: {
              kind: "answering",
              at: NOW.toISOString(),
              permissions: { patchAgent: "yes", deletePods: "yes", listPods: "no" },
            },
          },
        ],
      }),
    says: ["The account of its kubeconfig paris.yaml may not: list pods cattle-system."],
  },
  {
    name: "a consumer on Windows nodes",
    check: unmovableConsumers,
    input: () =>
      lab.withParis({
        consumers: (["system-agent", "system-agent/windows"] as const).map((name) => ({
          id: `c-paris/${name}`,
          kind: "system-agent",
          clusterId: "c-paris",
          gating: true,
          movable: false,
          evidence: [],
        })),
      }),
    says: [
      "Its nodes' system agents trust Rancher's certificate, too, and this version of Farrier cannot move them.",
      "Its nodes' system agents on Windows trust Rancher's certificate, too, and this version of Farrier cannot move them.",
    ],
  },
];

describe("a person reads", () => {
  it.each(ROWS)("$name", ({ check, input, says }) => {
    expect(check(input()).map(({ sentence }) => sentence)).toEqual(says);
  });
});
