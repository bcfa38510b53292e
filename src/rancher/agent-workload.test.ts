import { describe, expect, it } from "vitest";
import type { KubeObject } from "../kubernetes/object.ts";
import { agentPodOf, agentWorkloadOf } from "./agent-workload.ts";

const PIN = "f0faf3708f852e567991736f914d27bc274a7d4f2f5de9f83caad35f89e545fb";

const container = {
  name: "cluster-register",
  image: "rancher/rancher-agent:v2.15.1",
  env: [
    { name: "CATTLE_FEATURES", value: "multi-cluster-management-agent=true" },
    { name: "CATTLE_SERVER", value: "https://rancher.farrier.test:9443" },
    { name: "CATTLE_CA_CHECKSUM", value: PIN },
    // Rancher writes variables without a value, too.
    { name: "CATTLE_SUC_APP_NAME_OVERRIDE" },
    { name: "STRICT_VERIFY", value: "true" },
  ],
};

/** As Rancher's redeploy left it, shortened. */
const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {
    name: "cattle-cluster-agent",
    namespace: "cattle-system",
    uid: "07def9e8",
    resourceVersion: "4966",
    generation: 9,
  },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: "cattle-cluster-agent" } },
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    template: { metadata: { labels: { app: "cattle-cluster-agent" } }, spec: { containers: [container] } },
  },
  status: { observedGeneration: 9, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 },
};

const pod = (status: object) => ({
  metadata: { name: "cattle-cluster-agent-1", uid: "p1", creationTimestamp: "2026-11-23T04:11:46Z" },
  spec: { containers: [container] },
  status,
});
const containerStatus = (change: object) => ({ name: "cluster-register", ready: false, restartCount: 0, ...change });

describe("the agent's Deployment", () => {
  it("as recorded is understood", () => {
    expect(agentWorkloadOf(deployment, [])).toEqual({
      namespace: "cattle-system",
      name: "cattle-cluster-agent",
      uid: "07def9e8",
      resourceVersion: "4966",
      settled: true,
      replicas: 1,
      updatedReplicas: 1,
      readyReplicas: 1,
      availableReplicas: 1,
      totalReplicas: 1,
      minReadySeconds: 0,
      strategy: { type: "RollingUpdate", maxSurge: "1", maxUnavailable: "0" },
      pin: PIN,
      serverUrl: "https://rancher.farrier.test:9443",
      strict: true,
      features: "multi-cluster-management-agent=true",
      image: "rancher/rancher-agent:v2.15.1",
      paused: false,
      pods: [],
    });
  });

  it("without the agent's container is another thing", () => {
    const other = {
      ...deployment,
      spec: { ...deployment.spec, template: { spec: { containers: [{ name: "web" }] } } },
    };
    expect(agentWorkloadOf(other, [])).toBeUndefined();
  });

  const spec = (change: object, env: readonly object[] = container.env) => ({
    ...deployment,
    spec: { ...deployment.spec, ...change, template: { spec: { containers: [{ ...container, env }] } } },
  });
  const rows: { name: string; object: KubeObject; says: object }[] = [
    {
      name: "of an old Rancher has no features, and is not strict",
      object: spec({}, [{ name: "STRICT_VERIFY", value: "false" }]),
      says: { strict: false, pin: "", serverUrl: "" },
    },
    {
      name: "that is armed, and paused",
      object: spec({ minReadySeconds: 30, paused: true, replicas: 2 }),
      says: { minReadySeconds: 30, paused: true, replicas: 2 },
    },
    { name: "scaled to none", object: spec({ replicas: 0 }), says: { replicas: 0 } },
    { name: "whose number of pods nobody has set", object: spec({ replicas: undefined }), says: { replicas: 1 } },
    {
      name: "that is made anew as a whole",
      object: spec({ strategy: { type: "Recreate" } }),
      says: { strategy: { type: "Recreate", maxSurge: "", maxUnavailable: "" } },
    },
    {
      name: "whose controller is a generation behind",
      object: { ...deployment, status: { ...deployment.status, observedGeneration: 8 } },
      says: { settled: false },
    },
    {
      name: "whose controller has seen a later one (it was read before)",
      object: { ...deployment, status: { ...deployment.status, observedGeneration: 10 } },
      says: { settled: true },
    },
  ];
  it.each(rows)("$name", ({ object, says }) => {
    expect(agentWorkloadOf(object, [])).toMatchObject(says);
  });

  it("has no features where the variable is not there, which is not the same as an empty one", () => {
    expect(agentWorkloadOf(spec({}, []), [])).not.toHaveProperty("features");
    expect(agentWorkloadOf(spec({}, [{ name: "CATTLE_FEATURES" }]), [])).toMatchObject({ features: "" });
  });

  it("has those of the pods that are an agent's", () => {
    const pods = [pod({}), { ...pod({}), spec: { containers: [{ name: "web" }] } }, { metadata: { name: "none" } }];
    expect(agentWorkloadOf(deployment, pods)?.pods.map(({ name }) => name)).toEqual(["cattle-cluster-agent-1"]);
  });

  it("whose controller has not yet looked is not settled", () => {
    expect(agentWorkloadOf({ ...deployment, status: {} }, [])).toMatchObject({ settled: false, totalReplicas: 0 });
  });
});

describe("an agent's pod", () => {
  const rows: { name: string; status: object; says: object }[] = [
    {
      name: "running",
      status: {
        phase: "Running",
        conditions: [{ type: "Ready", status: "True" }],
        containerStatuses: [
          containerStatus({ ready: true, state: { running: { startedAt: "2026-11-23T04:11:47Z" } } }),
        ],
      },
      says: { ready: true, hasRun: true, runningSince: "2026-11-23T04:11:47Z", restarts: 0, pin: PIN, deleting: false },
    },
    {
      name: "in the back-off of its start check",
      status: {
        phase: "Running",
        conditions: [{ type: "Ready", status: "False" }],
        containerStatuses: [
          containerStatus({
            restartCount: 3,
            state: { waiting: { reason: "CrashLoopBackOff" } },
            lastState: { terminated: { exitCode: 1, reason: "Error" } },
          }),
        ],
      },
      says: { ready: false, hasRun: true, restarts: 3, waiting: "CrashLoopBackOff" },
    },
    {
      name: "whose image cannot be pulled",
      status: {
        phase: "Pending",
        containerStatuses: [containerStatus({ state: { waiting: { reason: "ImagePullBackOff" } } })],
      },
      says: { hasRun: false, waiting: "ImagePullBackOff" },
    },
    {
      name: "whose start itself failed",
      status: {
        phase: "Running",
        containerStatuses: [containerStatus({ state: { terminated: { exitCode: 128, reason: "StartError" } } })],
      },
      says: { hasRun: false },
    },
    {
      name: "whose start failed once and that has run since",
      status: {
        containerStatuses: [
          containerStatus({
            state: { terminated: { exitCode: 128, reason: "ContainerCannotRun" } },
            lastState: { terminated: { exitCode: 1, reason: "Error" } },
          }),
        ],
      },
      says: { hasRun: true },
    },
    {
      name: "whose end nobody has seen: its node is gone",
      status: {
        containerStatuses: [
          containerStatus({ state: { terminated: { exitCode: 137, reason: "ContainerStatusUnknown" } } }),
        ],
      },
      says: { hasRun: false },
    },
    {
      name: "of which only a container beside the agent is told",
      status: {
        conditions: [
          { type: "Ready", status: "False" },
          { type: "ContainersReady", status: "True" },
        ],
        containerStatuses: [{ ...containerStatus({ restartCount: 4, state: { running: {} } }), name: "sidecar" }],
      },
      says: { hasRun: false, ready: false, restarts: 0 },
    },
    {
      name: "without a node, and without a word why",
      status: { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False" }] },
      says: { waiting: "Unschedulable" },
    },
    { name: "that was just made", status: {}, says: { phase: "Pending", ready: false, hasRun: false, restarts: 0 } },
    {
      name: "without a node",
      status: { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable" }] },
      says: { hasRun: false, waiting: "Unschedulable", phase: "Pending" },
    },
  ];
  it.each(rows)("$name", ({ status, says }) => {
    expect(agentPodOf(pod(status))).toMatchObject(says);
  });

  it("that has a node and waits without a word why has no reason, and no start", () => {
    const waiting = containerStatus({ state: { waiting: {} } });
    const found = agentPodOf(
      pod({ conditions: [{ type: "PodScheduled", status: "True" }], containerStatuses: [waiting] }),
    );
    expect(found).not.toHaveProperty("waiting");
    expect(found).not.toHaveProperty("runningSince");
  });

  it("that was asked to go is deleting", () => {
    const going = pod({});
    expect(
      agentPodOf({ ...going, metadata: { ...going.metadata, deletionTimestamp: "2026-11-23T04:12:00Z" } }),
    ).toMatchObject({
      deleting: true,
    });
  });
});
