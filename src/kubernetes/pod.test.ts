import { describe, expect, it } from "vitest";
import { hasRun, isReady, readPod, statusOf, waitingReason } from "./pod.ts";

interface Described {
  readonly conditions?: object[];
  readonly containerStatuses?: object[];
}

const pod = (status: Described) => {
  const read = readPod({ metadata: { name: "agent-1" }, spec: { containers: [] }, status: { ...status } });
  if (read === undefined) throw new Error("the test's pod is none");
  return read;
};
const condition = (type: string, status: string, reason?: string) => ({ type, status, ...(reason ? { reason } : {}) });

describe("whether a pod is ready", () => {
  const rows: [string, object[], boolean][] = [
    ["by its condition", [condition("PodScheduled", "True"), condition("Ready", "True")], true],
    ["not while that is false", [condition("Ready", "False"), condition("Initialized", "True")], false],
    ["not while that is unknown, as of a node that is away", [condition("Ready", "Unknown")], false],
    ["not by that of its containers", [condition("ContainersReady", "True")], false],
    ["not before there is any", [], false],
  ];
  it.each(rows)("%s", (_, conditions, expected) => {
    expect(isReady(pod({ conditions }))).toBe(expected);
  });
});

describe("whether a container's process was started", () => {
  const rows: [string, object, boolean][] = [
    ["it runs", { state: { running: { startedAt: "2026-01-01T00:00:00Z" } } }, true],
    ["it has ended", { state: { terminated: { reason: "Error", exitCode: 1 } } }, true],
    ["it has ended, and waits for its next start", crashed("Error"), true],
    ["it was killed for its memory, and waits", crashed("OOMKilled"), true],
    ["its image is still pulled", { state: { waiting: { reason: "ContainerCreating" } } }, false],
    ["its command could not be run", { state: { terminated: { reason: "ContainerCannotRun", exitCode: 127 } } }, false],
    ["its start failed, and it waits", crashed("StartError"), false],
    ["what became of it is unknown, after its node was away", crashed("ContainerStatusUnknown"), false],
    ["it is not begun", {}, false],
  ];
  function crashed(reason: string): object {
    return { state: { waiting: { reason: "CrashLoopBackOff" } }, lastState: { terminated: { reason, exitCode: 1 } } };
  }
  it.each(rows)("%s: %s", (_, state, expected) => {
    const seen = pod({
      containerStatuses: [
        { name: "proxy", state: {} },
        { name: "agent", ...state },
      ],
    });
    expect(hasRun(statusOf(seen, "agent"))).toBe(expected);
  });

  it("is not known of a container that the kubelet says nothing of", () => {
    expect(hasRun(statusOf(pod({ containerStatuses: [{ name: "proxy" }] }), "agent"))).toBe(false);
  });
});

describe("why a pod waits", () => {
  const waiting = (reason: string) => [{ name: "agent", state: { waiting: { reason } } }];
  const rows: [string, Described, string | undefined][] = [
    ["by the kubelet's word", { containerStatuses: waiting("ImagePullBackOff") }, "ImagePullBackOff"],
    [
      "by the kubelet's word before the scheduler's",
      {
        containerStatuses: waiting("CrashLoopBackOff"),
        conditions: [condition("PodScheduled", "False", "Unschedulable")],
      },
      "CrashLoopBackOff",
    ],
    [
      "by the scheduler's, where the kubelet gives no reason",
      { containerStatuses: waiting(""), conditions: [condition("PodScheduled", "False", "SchedulingGated")] },
      "SchedulingGated",
    ],
    [
      "for a node, where the scheduler gives none",
      { conditions: [condition("PodScheduled", "False")] },
      "Unschedulable",
    ],
    ["for nothing once it has a node", { conditions: [condition("PodScheduled", "True")] }, undefined],
    ["for nothing that is known", {}, undefined],
  ];
  it.each(rows)("%s", (_, status, expected) => {
    const seen = pod(status);
    expect(waitingReason(seen, statusOf(seen, "agent"))).toBe(expected);
  });
});

describe("an object that is no pod", () => {
  const rows: [string, object][] = [
    ["has no containers", { metadata: { name: "x" }, spec: {} }],
    ["has no specification", { metadata: { name: "x" } }],
    [
      "has conditions without a status",
      { metadata: { name: "x" }, spec: { containers: [] }, status: { conditions: [{ type: "Ready" }] } },
    ],
  ];
  it.each(rows)("%s, and is read as none", (_, object) => {
    expect(readPod({ metadata: { name: "x" }, ...object })).toBeUndefined();
  });
});
