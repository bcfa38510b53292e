/** Pods on their nodes: placement, images, files, environment, readiness, ends. */
import { describe, expect, test } from "vitest";
import type { NewObject } from "../../src/sandbox/cluster-client.ts";
import { REF } from "../../src/sandbox/controllers/workload.ts";
import { HandHeld } from "./probe-program.ts";
import { inNamespace, NAMESPACE, TestCluster } from "./test-cluster.ts";

function pod(
  name: string,
  { container = {}, ...spec }: { container?: object; [key: string]: unknown } = {},
): NewObject {
  const containers = [{ name: "main", image: "held", ...container }];
  return { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: NAMESPACE }, spec: { containers, ...spec } };
}

function secret(name: string, stringData: Readonly<Record<string, string>>): NewObject {
  return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace: NAMESPACE }, stringData };
}

function configMap(name: string, data: Readonly<Record<string, string>>): NewObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: NAMESPACE }, data };
}

async function held(held: HandHeld, options: Omit<Parameters<typeof TestCluster.start>[0] & object, "programs"> = {}) {
  return TestCluster.start({ ...options, programs: { held: held.program } });
}

const pods = inNamespace(REF.pods);
const secrets = inNamespace(REF.secrets);

function untilEvent(cluster: TestCluster, reason: string) {
  return cluster.until(inNamespace(REF.events), `event ${reason}`, (events) =>
    events.some((event) => event.reason === reason),
  );
}

describe("placement", () => {
  test("a pod that has no room waits, says why, and runs when another leaves", async () => {
    await using cluster = await held(new HandHeld(), { nodes: [{ name: "small", pods: 1 }] });
    await cluster.client.create(pods, pod("first"));
    await cluster.untilPods("the first runs", ([first]) => first?.ready === true);
    await cluster.client.create(pods, pod("second"));
    await cluster.untilPods("the second is refused", (each) =>
      each.some(({ scheduled }) => scheduled?.status === "False"),
    );
    const second = (await cluster.pods()).find(({ name }) => name === "second");
    expect(second).toMatchObject({ phase: "Pending", node: undefined });
    expect(second?.scheduled).toMatchObject({
      reason: "Unschedulable",
      message: "0/1 nodes are available: 1 Too many pods.",
    });
    await untilEvent(cluster, "FailedScheduling");
    await cluster.deletePod("first");
    await cluster.untilPods("the second runs", (each) => each.some(({ name, ready }) => name === "second" && ready));
  });

  test("a cordoned node takes no pod until it is uncordoned", async () => {
    await using cluster = await held(new HandHeld());
    const cordon = (unschedulable: boolean) =>
      cluster.client.patch(REF.nodes, "node-1", { type: "merge", body: { spec: { unschedulable } } });
    await cordon(true);
    await cluster.client.create(pods, pod("waiting"));
    await cluster.untilPods("refused", ([each]) => each?.scheduled?.reason === "Unschedulable");
    await cordon(false);
    await cluster.untilPods("running", ([each]) => each?.ready === true);
  });

  test("pods spread over the nodes", async () => {
    await using cluster = await held(new HandHeld(), { nodes: [{ name: "a" }, { name: "b" }] });
    for (const name of ["one", "two", "three", "four"]) await cluster.client.create(pods, pod(name));
    const placed = await cluster.untilPods("all run", (each) => each.length === 4 && each.every(({ ready }) => ready));
    const counts = Map.groupBy(placed, (each) => JSON.stringify(each.spec).includes('"nodeName":"a"'));
    expect([...counts.values()].map((group) => group.length)).toEqual([2, 2]);
  });
});

describe("images", () => {
  test("one that cannot be pulled is tried again with a back-off, and runs once it is there", async () => {
    let isThere = false;
    const program = new HandHeld();
    await using cluster = await held(program, { unpullable: () => !isThere });
    await cluster.client.create(pods, pod("agent"));
    for (const reason of ["ErrImagePull", "ImagePullBackOff"]) {
      await cluster.untilPods(reason, ([each]) => each?.state.waiting?.reason === reason);
    }
    expect(await cluster.pods()).toMatchObject([{ phase: "Pending", ready: false, restarts: 0 }]);
    await untilEvent(cluster, "Failed");
    isThere = true;
    await program.run(1);
    await cluster.untilPods("running", ([each]) => each?.ready === true);
  });

  test("an image called missing cannot be pulled unless told otherwise", async () => {
    await using cluster = await held(new HandHeld());
    await cluster.client.create(pods, pod("agent", { container: { image: "registry.example/missing:v1" } }));
    await cluster.untilPods("back-off", ([each]) => each?.state.waiting?.reason === "ImagePullBackOff");
  });
});

describe("files", () => {
  const volumes = [{ name: "ca", secret: { secretName: "tls-ca" } }];

  test("a sub-path shows what was there at the container's start, a directory what is there now (row 11)", async () => {
    const program = new HandHeld();
    await using cluster = await held(program);
    await cluster.client.create(secrets, secret("tls-ca", { "cacerts.pem": "before" }));
    const volumeMounts = [
      { name: "ca", mountPath: "/etc/rancher/ssl/cacerts.pem", subPath: "cacerts.pem" },
      { name: "ca", mountPath: "/live" },
    ];
    await cluster.client.create(pods, pod("rancher", { volumes, container: { volumeMounts } }));
    const first = await program.run(1);
    const read = ({ context }: typeof first) => [
      context.readFile("/etc/rancher/ssl/cacerts.pem"),
      context.readFile("/live/cacerts.pem"),
    ];
    expect(read(first)).toEqual(["before", "before"]);
    const body = { data: { "cacerts.pem": Buffer.from("after").toString("base64") } };
    await cluster.client.patch(secrets, "tls-ca", { type: "merge", body });
    await cluster.until(secrets, "the new content", ([each]) =>
      JSON.stringify(each).includes(body.data["cacerts.pem"]),
    );
    expect(read(first)).toEqual(["before", "after"]);
    first.exit(1);
    const second = await program.run(2);
    expect(read(second)).toEqual(["after", "after"]);
    expect(second.context.pod.metadata.uid).toBe(first.context.pod.metadata.uid);
    expect(second.context.readFile("/live/absent")).toBeUndefined();
    expect(second.context.readFile("/elsewhere")).toBeUndefined();
  });

  test("a pod whose Secret is missing waits in ContainerCreating, says so, and starts when it comes", async () => {
    const program = new HandHeld();
    await using cluster = await held(program);
    await cluster.client.create(pods, pod("rancher", { volumes }));
    const [event] = await untilEvent(cluster, "FailedMount");
    expect(event).toMatchObject({
      type: "Warning",
      message: 'MountVolume.SetUp failed for volume "ca" : secret "tls-ca" not found',
    });
    await cluster.untilPods("creating", ([each]) => each?.state.waiting?.reason === "ContainerCreating");
    expect(program.runs).toHaveLength(0);
    await cluster.client.create(secrets, secret("tls-ca", { "cacerts.pem": "x" }));
    await program.run(1);
  });

  test("an optional Secret may be missing; entries can be renamed", async () => {
    const program = new HandHeld();
    await using cluster = await held(program);
    await cluster.client.create(inNamespace(REF.configMaps), configMap("settings", { key: "value" }));
    const items = [{ key: "key", path: "nested/renamed" }];
    const spec = {
      volumes: [
        { name: "ca", secret: { secretName: "absent", optional: true } },
        { name: "settings", configMap: { name: "settings", items } },
      ],
      container: {
        volumeMounts: [
          { name: "ca", mountPath: "/ca" },
          { name: "settings", mountPath: "/settings" },
          { name: "settings", mountPath: "/one", subPath: "nested" },
        ],
      },
    };
    await cluster.client.create(pods, pod("rancher", spec));
    const { context } = await program.run(1);
    const paths = ["/ca/cacerts.pem", "/settings/nested/renamed", "/one/renamed"];
    expect(paths.map(context.readFile)).toEqual([undefined, "value", "value"]);
  });
});

describe("environment", () => {
  test("comes from values, Secrets, ConfigMaps and the pod's own fields", async () => {
    const program = new HandHeld();
    await using cluster = await held(program);
    await cluster.client.create(secrets, secret("token", { value: "from-secret" }));
    await cluster.client.create(inNamespace(REF.configMaps), configMap("settings", { MODE: "strict" }));
    const container = {
      envFrom: [{ prefix: "SET_", configMapRef: { name: "settings" } }],
      env: [
        { name: "PLAIN", value: "text" },
        { name: "EMPTY" },
        { name: "TOKEN", valueFrom: { secretKeyRef: { name: "token", key: "value" } } },
        { name: "MODE", valueFrom: { configMapKeyRef: { name: "settings", key: "MODE" } } },
        { name: "OPTIONAL", valueFrom: { secretKeyRef: { name: "absent", key: "x", optional: true } } },
        { name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
        { name: "URL", value: "https://$(MODE).example/$(UNKNOWN)/$$(MODE)" },
      ],
    };
    await cluster.client.create(pods, pod("agent", { container }));
    const { context } = await program.run(1);
    expect(context.env).toEqual({
      SET_MODE: "strict",
      PLAIN: "text",
      EMPTY: "",
      TOKEN: "from-secret",
      MODE: "strict",
      NAME: "agent",
      NODE: "node-1",
      URL: "https://strict.example/$(UNKNOWN)/$(MODE)",
    });
  });

  test("a missing Secret holds the container until it comes", async () => {
    const program = new HandHeld();
    await using cluster = await held(program);
    const env = [{ name: "TOKEN", valueFrom: { secretKeyRef: { name: "token", key: "value" } } }];
    await cluster.client.create(pods, pod("agent", { container: { env } }));
    const reason = "CreateContainerConfigError";
    await cluster.untilPods(reason, ([each]) => each?.state.waiting?.reason === reason);
    expect(await cluster.pods()).toMatchObject([{ state: { waiting: { message: 'secret "token" not found' } } }]);
    await cluster.client.create(secrets, secret("token", { value: "here" }));
    expect((await program.run(1)).context.env).toEqual({ TOKEN: "here" });
  });
});

describe("readiness", () => {
  test("with a probe the pod is Ready when the probe says so, and no longer when it fails often enough", async () => {
    const program = new HandHeld({ ready: false });
    await using cluster = await held(program);
    const readinessProbe = { periodSeconds: 2, failureThreshold: 2 };
    await cluster.client.create(pods, pod("rancher", { container: { readinessProbe } }));
    const run = await program.run(1);
    await cluster.untilPods("running, not ready", ([each]) => each?.state.running !== undefined && !each.ready);
    expect((await cluster.pods())[0]?.condition("Ready")).toMatchObject({
      reason: "ContainersNotReady",
      message: "containers with unready status: [main]",
    });
    run.isReady = true;
    await cluster.untilPods("ready", ([each]) => each?.ready === true);
    run.isReady = false;
    await cluster.untilPods("not ready", ([each]) => each?.ready === false);
    expect(run.stoppedAt).toBeUndefined();
  });
});

describe("init containers", () => {
  const initContainers = [{ name: "prepare", image: "prepare" }];

  test("run to completion, again after a failure, before the others start", async () => {
    const [prepare, main] = [new HandHeld(), new HandHeld()];
    await using cluster = await TestCluster.start({ programs: { prepare: prepare.program, held: main.program } });
    await cluster.client.create(pods, pod("agent", { initContainers }));
    (await prepare.run(1)).exit(1);
    const second = await prepare.run(2);
    expect(main.runs).toHaveLength(0);
    expect(await cluster.pods()).toMatchObject([
      { phase: "Pending", state: { waiting: { reason: "PodInitializing" } } },
    ]);
    second.exit(0);
    await main.run(1);
    await cluster.untilPods("ready", ([each]) => each?.ready === true);
  });
});

describe("the end of a container", () => {
  test.each([
    { policy: "Never", code: 0, phase: "Succeeded" },
    { policy: "Never", code: 3, phase: "Failed" },
    { policy: "OnFailure", code: 0, phase: "Succeeded" },
  ])("exit $code under $policy: the pod is $phase", async ({ policy, code, phase }) => {
    const program = new HandHeld();
    await using cluster = await held(program);
    await cluster.client.create(pods, pod("job", { restartPolicy: policy }));
    (await program.run(1)).exit(code);
    await cluster.untilPods(phase, ([each]) => each?.phase === phase);
    expect(await cluster.pods()).toMatchObject([{ ready: false, state: { terminated: { exitCode: code } } }]);
    expect(program.runs).toHaveLength(1);
  });

  test("under Always it is started again: restarts, last state and previous log are kept", async () => {
    const program = new HandHeld();
    await using cluster = await held(program);
    await cluster.client.create(pods, pod("agent"));
    const first = await program.run(1);
    first.context.log("does not match");
    first.exit(1);
    await cluster.untilPods("terminated", ([each]) => each?.state.terminated?.exitCode === 1);
    const second = await program.run(2);
    second.context.log("connected");
    await cluster.untilPods("running again", ([each]) => each?.restarts === 1 && each.state.running !== undefined);
    expect(await cluster.pods()).toMatchObject([{ lastState: { terminated: { exitCode: 1, reason: "Error" } } }]);
    const address = { namespace: NAMESPACE, pod: "agent", container: "main" };
    const texts = (previous: boolean) =>
      cluster.controllers.logs.read({ ...address, previous })?.map(({ text }) => text);
    expect([texts(true), texts(false)]).toEqual([["does not match"], ["connected"]]);
    const followed: string[] = [];
    const ended = new Promise<void>((resolve) => {
      cluster.controllers.logs.follow(address, ({ text }) => followed.push(text), resolve);
    });
    second.context.log("still here");
    second.exit(0);
    await ended;
    expect(followed).toEqual(["still here"]);
    expect(cluster.controllers.logs.read({ namespace: NAMESPACE, pod: "nobody" })).toBeUndefined();
  });

  test("a program that cannot start, or that breaks, counts as an exit", async () => {
    const broken = {
      start: () => ({ exited: Promise.reject(new Error("broken")), stop: () => {}, ready: () => true }),
    };
    const unstartable = {
      start: () => {
        throw new Error("no such file");
      },
    };
    await using cluster = await TestCluster.start({ programs: { broken, unstartable } });
    for (const [image, code] of [["broken", 2] as const, ["unstartable", 128] as const]) {
      await cluster.client.create(pods, pod(image, { container: { image } }));
      await cluster.untilPods(`exit ${code}`, (each) =>
        each.some(({ lastState }) => lastState.terminated?.exitCode === code),
      );
    }
    expect(await cluster.pods()).toHaveLength(2);
  });
});

describe("the deletion of a pod", () => {
  test("sends SIGTERM, and removes the pod when its programs have ended", async () => {
    const program = new HandHeld({ obeysStop: false });
    await using cluster = await held(program);
    await cluster.client.create(pods, pod("rancher"));
    const run = await program.run(1);
    await cluster.untilPods("ready", ([each]) => each?.ready === true);
    await cluster.deletePod("rancher");
    await cluster.untilPods("terminating", ([each]) => each?.isTerminating === true);
    expect(run.stoppedAt).toBeDefined();
    run.exit(0);
    await cluster.until(pods, "no pod", (each) => each.length === 0);
    expect(program.runs).toHaveLength(1);
  });

  test("does not wait longer than the grace period", async () => {
    const program = new HandHeld({ obeysStop: false });
    await using cluster = await held(program);
    await cluster.client.create(pods, pod("stubborn", { terminationGracePeriodSeconds: 10 }));
    const run = await program.run(1);
    await cluster.untilPods("ready", ([each]) => each?.ready === true);
    const deleted = new Date();
    await cluster.deletePod("stubborn");
    await cluster.until(pods, "no pod", (each) => each.length === 0);
    expect(cluster.clock.elapsed(deleted)).toBeGreaterThanOrEqual(9_900);
    expect(cluster.clock.elapsed(deleted)).toBeLessThan(25_000);
    run.exit(137);
  });

  test("with force removes it at once", async () => {
    const program = new HandHeld();
    await using cluster = await held(program);
    await cluster.client.create(pods, pod("rancher"));
    const run = await program.run(1);
    await cluster.client.delete(pods, "rancher", { gracePeriodSeconds: 0 });
    await cluster.until(pods, "no pod", (each) => each.length === 0 && run.stoppedAt !== undefined);
    expect(program.runs).toHaveLength(1);
  });
});

describe("stopping the controllers", () => {
  test("ends every program and leaves what is stored as it is: nothing is written any more", async () => {
    const program = new HandHeld();
    await using cluster = await held(program);
    await cluster.createDeployment({ name: "agent", image: "held", replicas: 2 });
    await cluster.untilRolledOut("agent");
    await cluster.controllers.stop();
    expect(program.runs.map(({ stoppedAt }) => stoppedAt !== undefined)).toEqual([true, true]);
    expect(await cluster.pods()).toHaveLength(2);
    // The witness shows how soon controllers that run would have acted.
    await using witness = await held(new HandHeld());
    await cluster.patchDeployment("agent", { replicas: 5 });
    const { resourceVersion } = await cluster.client.list(pods);
    await witness.createDeployment({ name: "agent", image: "held", replicas: 5 });
    await witness.untilRolledOut("agent");
    expect((await cluster.client.list(pods)).resourceVersion).toBe(resourceVersion);
    expect(await cluster.pods()).toHaveLength(2);
  });

  test("controllers that start over a stored cluster take it up: no second ReplicaSet, no further pod", async () => {
    const program = new HandHeld();
    await using first = await held(program);
    await first.createDeployment({ name: "agent", image: "held", replicas: 2 });
    await first.untilRolledOut("agent");
    const before = await first.pods();
    await first.controllers.stop();
    await using second = await TestCluster.over(first, { programs: { held: program.program } });
    await program.run(4);
    await second.untilRolledOut("agent");
    expect((await second.pods()).map(({ uid }) => uid)).toEqual(before.map(({ uid }) => uid));
    expect(await second.sets()).toHaveLength(1);
  });
});
