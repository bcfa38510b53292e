import { describe, expect, it } from "vitest";
import {
  agentWith,
  armedAgent,
  NOW,
  nodeAgents,
  runningPod,
  waitingPod,
} from "../../../test/helpers/estate-builder.ts";
import { pinOf } from "../../pki/pin.ts";
import { readManagementCluster } from "../../rancher/management-cluster.ts";
import { agentEvidence, clusterAgentConsumer } from "./cluster-agent.ts";
import { fleetAgentConsumer } from "./fleet-agent.ts";
import { nodeAgentConsumer } from "./node-agent.ts";
import { systemAgentConsumers } from "./system-agent.ts";

const PIN = "a".repeat(64);
const NEXT = "b".repeat(64);
const question = { clusterId: "c-paris", now: NOW, connected: true };

describe("evidence of a cluster agent", () => {
  it.each([
    { name: "has long been running", agent: agentWith(PIN), kinds: ["declared", "started"], pin: PIN },
    { name: "straddles", agent: armedAgent(PIN, NEXT), kinds: ["declared", "armed"], pin: NEXT },
    {
      name: "has a new pod that was never started",
      agent: armedAgent(PIN, NEXT, { pods: [runningPod(PIN), { ...waitingPod(NEXT), hasRun: false, restarts: 0 }] }),
      kinds: ["declared"],
      pin: NEXT,
    },
    {
      name: "would let its new pod replace the old one at once",
      agent: armedAgent(PIN, NEXT, { minReadySeconds: 0 }),
      kinds: ["declared"],
      pin: NEXT,
    },
    {
      name: "is in its start check",
      agent: agentWith(PIN, {
        pods: [{ ...runningPod(PIN), runningSince: new Date(NOW.getTime() - 2_000).toISOString() }],
      }),
      kinds: ["declared"],
      pin: PIN,
    },
    {
      name: "crash-loops",
      agent: agentWith(PIN, { readyReplicas: 0, availableReplicas: 0, pods: [waitingPod(PIN)] }),
      kinds: ["declared"],
      pin: PIN,
    },
  ])("that $name", ({ agent, kinds, pin }) => {
    const evidence = agentEvidence(agent, question);
    expect(evidence.map(({ kind }) => kind)).toEqual(kinds);
    for (const one of evidence) expect(one).toMatchObject({ pin, at: NOW.toISOString() });
  });

  it("that could not be looked at is none", () => {
    expect(clusterAgentConsumer(undefined, question)).toMatchObject({ gating: true, movable: true, evidence: [] });
  });
});

describe("node agents", () => {
  it.each([
    { name: "run with their pin on every node", set: nodeAgents(PIN), kinds: ["declared", "started"], pin: PIN },
    { name: "are armed", set: nodeAgents(PIN, { next: NEXT }), kinds: ["declared", "armed"], pin: NEXT },
    {
      name: "would all be restarted by their controller",
      set: nodeAgents(PIN, { next: NEXT, change: { updateStrategy: { type: "RollingUpdate" } } }),
      kinds: ["declared"],
      pin: NEXT,
    },
    {
      name: "are armed while one node's is not well",
      set: nodeAgents(PIN, { next: NEXT, ailing: "node-2" }),
      kinds: ["declared"],
      pin: NEXT,
    },
  ])("that $name show it", ({ set, kinds, pin }) => {
    const consumer = nodeAgentConsumer("c-paris", set, NOW);
    expect(consumer).toMatchObject({ id: "c-paris/node-agent", gating: true, movable: true });
    expect(consumer.evidence.map(({ kind }) => kind)).toEqual(kinds);
    for (const one of consumer.evidence) expect(one).toMatchObject({ pin, at: NOW.toISOString() });
  });

  it("on Windows are a consumer of their own", () => {
    const set = nodeAgents(PIN, { change: { kind: "node-agent-windows" } });
    expect(nodeAgentConsumer("c-paris", set, NOW).id).toBe("c-paris/node-agent-windows");
  });
});

describe("system agents of a cluster's nodes", () => {
  const cluster = (systemAgents: boolean) => {
    const read = readManagementCluster({
      metadata: { name: systemAgents ? "c-m-x" : "c-x" },
      status: { driver: "k3s" },
    });
    if (read === undefined) throw new Error("it is a cluster");
    return read;
  };
  it.each<[string, boolean, string[], string[]]>([
    ["are those of clusters that Rancher has made", true, [], ["c-m-x/system-agent"]],
    ["are none in other clusters", false, [], []],
    ["are those that a plan keeps up to date", false, ["system-agent-upgrader"], ["c-x/system-agent"]],
    ["on Windows have a plan of their own", false, ["system-agent-upgrader-windows"], ["c-x/system-agent/windows"]],
    [
      "are of both kinds where there are both",
      true,
      ["system-agent-upgrader-windows", "system-agent-upgrader"],
      ["c-m-x/system-agent", "c-m-x/system-agent/windows"],
    ],
    ["have nothing to do with other plans", false, ["k3s-upgrade"], []],
  ])("%s", (_, made, plans, ids) => {
    const consumers = systemAgentConsumers(cluster(made), plans);
    expect(consumers.map(({ id }) => id)).toEqual(ids);
    for (const one of consumers) expect(one).toMatchObject({ gating: true, movable: false, evidence: [] });
  });
});

describe("Fleet agents", () => {
  const bundle = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
  /** `printf '"%s"' "$(printf '%s' "$bundle" | base64 -w0)" | sha224sum` */
  const HASH = "dd7fdb67e79d967171aac566070345939c8661cf232fed2d31149ad8";
  const seen = (caHash: string | undefined, present: boolean) => ({
    fleet: new Map(caHash === undefined ? [] : [["c-paris", { caHash }]]),
    present,
    servedBundle: bundle,
    at: NOW,
  });
  it.each([
    { name: "is known and has the served CA", caHash: HASH, present: true, evidence: ["reported"] },
    { name: "is known and has another CA", caHash: "00", present: true, evidence: [] },
    { name: "is only seen in its cluster", caHash: undefined, present: true, evidence: [] },
  ])("that $name", ({ caHash, present, evidence }) => {
    const consumer = fleetAgentConsumer("c-paris", seen(caHash, present));
    expect(consumer?.evidence.map(({ kind }) => kind)).toEqual(evidence);
    for (const one of consumer?.evidence ?? []) expect(one.pin).toBe(pinOf(bundle));
  });

  it("of which Fleet has written down no CA has shown none", () => {
    expect(fleetAgentConsumer("c-paris", seen("", true))?.evidence).toEqual([]);
  });

  it("that Fleet knows is one, also where nobody could look into its cluster", () => {
    expect(fleetAgentConsumer("c-paris", seen(HASH, false))).toMatchObject({
      id: "c-paris/fleet-agent",
      gating: true,
      movable: false,
      evidence: [{ kind: "reported", at: NOW.toISOString(), source: "clusters.fleet.cattle.io of c-paris" }],
    });
    expect(fleetAgentConsumer("c-lagos", seen(HASH, false))).toBeUndefined();
  });

  it("that is nowhere is no consumer", () => {
    expect(fleetAgentConsumer("c-paris", seen(undefined, false))).toBeUndefined();
  });
});
