import { describe, expect, test } from "vitest";
import type { KubeObject } from "../cluster-client.ts";
import { DEPLOYMENT_COLUMNS, duration, NODE_COLUMNS, POD_COLUMNS } from "./columns.ts";
import type { Column } from "./kinds.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** As kubectl shows ages (k8s.io/apimachinery/pkg/util/duration.HumanDuration). */
const durations: readonly { milliseconds: number; shown: string }[] = [
  { milliseconds: -5 * SECOND, shown: "0s" },
  { milliseconds: 0, shown: "0s" },
  { milliseconds: 119 * SECOND, shown: "119s" },
  { milliseconds: 2 * MINUTE, shown: "2m" },
  { milliseconds: 2 * MINUTE + 30 * SECOND, shown: "2m30s" },
  { milliseconds: 10 * MINUTE + 30 * SECOND, shown: "10m" },
  { milliseconds: 179 * MINUTE, shown: "179m" },
  { milliseconds: 3 * HOUR + 5 * MINUTE, shown: "3h5m" },
  { milliseconds: 8 * HOUR + 5 * MINUTE, shown: "8h" },
  { milliseconds: 47 * HOUR, shown: "47h" },
  { milliseconds: 2 * DAY + 3 * HOUR, shown: "2d3h" },
  { milliseconds: 8 * DAY + 3 * HOUR, shown: "8d" },
  { milliseconds: 729 * DAY, shown: "729d" },
  { milliseconds: 1000 * DAY, shown: "2y" },
  { milliseconds: Number.NaN, shown: "<unknown>" },
];

const now = new Date("2026-01-01T01:00:00Z");
const metadata = { name: "agent", creationTimestamp: "2026-01-01T00:59:30Z" };
const containers = [{ name: "main" }];

const rows: readonly {
  name: string;
  columns: readonly Column[];
  object: KubeObject;
  cells: readonly (string | number)[];
}[] = [
  {
    name: "a running pod",
    columns: POD_COLUMNS,
    object: pod({ phase: "Running", containerStatuses: [{ ready: true, restartCount: 0, state: { running: {} } }] }),
    cells: ["agent", "1/1", "Running", "0", "30s"],
  },
  {
    name: "a pod in its back-off",
    columns: POD_COLUMNS,
    object: pod({
      phase: "Running",
      containerStatuses: [
        {
          ready: false,
          restartCount: 4,
          state: { waiting: { reason: "CrashLoopBackOff" } },
          lastState: { terminated: { finishedAt: "2026-01-01T00:59:50Z" } },
        },
      ],
    }),
    cells: ["agent", "0/1", "CrashLoopBackOff", "4 (10s ago)", "30s"],
  },
  {
    name: "a pod that is being deleted",
    columns: POD_COLUMNS,
    object: { ...pod({ phase: "Running" }), metadata: { ...metadata, deletionTimestamp: "2026-01-01T01:00:00Z" } },
    cells: ["agent", "0/1", "Terminating", "0", "30s"],
  },
  {
    name: "a pod that nobody has taken up",
    columns: POD_COLUMNS,
    object: pod({ phase: "Pending" }),
    cells: ["agent", "0/1", "Pending", "0", "30s"],
  },
  {
    name: "a Deployment that straddles",
    columns: DEPLOYMENT_COLUMNS,
    object: {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: { replicas: 1 },
      status: { readyReplicas: 1, updatedReplicas: 1, availableReplicas: 1 },
    },
    cells: ["agent", "1/1", 1, 1, "30s"],
  },
  {
    name: "a node with a role",
    columns: NODE_COLUMNS,
    object: {
      apiVersion: "v1",
      kind: "Node",
      metadata: { ...metadata, labels: { "node-role.kubernetes.io/worker": "true" } },
      status: { conditions: [{ type: "Ready", status: "False" }], nodeInfo: { kubeletVersion: "v1.32.5" } },
    },
    cells: ["agent", "NotReady", "worker", "30s", "v1.32.5"],
  },
];

describe("ages", () => {
  for (const { milliseconds, shown } of durations) {
    test(`${milliseconds} ms are ${shown}`, () => expect(duration(milliseconds)).toBe(shown));
  }
});

describe("a row of kubectl get", () => {
  for (const { name, columns, object, cells } of rows) {
    test(name, () => {
      const shown = columns.filter((column) => column.priority !== 1).map((column) => column.cell(object, now));
      expect(shown).toEqual(cells);
    });
  }
});

function pod(status: object): KubeObject {
  return { apiVersion: "v1", kind: "Pod", metadata, spec: { containers }, status };
}
