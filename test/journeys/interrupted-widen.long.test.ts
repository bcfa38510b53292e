/** Widening that is stopped half-way, or comes late: what was begun is completed, what was not begun is asked again. */
import { hostname } from "node:os";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ApplyOptions, type ApplyOutcome, applyRotation } from "../../src/execute/apply.ts";
import { leaveRequest } from "../../src/execute/requests.ts";
import { openRotation } from "../../src/execute/rotation.ts";
import type { JournalEntry } from "../../src/journal/entry.ts";
import type { Api } from "../../src/kubernetes/api.ts";
import { ApiError } from "../../src/kubernetes/api-error.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { endingAfter, stageDone } from "../helpers/ending-after.ts";
import { killable } from "../helpers/killable-world.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";

const MINUTE = 60_000;
const WIDEN = "rancher/serve-bundle@both";
const AGENT = { group: "apps", version: "v1", resource: "deployments", namespace: "cattle-system" };
let lab: RotationLab;
let plan: Plan;

beforeEach(async () => {
  lab = await startRotationLab({ clusters: 2, speed: 200 });
  plan = await lab.prepare();
});

afterEach(async () => {
  await lab.stop();
});

const about = (type: JournalEntry["type"], name: string) => (entry: JournalEntry) =>
  entry.type === type && (entry.step === name || ("stage" in entry.data && entry.data.stage === name));

/** Applies until an entry is on disk, and dies there. */
async function applyAndDie(dies: (entry: JournalEntry) => boolean): Promise<void> {
  const real = await lab.openWorld();
  const { world, kill } = killable(real);
  const { directory, environment, now } = lab;
  const afterFlush = (entry: JournalEntry): void => {
    if (dies(entry)) kill();
  };
  const holder = { id: "dead", host: hostname(), pid: 2 ** 30, started: "0" };
  const life = applyRotation({ directory, world, identity: { environment }, now, holder, observers: [{ afterFlush }] });
  await expect(life).rejects.toThrow("killed");
  await real.close();
}

/** Applies with something done to the management cluster's API. */
async function applyThrough(wrap: (api: Api) => Api, options: Partial<ApplyOptions> = {}): Promise<ApplyOutcome> {
  const world = await lab.openWorld();
  try {
    const { directory, environment, now } = lab;
    const rest = { directory, identity: { environment }, now, gateWaitSeconds: 3, ...options };
    return await applyRotation({ ...rest, world: { ...world, management: wrap(world.management) } });
  } finally {
    await world.close();
  }
}

/** As Rancher's redeploy does it, in a cluster in which it cannot be undone. */
async function unarmForGood(): Promise<void> {
  const [cluster] = lab.sandbox.clusters;
  if (cluster === undefined) throw new Error("the estate has clusters");
  await lab.sandbox.inject({ kind: "forbidden", cluster: cluster.id });
  const env = [{ name: "CATTLE_CA_CHECKSUM", value: plan.epochs[0]?.pin }];
  const body = { spec: { template: { spec: { containers: [{ name: "cluster-register", env }] } } } };
  await cluster.client.patch(AGENT, "cattle-cluster-agent", { type: "strategic", body });
}

async function writtenBundle(): Promise<string> {
  const secrets = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };
  const secret = await lab.sandbox.management.get(secrets, "tls-ca");
  // The shape of every Secret.
  const data = secret?.data as Record<string, string>;
  return Buffer.from(data["cacerts.pem"] ?? "", "base64").toString("utf8");
}

async function servedBundle(): Promise<string> {
  const world = await lab.openWorld();
  try {
    return (await world.rancher.cacerts()).value;
  } finally {
    await world.close();
  }
}

const [current, both] = [() => plan.epochs[0]?.bundle, () => plan.epochs[1]?.bundle];

test(
  "announced and not written: the gate is asked again, and holds where an agent is no longer armed",
  async () => {
    await applyAndDie(about("step-started", WIDEN));
    await unarmForGood();
    expect(await lab.apply({ gateWaitSeconds: 3 })).toMatchObject({ kind: "held", stage: "widen" });
    expect(await writtenBundle()).toBe(current());
  },
  5 * MINUTE,
);

test(
  "written and not restarted: it is completed before a pause is obeyed",
  async () => {
    await applyAndDie(about("step-applied", WIDEN));
    await leaveRequest(lab.directory, { kind: "pause", by: "ana", why: "lunch" });
    expect(await lab.apply()).toMatchObject({ kind: "halted", halt: { kind: "paused" } });
    expect(await servedBundle()).toBe(both()?.trim());
  },
  5 * MINUTE,
);

test(
  "written, and the restart was refused: the next run completes it before anything else",
  async () => {
    const refuse = (api: Api): Api => ({
      ...bound(api),
      patch: async (resource, name, patch) => {
        if (resource.plural !== "deployments") return await api.patch(resource, name, patch);
        const facts = { kind: "permanent", code: "api.forbidden", status: 403, reason: "Forbidden" } as const;
        throw new ApiError("The management cluster answered 403", { ...facts, server: api.server });
      },
    });
    expect(await applyThrough(refuse)).toMatchObject({ kind: "failed", stage: "widen", steps: [WIDEN] });
    expect(await writtenBundle()).toBe(both());
    await leaveRequest(lab.directory, { kind: "pause", by: "ana", why: "lunch" });
    expect(await lab.apply()).toMatchObject({ kind: "halted", halt: { kind: "paused" } });
    expect(await servedBundle()).toBe(both()?.trim());
  },
  5 * MINUTE,
);

test(
  "a laptop that sleeps between gate and write looks at the gate again when it wakes",
  async () => {
    let asleep = false;
    let slept = 0;
    const sleeping = (api: Api): Api => ({
      ...bound(api),
      replace: async (resource, object, options) => {
        if (asleep && resource.plural === "configmaps") {
          asleep = false;
          await unarmForGood();
          slept = 8 * 3_600_000;
        }
        return await api.replace(resource, object, options);
      },
    });
    const afterFlush = (entry: JournalEntry): void => {
      if (about("step-started", WIDEN)(entry)) asleep = true;
    };
    const now = () => new Date(Date.now() + slept);
    const outcome = await applyThrough(sleeping, { now, observers: [{ afterFlush }] });
    expect(outcome).toMatchObject({ kind: "failed", stage: "widen", steps: [WIDEN] });
    expect(await writtenBundle()).toBe(current());
    const { state } = await openRotation(lab.directory);
    expect(state?.current.steps[WIDEN]?.failure).toMatchObject({ code: "rotation.held" });
  },
  5 * MINUTE,
);

test(
  "Rancher restarted by somebody else at the same time: their pods were started after the write, too",
  async () => {
    const afterFlush = (entry: JournalEntry): void => {
      if (about("step-applied", WIDEN)(entry)) void lab.sandbox.inject({ kind: "restart-rancher" });
    };
    await lab.apply(endingAfter(stageDone("arm@both")));
    // 48 s for the step, of which it needs two.
    await lab.apply({ patience: 0.04, ...endingAfter(stageDone("widen"), { afterFlush }) });
    expect(await lab.apply()).toMatchObject({ kind: "finished" });
    const { journal } = await openRotation(lab.directory);
    expect(journal.entries.filter(({ type }) => type === "step-failed")).toEqual([]);
    expect(lab.sandbox.statistics().refusals).toEqual([]);
  },
  5 * MINUTE,
);

/** The verbs of an API as plain functions. */
function bound(api: Api): Api {
  return {
    server: api.server,
    get: (...args) => api.get(...args),
    list: (...args) => api.list(...args),
    create: (...args) => api.create(...args),
    replace: (...args) => api.replace(...args),
    patch: (...args) => api.patch(...args),
    delete: (...args) => api.delete(...args),
    watchUntil: (...args) => api.watchUntil(...args),
    readLogEnd: (...args) => api.readLogEnd(...args),
    run: (...args) => api.run(...args),
    followLog: (...args) => api.followLog(...args),
    allowed: (...args) => api.allowed(...args),
    askPod: (...args) => api.askPod(...args),
    as: (who) => api.as(who),
  };
}
