/** What a step has seen of an agent is where its write and its watch begin; what somebody does in between counts. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { AgentWorkload } from "../../src/estate/agent.ts";
import { AgentSight } from "../../src/execute/agent-sight.ts";
import { createApi } from "../../src/kubernetes/api.ts";
import { Transport } from "../../src/kubernetes/transport.ts";
import type { World } from "../../src/observe/world.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";
import { json, type ScriptedServer, startScriptedServer } from "../helpers/scripted-server.ts";

const NEXT = "b".repeat(64);
const never = new AbortController().signal;

describe("a write by what was seen", () => {
  let lab: RotationLab;
  let world: World;
  beforeAll(async () => {
    lab = await startRotationLab({ clusters: 1 });
    world = await lab.openWorld();
  });
  afterAll(async () => {
    await world?.close();
    await lab?.stop();
  });
  const cluster = () => {
    const [first] = lab.sandbox.clusters;
    if (first === undefined) throw new Error("the sandbox has no cluster");
    return first;
  };
  const place = { group: "apps", version: "v1", plural: "deployments", namespace: "cattle-system" };
  const somebody = (body: object) =>
    world.rancher.downstream(cluster().id).patch(place, "cattle-cluster-agent", { kind: "strategic", body });
  const pinned = (pin: string) => ({
    spec: {
      template: {
        spec: { containers: [{ name: "cluster-register", env: [{ name: "CATTLE_CA_CHECKSUM", value: pin }] }] },
      },
    },
  });

  it("goes through where something else of the Deployment was changed meanwhile", async () => {
    const sight = new AgentSight(world.rancher.downstream(cluster().id));
    const seen = await sight.look();
    await somebody({ metadata: { annotations: { "example.com/note": "changed meanwhile" } } });
    await sight.change({ minReadySeconds: 77, expectedPins: [seen?.pin ?? ""] });
    expect(await sight.look()).toMatchObject({ pin: seen?.pin, minReadySeconds: 77 });
    const stored = await somebody({});
    expect(stored.metadata.annotations).toMatchObject({ "example.com/note": "changed meanwhile" });
  });

  it("is refused where somebody has changed the pin meanwhile, and theirs stays", async () => {
    const sight = new AgentSight(world.rancher.downstream(cluster().id));
    const seen = await sight.look();
    const theirs = "c".repeat(64);
    await somebody({ ...pinned(theirs), metadata: { annotations: {} } });
    const change = { pin: NEXT, minReadySeconds: 30, expectedPins: [seen?.pin ?? "", NEXT] };
    await expect(sight.change(change)).rejects.toMatchObject({ code: "step.conflict" });
    expect(await sight.look()).toMatchObject({ pin: theirs });
    await somebody(pinned(seen?.pin ?? ""));
  });
});

describe("waiting by what was seen", () => {
  const opened: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) await one.close();
  });

  const deployment = (generation: number, observedGeneration: number, pin = NEXT) => ({
    metadata: {
      name: "cattle-cluster-agent",
      namespace: "cattle-system",
      resourceVersion: `${generation}.${observedGeneration}`,
      generation,
    },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: "cattle-cluster-agent" } },
      template: { spec: { containers: [container(pin)] } },
    },
    status: { observedGeneration, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 },
  });
  const container = (pin: string) => ({ name: "cluster-register", env: [{ name: "CATTLE_CA_CHECKSUM", value: pin }] });
  const pod = (ready: boolean) => ({
    metadata: { name: "agent-1", namespace: "cattle-system", uid: "uid-1", resourceVersion: ready ? "12" : "11" },
    spec: { containers: [container(NEXT)] },
    status: { phase: "Running", conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  });

  /** The first look finds `deployments[0]` and a pod that is not ready; each later one the next, the last repeated. */
  async function serve(deployments: object[], event?: object): Promise<{ sight: AgentSight; server: ScriptedServer }> {
    const next = () => (deployments.length > 1 ? deployments.shift() : deployments[0]) ?? {};
    const listed = (item: object) => ({ metadata: { resourceVersion: "11" }, items: [item] });
    const script = ({ url = "" }: IncomingMessage, response: ServerResponse): void => {
      const aboutPods = url.includes("/pods");
      if (!url.includes("watch=1")) {
        const collection = aboutPods || url.includes("/deployments?");
        json(response, 200, collection ? listed(aboutPods ? pod(false) : next()) : next());
        return;
      }
      response.writeHead(200, { "content-type": "application/json" });
      response.flushHeaders();
      const object = aboutPods ? pod(true) : event;
      if (object !== undefined) response.write(`${JSON.stringify({ type: "MODIFIED", object })}\n`);
    };
    const server = await startScriptedServer(script);
    opened.push({ close: () => server.stop() });
    const transport = new Transport({ origin: server.origin, tls: () => ({ ca: server.ca }) });
    opened.push(transport);
    const api = createApi({ transport, server: "cluster c-abc12", basePath: "", headers: async () => ({}) });
    return { sight: new AgentSight(api), server };
  }

  const settled = (agent: AgentWorkload) => (agent.settled && agent.pin === NEXT ? agent : undefined);
  const watches = ({ requests }: ScriptedServer) => requests.filter((request) => request.includes("watch=1"));

  it("opens no watch for what a look shows a moment later", async () => {
    const { sight, server } = await serve([deployment(2, 1), deployment(2, 1), deployment(2, 2)]);
    await sight.look();
    const found = await sight.watchSoon(NEXT, settled, { deadlineMs: 20_000, signal: never });
    expect(found).toMatchObject({ resourceVersion: "2.2" });
    expect(watches(server)).toHaveLength(0);
  });

  it("watches for what takes longer", async () => {
    const { sight, server } = await serve([deployment(2, 1), deployment(2, 2)]);
    await sight.look();
    const ready = (agent: AgentWorkload) => (agent.pods.every((pod) => pod.ready) ? settled(agent) : undefined);
    const found = await sight.watchSoon(NEXT, ready, { deadlineMs: 20_000, signal: never });
    expect(found).toMatchObject({ resourceVersion: "2.2", pods: [{ ready: true }] });
    expect(watches(server)).toHaveLength(1);
  });

  it("is not put off by looks that fail in passing", async () => {
    const { sight } = await serve([deployment(2, 1), {}, {}, {}, deployment(2, 2)]);
    await sight.look();
    const found = await sight.watchSoon(NEXT, settled, { deadlineMs: 20_000, signal: never });
    expect(found).toMatchObject({ resourceVersion: "2.2" });
  });

  type Watching = "watch" | "watchSoon";
  const endings: [string, Watching, string][] = [
    ["between two looks", "watchSoon", NEXT],
    ["while the pods are followed", "watch", NEXT],
    ["while the Deployment is followed as well", "watch", "d".repeat(64)],
  ];
  it.each(endings)("ends with the reason of whoever gives up %s", async (_, how, seen) => {
    const { sight } = await serve([deployment(2, 1, seen)]);
    await sight.look();
    const giveUp = new AbortController();
    const waiting = sight[how](NEXT, () => undefined, { deadlineMs: 20_000, signal: giveUp.signal });
    giveUp.abort(new Error("no longer wanted"));
    await expect(waiting).rejects.toThrow("no longer wanted");
  });

  const wait = (sight: AgentSight, deadlineMs: number) =>
    sight.watch(
      NEXT,
      (agent) => (agent.settled && agent.pin === NEXT && agent.pods.every(({ ready }) => ready) ? agent : undefined),
      { deadlineMs, signal: never },
    );

  it("believes the pods once the Deployment has caught up, over one watch", async () => {
    const { sight, server } = await serve([deployment(2, 1), deployment(2, 1), deployment(2, 2)]);
    await sight.look();
    expect(await wait(sight, 20_000)).toMatchObject({ settled: true, resourceVersion: "2.2" });
    expect(server.requests.filter((request) => request.includes("watch=1"))).toHaveLength(1);
  });

  it("opens no second watch where the list after a broken one shows it", async () => {
    const settledAgent = deployment(2, 2);
    const listed = (ready: boolean) => ({ metadata: { resourceVersion: "11" }, items: [pod(ready)] });
    let cut = false;
    const server = await startScriptedServer(({ url = "" }, response) => {
      if (!url.includes("watch=1")) {
        const answer = () => json(response, 200, url.includes("/pods") ? listed(cut) : settledAgent);
        // Slow enough for a watch that does not wait for it.
        setTimeout(answer, cut && !url.includes("/pods") ? 500 : 0);
        return;
      }
      cut = true;
      response.writeHead(200, { "content-type": "application/json" });
      response.flushHeaders();
      response.destroy();
    });
    opened.push({ close: () => server.stop() });
    const transport = new Transport({ origin: server.origin, tls: () => ({ ca: server.ca }) });
    opened.push(transport);
    const api = createApi({ transport, server: "cluster c-abc12", basePath: "", headers: async () => ({}) });
    const sight = new AgentSight(api);
    await sight.look();
    expect(await wait(sight, 20_000)).toMatchObject({ settled: true, pods: [{ ready: true }] });
    expect(watches(server)).toHaveLength(1);
  });

  it("does not believe the pods of a Deployment that somebody has changed since", async () => {
    const { sight } = await serve([deployment(2, 2), deployment(3, 3, "d".repeat(64))]);
    await sight.look();
    await expect(wait(sight, 500)).rejects.toMatchObject({ kind: "deadline" });
  });

  describe("for an agent that was given its pin", () => {
    const OLD = "d".repeat(64);
    const before = deployment(2, 2, OLD);
    const given = deployment(3, 2);

    /** Looks, writes, and waits for what is then served. */
    async function waitAfterWriting(later: object[], deadlineMs: number) {
      const { sight } = await serve([before, given, ...later]);
      await sight.look();
      await sight.change({ pin: NEXT, minReadySeconds: 0, expectedPins: [OLD] });
      return await wait(sight, deadlineMs);
    }

    it("ends at once when a later Deployment has another one", async () => {
      const begun = Date.now();
      await expect(waitAfterWriting([deployment(4, 4, OLD)], 60_000)).rejects.toMatchObject({
        code: "step.taken-back",
      });
      expect(Date.now() - begun).toBeLessThan(30_000);
    });

    it("ends at once when a watch of the Deployment shows another one", async () => {
      const { sight } = await serve([before, given], deployment(4, 4, OLD));
      await sight.change({ pin: NEXT, minReadySeconds: 0, expectedPins: [OLD] });
      await expect(wait(sight, 5_000)).rejects.toMatchObject({ code: "step.taken-back" });
    });

    it("waits on where an answer is older than the write", async () => {
      expect(await waitAfterWriting([before, before, deployment(3, 3)], 20_000)).toMatchObject({
        resourceVersion: "3.3",
      });
    });

    it("waits on where only the status of an older Deployment has moved", async () => {
      await expect(waitAfterWriting([deployment(2, 2, OLD)], 1_500)).rejects.toMatchObject({ kind: "deadline" });
    });

    it("ends at once when another Deployment has taken its place", async () => {
      const named = (object: ReturnType<typeof deployment>, uid: string) => ({
        ...object,
        metadata: { ...object.metadata, uid },
      });
      const { sight } = await serve([
        named(before, "uid-1"),
        named(given, "uid-1"),
        named(deployment(1, 1, OLD), "uid-2"),
      ]);
      await sight.look();
      await sight.change({ pin: NEXT, minReadySeconds: 0, expectedPins: [OLD] });
      await expect(wait(sight, 60_000)).rejects.toMatchObject({ code: "step.taken-back" });
    });
  });

  it("waits on where the pin is one that somebody else is asked to set", async () => {
    const { sight } = await serve([
      deployment(2, 2, "d".repeat(64)),
      deployment(3, 3, "e".repeat(64)),
      deployment(4, 4),
    ]);
    await sight.look();
    const found = await sight.watchSoon(NEXT, settled, { deadlineMs: 20_000, signal: never });
    expect(found).toMatchObject({ resourceVersion: "4.4" });
  });

  it("follows the Deployment too where it was seen with another pin", async () => {
    const { sight, server } = await serve([deployment(2, 2, "d".repeat(64)), deployment(3, 3)]);
    await sight.look();
    expect(await wait(sight, 20_000)).toMatchObject({ resourceVersion: "3.3" });
    expect(server.requests.filter((request) => request.includes("deployments?fieldSelector"))).not.toHaveLength(0);
  });
});
