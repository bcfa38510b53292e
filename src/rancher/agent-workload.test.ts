import { describe, expect, it } from "vitest";
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
      name: "without a node",
      status: { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable" }] },
      says: { hasRun: false, waiting: "Unschedulable", phase: "Pending" },
    },
  ];
  it.each(rows)("$name", ({ status, says }) => {
    expect(agentPodOf(pod(status))).toMatchObject(says);
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
