import { describe, expect, it } from "vitest";
import { isRolledOut, podSelector, readDeployment } from "./deployment.ts";

interface Described {
  readonly generation?: number;
  readonly replicas?: number;
  readonly status?: Record<string, number>;
}

function deployment({ generation = 4, replicas, status = {} }: Described) {
  const read = readDeployment({
    metadata: { name: "rancher", generation },
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      selector: { matchLabels: { app: "rancher", release: "stable" } },
      template: { spec: { containers: [] } },
    },
    status,
  });
  if (read === undefined) throw new Error("the test's Deployment is none");
  return read;
}

const rolledOut = { observedGeneration: 4, replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 };

describe("whether a Deployment is rolled out", () => {
  const rows: [string, Described, boolean][] = [
    ["everything is there and available", { replicas: 3, status: rolledOut }, true],
    [
      "its controller has seen a later specification already",
      { replicas: 3, status: { ...rolledOut, observedGeneration: 5 } },
      true,
    ],
    [
      "its controller has not seen the latest one",
      { replicas: 3, status: { ...rolledOut, observedGeneration: 3 } },
      false,
    ],
    ["a pod of before is left", { replicas: 3, status: { ...rolledOut, replicas: 4 } }, false],
    ["a pod is still of the old template", { replicas: 3, status: { ...rolledOut, updatedReplicas: 2 } }, false],
    [
      "a new pod is ready, and not yet for long enough",
      { replicas: 3, status: { ...rolledOut, availableReplicas: 2 } },
      false,
    ],
    ["it is scaled to nothing, and nothing is there", { replicas: 0, status: { observedGeneration: 4 } }, true],
    [
      "it is scaled to nothing, and a pod is left",
      { replicas: 0, status: { observedGeneration: 4, replicas: 1 } },
      false,
    ],
    ["its controller has said nothing yet", { replicas: 1 }, false],
    [
      "it does not say how many, which is one",
      { status: { observedGeneration: 4, replicas: 1, updatedReplicas: 1, availableReplicas: 1 } },
      true,
    ],
  ];
  it.each(rows)("%s", (_, described, expected) => {
    expect(isRolledOut(deployment(described))).toBe(expected);
  });
});

it("finds a Deployment's pods by all of its labels", () => {
  expect(podSelector(deployment({}))).toBe("app=rancher,release=stable");
});

describe("what a Deployment leaves out", () => {
  it("is what the API server would fill in", () => {
    expect(deployment({})).toMatchObject({
      metadata: { namespace: "", uid: "", resourceVersion: "" },
      spec: {
        replicas: 1,
        minReadySeconds: 0,
        paused: false,
        strategy: { type: "RollingUpdate" },
        template: { metadata: { labels: {} }, spec: { serviceAccountName: "default", volumes: [] } },
      },
    });
  });

  it.each([
    ["a number", 1, "1"],
    ["a share", "30%", "30%"],
  ])("of its surge, given as %s, is a quarter for what may be missing", (_, maxSurge, text) => {
    const read = readDeployment({
      metadata: { name: "x" },
      spec: {
        strategy: { rollingUpdate: { maxSurge } },
        selector: {},
        template: { spec: { containers: [{ name: "x", env: [{ name: "EMPTY" }] }] } },
      },
    });
    expect(read?.spec.strategy).toEqual({
      type: "RollingUpdate",
      rollingUpdate: { maxSurge: text, maxUnavailable: "25%" },
    });
  });

  it("may not be its template", () => {
    expect(readDeployment({ metadata: { name: "x" }, spec: { selector: {} } })).toBeUndefined();
  });
});
