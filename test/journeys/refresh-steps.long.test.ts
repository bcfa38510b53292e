/** A refresh step by step: what Rancher does not take over, deaths on the way, and clusters beside each other. */
import { readdir, readFile } from "node:fs/promises";
import { describe, expect, type TestContext, test } from "vitest";
import type { JournalEntry } from "../../src/journal/entry.ts";
import { isWrite } from "../../src/sandbox/api-server/audit.ts";
import type { SandboxCluster } from "../../src/sandbox/sandbox.ts";
import type { ScenarioInput } from "../../src/sandbox/scenario/scenario.ts";
import { type RefreshLab, startRefreshLab } from "../helpers/refresh-lab.ts";
import { heldByRancher, type Renewal, readiness, renewCluster, tokensIn } from "../helpers/renewed-cluster.ts";
import { ask } from "../sandbox/estate.ts";

const LONG = 5 * 60_000;

async function start({ onTestFinished }: TestContext, scenario: ScenarioInput = {}): Promise<RefreshLab> {
  const lab = await startRefreshLab(scenario);
  onTestFinished(() => lab.stop());
  return lab;
}

function first({ clusters }: RefreshLab): SandboxCluster {
  const [cluster] = clusters;
  if (cluster === undefined) throw new Error("there is no cluster");
  return cluster;
}

/** Rancher and people reach the cluster, with what it has now and nothing else. */
async function expectRefreshed({ sandbox }: RefreshLab, cluster: SandboxCluster): Promise<void> {
  const [held, tokens] = [await heldByRancher(sandbox, cluster), await tokensIn(cluster)];
  expect(tokens.map(({ token }) => token)).toEqual([held.token]);
  expect(cluster.kubeconfig).toContain(Buffer.from(held.ca).toString("base64"));
  expect(await readiness(sandbox, cluster)).toBe("True");
  expect((await ask(sandbox, `/k8s/clusters/${cluster.id}/api/v1/namespaces`)).status).toBe(200);
}

/** What people's accounts write in the management cluster, as `patch clusters/c-abc12`. */
function writesOf({ sandbox }: RefreshLab): string[] {
  const writes: string[] = [];
  sandbox.managementServer.audit.onEntry((entry) => {
    if (!isWrite(entry) || entry.user.startsWith("system:") || entry.name === "farrier-rotation") return;
    writes.push(
      [entry.verb, entry.resource, entry.subresource, entry.namespace].filter((word) => word !== "").join(" "),
    );
  });
  return writes;
}

describe("the report does not arrive: what Rancher holds is written (M2.7, M2.9)", () => {
  test.each<[string, Renewal, readonly string[]]>([
    ["2.15", { ca: true }, ["create secrets cattle-global-data", "patch clusters status"]],
    ["2.12", { ca: true }, ["create secrets cattle-global-data", "patch clusters"]],
    ["2.9", { serviceAccountKey: false, ca: true }, ["create secrets cattle-global-data", "patch clusters"]],
    ["2.6.7", {}, ["create secrets cattle-global-data", "patch clusters"]],
    ["2.6.6", { ca: true }, ["patch clusters"]],
  ])(
    "Rancher %s",
    async (version, renewal, expected) => {
      await using lab = await disposable({ rancher: { version } });
      const cluster = first(lab);
      const before = await heldByRancher(lab.sandbox, cluster);
      await renewCluster(lab.sandbox, cluster, { ...renewal, reported: false });
      await lab.prepare();
      const writes = writesOf(lab);
      // A quarter of the step's time is Rancher's own; what the sandbox does takes a fraction of a real estate's.
      expect(await lab.apply({ patience: 0.1 })).toEqual({ kind: "finished", worldChanged: true });
      expect(writes).toEqual(expected);
      const after = await heldByRancher(lab.sandbox, cluster);
      expect(after.secret === before.secret).toBe(version === "2.6.6");
      // The token decoded, the CA as base64 of its PEM, as the agent's report would have had them.
      expect(after.token).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
      expect(after.ca).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
      await expectRefreshed(lab, cluster);
    },
    LONG,
  );
});

describe("Rancher holds no token at all: one is written where its version keeps them", () => {
  test.each<[string, object, readonly string[]]>([
    [
      "2.12",
      { serviceAccountTokenSecret: null, serviceAccountToken: "" },
      ["create secrets cattle-global-data", "patch clusters"],
    ],
    ["2.6.6", { serviceAccountToken: null }, ["patch clusters"]],
  ])(
    "Rancher %s",
    async (version, nothing, expected) => {
      await using lab = await disposable({ rancher: { version } });
      const cluster = first(lab);
      const clusters = { group: "management.cattle.io", version: "v3", resource: "clusters" };
      await lab.sandbox.management.patch(clusters, cluster.id, { type: "merge", body: { status: nothing } });
      await renewCluster(lab.sandbox, cluster, { reported: false });
      expect(await heldByRancher(lab.sandbox, cluster)).toMatchObject({ secret: undefined });
      await lab.prepare();
      const writes = writesOf(lab);
      expect(await lab.apply({ patience: 0.1 })).toEqual({ kind: "finished", worldChanged: true });
      expect(writes).toEqual(expected);
      const { token, secret } = await heldByRancher(lab.sandbox, cluster);
      expect(secret === undefined).toBe(version === "2.6.6");
      const object = JSON.stringify(await lab.sandbox.management.get(clusters, cluster.id));
      expect(object.includes(token)).toBe(version === "2.6.6");
      await expectRefreshed(lab, cluster);
    },
    LONG,
  );
});

/** A lab that ends with its scope, for tests in tables. */
async function disposable(scenario: ScenarioInput = {}): Promise<RefreshLab & AsyncDisposable> {
  const lab = await startRefreshLab(scenario);
  return { ...lab, [Symbol.asyncDispose]: () => lab.stop() };
}

test(
  "Rancher takes the report over: nothing is written to its objects, and applying again writes nothing at all",
  async (context) => {
    const lab = await start(context);
    const cluster = first(lab);
    await renewCluster(lab.sandbox, cluster, { ca: true });
    await lab.prepare();
    const writes = writesOf(lab);
    expect(await lab.apply()).toEqual({ kind: "finished", worldChanged: true });
    expect(writes).toEqual([]);
    await expectRefreshed(lab, cluster);
    expect(await lab.apply()).toEqual({ kind: "already-finished" });
    expect(await lab.look()).toMatchObject([{ findings: [] }]);
  },
  LONG,
);

test(
  "stopped dead at every entry of its journal and gone on with, it ends the same",
  async (context) => {
    const lab = await start(context);
    const cluster = first(lab);
    await renewCluster(lab.sandbox, cluster, { ca: true, reported: false });
    await lab.prepare();
    const seen: string[] = [];
    let deaths = 0;
    for (;;) {
      const death = new AbortController();
      const observer = {
        afterFlush: ({ type, step, seq }: JournalEntry): void => {
          const entry = `${type} ${step ?? ""}`;
          if (type === "continued" || seen.includes(entry)) return;
          seen.push(entry);
          death.abort(new Error(`dead at ${seq}`));
        },
      };
      try {
        expect(await lab.apply({ patience: 0.1, abort: death.signal, observers: [observer] })).toMatchObject({
          kind: expect.stringMatching(/finished/),
        });
        break;
      } catch (error) {
        if (!death.signal.aborted) throw error;
        deaths += 1;
      }
    }
    expect(deaths).toBeGreaterThan(9);
    await expectRefreshed(lab, cluster);
  },
  LONG,
);

test(
  "an agent that never notices is started anew by its pods alone, and no token of it goes that the cluster accepts",
  async (context) => {
    const lab = await start(context);
    const cluster = first(lab);
    const [token] = await tokensIn(cluster);
    await renewCluster(lab.sandbox, cluster, { serviceAccountKey: false, ca: true, agent: "stays" });
    await lab.prepare();
    await lab.apply();
    expect(await tokensIn(cluster)).toMatchObject([{ uid: token?.uid, token: token?.token }]);
    await expectRefreshed(lab, cluster);
  },
  LONG,
);

test(
  "where kube-controller-manager was not restarted, a Secret with the CA of before goes though its token is accepted (M2.5)",
  async (context) => {
    const lab = await start(context);
    const cluster = first(lab);
    const [old] = await tokensIn(cluster);
    await renewCluster(lab.sandbox, cluster, {
      serviceAccountKey: false,
      ca: true,
      agent: "stays",
      secretsFollow: false,
    });
    await lab.prepare();
    await lab.apply();
    const [agent, ...others] = await tokensIn(cluster);
    expect(others).toEqual([]);
    expect(agent?.uid).not.toBe(old?.uid);
    expect(agent?.ca).not.toBe(old?.ca);
    await expectRefreshed(lab, cluster);
  },
  LONG,
);

test(
  "people's tokens alone are stale: they go, and no pod is started anew",
  async (context) => {
    const lab = await start(context);
    const cluster = first(lab);
    const [stale] = await tokensIn(cluster, "persons");
    await renewCluster(lab.sandbox, cluster);
    // What the documented procedure does, by hand.
    const [agent] = await tokensIn(cluster);
    const secrets = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };
    await cluster.client.delete(secrets, agent?.name ?? "");
    await lab.sandbox.restartAgent(cluster.name);
    await lab.sandbox.waitUntil(async () => (await readiness(lab.sandbox, cluster)) === "True");
    expect((await ask(lab.sandbox, `/k8s/clusters/${cluster.id}/api/v1/namespaces`)).status).toBe(401);

    const starts = lab.sandbox.statistics().clusters[cluster.id]?.agentStarts;
    await lab.prepare();
    await lab.apply();
    expect(lab.sandbox.statistics().clusters[cluster.id]?.agentStarts).toBe(starts);
    expect(await tokensIn(cluster, "persons")).not.toContainEqual(stale);
    await expectRefreshed(lab, cluster);
  },
  LONG,
);

test(
  "a cluster that shows no CA leaves Rancher with the one that it holds, and does not count as refreshed",
  async (context) => {
    const lab = await start(context);
    const cluster = first(lab);
    const resource = (name: string) => ({ group: "", version: "v1", resource: name, namespace: "cattle-system" });
    // A reason for a refresh: the key of people's tokens alone.
    const persons = { ...resource("secrets"), namespace: "cattle-impersonation-system" };
    const [person] = await tokensIn(cluster, "persons");
    const refused = { token: Buffer.from("of.be.fore").toString("base64") };
    await cluster.client.patch(persons, person?.name ?? "", { type: "merge", body: { data: refused } });
    const [agent] = await tokensIn(cluster);
    await cluster.client.delete(resource("configmaps"), "kube-root-ca.crt");
    await cluster.client.patch(resource("secrets"), agent?.name ?? "", {
      type: "merge",
      body: { data: { "ca.crt": "" } },
    });

    const held = await heldByRancher(lab.sandbox, cluster);
    await lab.prepare();
    const writes = writesOf(lab);
    expect(await lab.apply({ patience: 0.1 })).toMatchObject({ kind: "failed" });
    expect(writes).toEqual([]);
    expect(held.ca).toContain("BEGIN CERTIFICATE");
    expect(await heldByRancher(lab.sandbox, cluster)).toEqual(held);
  },
  LONG,
);

test(
  "several clusters: the canary goes the whole way before the others begin, and each is saved before any is touched",
  async (context) => {
    const lab = await start(context, { clusters: 3 });
    for (const cluster of lab.clusters) await renewCluster(lab.sandbox, cluster, { ca: true });
    const plan = await lab.prepare();
    const [canary, ...others] = plan.clusters.map(({ id }) => id);
    expect(others).toHaveLength(2);
    await lab.apply();
    const entries = (await readFile(`${lab.directory}/journal.jsonl`, "utf8")).trimEnd().split("\n");
    const done = entries.map((line) => JSON.parse(line)).filter(({ type }) => type === "step-done");
    const steps = done.map(({ step }) => String(step));
    expect(steps[0]).toBe("rotation/save-objects");
    const lastOfCanary = steps.indexOf(`${canary}/prove-access`);
    const firstOfOthers = steps.findIndex((step) => others.some((id) => step.startsWith(`${id}/`)));
    expect(lastOfCanary).toBeGreaterThan(1);
    expect(firstOfOthers).toBe(lastOfCanary + 1);
    for (const cluster of lab.clusters) await expectRefreshed(lab, cluster);
  },
  LONG,
);

test(
  "a cluster that fails on its way is left where it is, the others are done, and it goes on when it is mended",
  async (context) => {
    const lab = await start(context, { clusters: 3 });
    for (const cluster of lab.clusters) await renewCluster(lab.sandbox, cluster);
    const plan = await lab.prepare();
    const held = lab.clusters.find(({ id }) => id === plan.clusters.at(-1)?.id);
    if (held === undefined) throw new Error("the plan has no cluster");
    const [stale] = await tokensIn(held);
    const finalized = (finalizers: readonly string[] | null) =>
      held.client.patch(
        { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" },
        stale?.name ?? "",
        {
          type: "merge",
          body: { metadata: { finalizers } },
        },
      );
    await finalized(["example.com/kept"]);
    const outcome = await lab.apply();
    const failed = [
      "drop-agent-tokens",
      "recreate-agent-pods",
      "drop-person-tokens",
      "hold-access",
      "prove-access",
    ].map((kind) => `${held.id}/${kind}`);
    expect(outcome).toEqual({ kind: "failed", stage: "refresh", steps: failed.slice(-1) });
    const entries = (await readFile(`${lab.directory}/journal.jsonl`, "utf8"))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const failures = entries.filter(({ type }) => type === "step-failed");
    expect(failures.map(({ step }) => step)).toEqual(failed);
    expect(failures[0].data.message).toContain(`Secret cattle-system/${stale?.name} is still there`);
    for (const cluster of lab.clusters) if (cluster !== held) await expectRefreshed(lab, cluster);
    expect(await readiness(lab.sandbox, held)).toBe("False");

    await finalized(null);
    expect(await lab.apply()).toEqual({ kind: "finished", worldChanged: true });
    await expectRefreshed(lab, held);
  },
  LONG,
);

test(
  "no token of either side can be read anywhere in its directory",
  async (context) => {
    const lab = await start(context);
    const cluster = first(lab);
    const secret = (token: string | undefined) => (token ?? "").split(".")[2] ?? "";
    const before = await heldByRancher(lab.sandbox, cluster);
    await renewCluster(lab.sandbox, cluster, { ca: true, reported: false });
    await lab.prepare();
    await lab.apply({ patience: 0.1 });
    const after = await heldByRancher(lab.sandbox, cluster);
    const entries = await readdir(lab.directory, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => `${parentPath}/${name}`);
    expect(files.length).toBeGreaterThan(2);
    const texts = await Promise.all(files.map((file) => readFile(file, "latin1")));
    for (const token of [before.token, after.token]) {
      expect(secret(token)).toMatch(/^[\w-]{80,}$/);
      for (const text of texts) expect(text).not.toContain(secret(token).slice(0, 20));
    }
  },
  LONG,
);

test.each<[string, readonly ("log" | "exec")[], RegExp]>([
  ["logs nor shells", ["log", "exec"], /log can be followed past Rancher, and not through it: .* 401/],
  ["shells", ["exec"], /command can be run beside the agent past Rancher, and not through it: .* 401/],
])(
  "requests work and no %s, since Rancher goes on with what it held: it says so, and ends once Rancher was restarted (M2.10)",
  async (_name, staleStreams, message) => {
    await using lab = await disposable();
    const cluster = first(lab);
    await renewCluster(lab.sandbox, cluster, { staleStreams });
    await lab.prepare();
    const failed = { kind: "failed", stage: "refresh", steps: [`${cluster.id}/prove-access`] };
    expect(await lab.apply()).toEqual(failed);
    const journal = await readFile(`${lab.directory}/journal.jsonl`, "utf8");
    const entries = journal
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(entries.findLast(({ type }) => type === "step-failed")?.data).toMatchObject({
      message: expect.stringMatching(message),
      hint: expect.stringContaining("restart its pods"),
    });
    expect((await ask(lab.sandbox, `/k8s/clusters/${cluster.id}/api/v1/namespaces`)).status).toBe(200);

    const { exits } = lab.sandbox.statistics().rancher;
    await lab.sandbox.restartRancher();
    await lab.sandbox.waitUntil(() => lab.sandbox.statistics().rancher.exits > exits, {
      what: "the old process to end",
    });
    await lab.sandbox.waitUntilConnected();
    expect(await lab.apply()).toEqual({ kind: "finished", worldChanged: true });
    await expectRefreshed(lab, cluster);
  },
  LONG,
);
