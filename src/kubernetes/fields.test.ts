import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { readDeployment } from "./deployment.ts";
import type { KubeObject } from "./object.ts";
import { readPod } from "./pod.ts";

const container = {
  name: "cluster-register",
  image: "rancher/rancher-agent:v2.12.3",
  args: ["--debug"],
  env: [
    { name: "CATTLE_SERVER", value: "https://rancher.example.com" },
    { name: "CATTLE_NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
  ],
};

const deployment = {
  metadata: { name: "agent", namespace: "cattle-system", uid: "d1", resourceVersion: "7", generation: 3 },
  spec: {
    replicas: 2,
    minReadySeconds: 30,
    paused: true,
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: "0%" } },
    selector: { matchLabels: { app: "agent" } },
    template: {
      metadata: { labels: { app: "agent" } },
      spec: {
        containers: [container],
        serviceAccountName: "cattle",
        volumes: [
          { name: "credentials", secret: { secretName: "cattle-credentials-1" } },
          { name: "logs", emptyDir: {} },
        ],
      },
    },
  },
  status: { observedGeneration: 3, replicas: 2, updatedReplicas: 2, readyReplicas: 1, availableReplicas: 1 },
};

const pod = {
  metadata: {
    name: "agent-1",
    uid: "p1",
    creationTimestamp: "2026-01-01T00:00:00Z",
    deletionTimestamp: "2026-01-02T00:00:00Z",
  },
  spec: { containers: [container], serviceAccountName: "cattle", volumes: [{ name: "credentials", secret: {} }] },
  status: {
    phase: "Running",
    conditions: [{ type: "Ready", status: "False", reason: "ContainersNotReady" }],
    containerStatuses: [
      {
        name: "cluster-register",
        ready: true,
        restartCount: 4,
        state: { running: { startedAt: "2026-01-01T00:00:09Z" }, waiting: { reason: "CrashLoopBackOff" } },
        lastState: { terminated: { reason: "Error", exitCode: 1 } },
      },
    ],
  },
};

/** The same once more, as schemas: what the written-out readings are judged by. */
const containers = z.array(
  z.object({
    name: z.string(),
    image: z.string().default(""),
    args: z.array(z.string()).default([]),
    env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
  }),
);
const secret = z.object({ secretName: z.string().default("") }).optional();
const count = z.number().int().default(0);
const text = z.string().default("");
const amount = z.union([z.string(), z.number()]).transform(String).default("25%");

const deploymentSchema = z.object({
  metadata: z.object({ name: z.string(), namespace: text, uid: text, resourceVersion: text, generation: count }),
  spec: z.object({
    replicas: count.removeDefault().default(1),
    minReadySeconds: count,
    paused: z.boolean().default(false),
    strategy: z
      .object({
        type: z.string().default("RollingUpdate"),
        rollingUpdate: z.object({ maxSurge: amount, maxUnavailable: amount }).optional(),
      })
      .prefault({}),
    selector: z.object({ matchLabels: z.record(z.string(), z.string()).default({}) }),
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }).prefault({}),
      spec: z.object({
        containers,
        serviceAccountName: z.string().default("default"),
        volumes: z.array(z.object({ name: z.string(), secret })).default([]),
      }),
    }),
  }),
  status: z
    .object({
      observedGeneration: count,
      replicas: count,
      updatedReplicas: count,
      readyReplicas: count,
      availableReplicas: count,
    })
    .prefault({}),
});

const state = z
  .object({
    running: z.object({ startedAt: z.string().optional() }).optional(),
    waiting: z.object({ reason: text }).optional(),
    terminated: z.object({ reason: text, exitCode: count }).optional(),
  })
  .default({});
const podSchema = z.object({
  metadata: z.object({
    name: z.string(),
    uid: text,
    creationTimestamp: text,
    deletionTimestamp: z.string().optional(),
  }),
  spec: z.object({
    containers,
    serviceAccountName: z.string().default("default"),
    volumes: z.array(z.object({ secret })).default([]),
  }),
  status: z
    .object({
      phase: z.string().default("Pending"),
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), reason: z.string().optional() }))
        .default([]),
      containerStatuses: z
        .array(
          z.object({
            name: z.string(),
            ready: z.boolean().default(false),
            restartCount: count,
            state,
            lastState: state,
          }),
        )
        .default([]),
    })
    .prefault({}),
});

/** Every place in a value, as a path of keys. */
function placesIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => placesIn(inner, [...path, key]))];
}

/** A copy with another value at a place, or without the place where that is undefined. */
function withAt(value: unknown, [key, ...rest]: readonly string[], other: unknown): unknown {
  if (key === undefined) return other;
  if (typeof value !== "object" || value === null) return value;
  const copy = Array.isArray(value) ? [...value] : { ...value };
  const inner = withAt(Reflect.get(copy, key), rest, other);
  if (inner === undefined && !Array.isArray(copy)) Reflect.deleteProperty(copy, key);
  else Reflect.set(copy, key, inner ?? null);
  return copy;
}

const OTHERS = [
  undefined,
  null,
  "",
  "text",
  0,
  3,
  1.5,
  -1,
  2 ** 60,
  true,
  [],
  ["text"],
  [null],
  [{}],
  {},
  { name: "x" },
];

describe("what is read of an object", () => {
  const kinds = [
    { kind: "a Deployment", whole: deployment, schema: deploymentSchema, read: readDeployment },
    { kind: "a pod", whole: pod, schema: podSchema, read: readPod },
  ];

  it.each(kinds)("of $kind is what its schema takes from it, with any one place changed", ({ whole, schema, read }) => {
    for (const place of placesIn(whole).slice(1)) {
      for (const other of OTHERS) {
        const changed = withAt(whole, place, other);
        const wanted = schema.safeParse(changed).data;
        // What is no object of the API at all is refused before, and never read.
        const found = read(changed as KubeObject);
        expect(found, `${place.join(".")} = ${JSON.stringify(other)}`).toEqual(wanted);
      }
    }
  });

  it.each(kinds)(
    "of $kind is what its schema takes from it, with several places changed",
    ({ whole, schema, read }) => {
      const change = fc.tuple(fc.constantFrom(...placesIn(whole).slice(1)), fc.constantFrom(...OTHERS));
      fc.assert(
        fc.property(fc.array(change, { minLength: 2, maxLength: 5 }), (changes) => {
          const changed = changes.reduce<unknown>((value, [place, other]) => withAt(value, place, other), whole);
          expect(read(changed as KubeObject)).toEqual(schema.safeParse(changed).data);
        }),
      );
    },
  );
});
