/** A flag day that is stopped half-way: whatever was written, the next run completes it before it asks anything. */
import { writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, onTestFinished } from "vitest";
import { applyRotation } from "../../src/execute/apply.ts";
import { leaveRequest } from "../../src/execute/requests.ts";
import { openRotation } from "../../src/execute/rotation.ts";
import type { JournalEntry } from "../../src/journal/entry.ts";
import type { Api } from "../../src/kubernetes/api.ts";
import { ApiError } from "../../src/kubernetes/api-error.ts";
import type { World } from "../../src/observe/world.ts";
import { agents, leafOf, pinOfServed, presentedLeaves, servedBundle, trustSecret } from "../helpers/estate-facts.ts";
import { giveKubeconfigs } from "../helpers/kubeconfigs.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";
import { presentInstead } from "../helpers/serving-pair.ts";

const MINUTE = 60_000;
const DEPLOYMENTS = { group: "apps", version: "v1", resource: "deployments", namespace: "cattle-system" };

let lab: RotationLab;

beforeEach(async () => {
  lab = await startRotationLab({ clusters: 2, speed: 200 });
});

afterEach(() => lab.stop());

/** A leaf of today's authority that ended an hour ago: every tunnel lives on, and no agent could dial again. */
async function letItExpire(): Promise<Parameters<typeof presentInstead>[1]> {
  const hours = (count: number) => new Date(Date.now() + count * 3_600_000);
  const expired = await lab.sandbox.pki.today.issue({ notBefore: hours(-48), notAfter: hours(-1) });
  await presentInstead(lab.sandbox, expired);
  return expired;
}

/** The management cluster's API takes no write to a kind of object any more, once `refuses` says so. */
function refusing(api: Api, refuses: (plural: string, name: string) => boolean): Api {
  const check = (plural: string, name: string): void => {
    if (!refuses(plural, name)) return;
    const facts = { kind: "permanent", code: "api.forbidden", status: 403, reason: "Forbidden" } as const;
    throw new ApiError("The management cluster answered 403", { ...facts, server: api.server });
  };
  return new Proxy(api, {
    get(target, verb) {
      const value: unknown = Reflect.get(target, verb, target);
      if (typeof value !== "function") return value;
      if (verb === "replace") {
        return async (...args: Parameters<Api["replace"]>) => {
          check(args[0].plural, args[1].metadata.name);
          return await target.replace(...args);
        };
      }
      if (verb === "patch") {
        return async (...args: Parameters<Api["patch"]>) => {
          check(args[0].plural, args[1]);
          return await target.patch(...args);
        };
      }
      return value.bind(target);
    },
  });
}

/** As soon as the serving Secret is written, somebody puts back what their source says. */
function undoing(api: Api, putBack: () => Promise<void>): Api {
  return new Proxy(api, {
    get(target, verb) {
      const value: unknown = Reflect.get(target, verb, target);
      if (typeof value !== "function") return value;
      if (verb !== "replace") return value.bind(target);
      return async (...args: Parameters<Api["replace"]>) => {
        const written = await target.replace(...args);
        if (args[1].metadata.name === "tls-rancher-ingress") await putBack();
        return written;
      };
    },
  });
}

async function applyThrough(wrap: (api: Api) => Api): Promise<unknown> {
  const world: World = await lab.openWorld();
  try {
    const { directory, environment, now } = lab;
    const holder = { id: "dead", host: hostname(), pid: 2 ** 30, started: "0" };
    const options = { directory, identity: { environment }, now, holder };
    return await applyRotation({ ...options, world: { ...world, management: wrap(world.management) } });
  } finally {
    await world.close();
  }
}

it.each([
  [
    "the certificate is written, the bundle is not",
    (plural: string, name: string) => name === "tls-ca" && plural === "secrets",
  ],
  [
    "both are written, Rancher is not restarted",
    (plural: string, name: string) => name === "rancher" && plural === "deployments",
  ],
])(
  "%s",
  async (_, refuses) => {
    await letItExpire();
    const plan = await lab.prepare({}, lab.directory, undefined, { replace: true });
    expect(plan.procedure).toBe("replace");
    expect(plan.clusters.filter(({ reach }) => reach === "rancher")).toHaveLength(2);
    expect(await applyThrough((api) => refusing(api, refuses))).toMatchObject({ kind: "failed", stage: "replace" });
    const [leaf] = plan.serving.target.certificates;
    expect(await presentedLeaves(lab.sandbox)).toEqual([leaf?.fingerprint]);

    expect(await lab.apply()).toMatchObject({ kind: "finished" });
    expect(await trustSecret(lab.sandbox)).toBe(plan.epochs.at(-1)?.bundle);
    const pin = pinOfServed(await servedBundle(lab.sandbox));
    for (const { id, name } of lab.sandbox.clusters) {
      await lab.sandbox.waitUntilConnected(id);
      const facts = (await agents(lab.sandbox))[name];
      expect({ pin: facts?.pin, pods: new Set(facts?.pods) }).toEqual({ pin, pods: new Set([pin]) });
    }
  },
  5 * MINUTE,
);

it(
  "where the certificate was in place before, its gate is asked until something else was written",
  async () => {
    const authority = await lab.sandbox.pki.newAuthority("In place already");
    const target = { ...(await authority.issue()), bundle: authority.bundle };
    await presentInstead(lab.sandbox, target);
    const plan = await lab.prepare({}, lab.directory, target, { replace: true });
    const refuses = (plural: string, name: string) => name === "tls-ca" && plural === "secrets";
    expect(await applyThrough((api) => refusing(api, refuses))).toMatchObject({ kind: "failed", stage: "replace" });
    // Meanwhile Rancher puts the pin back that it serves: nothing of this cluster waits for the new bundle any more.
    const [first] = lab.sandbox.clusters;
    const today = pinOfServed(await servedBundle(lab.sandbox));
    await lab.sandbox.inject({ kind: "redeploy", cluster: first?.name ?? "" });
    await lab.sandbox.waitUntil(async () => (await agents(lab.sandbox))[first?.name ?? ""]?.pin === today);

    expect(await lab.apply()).toMatchObject({ kind: "finished" });
    const pin = pinOfServed(plan.epochs.at(-1)?.bundle.trim() ?? "");
    for (const { id, name } of lab.sandbox.clusters) {
      await lab.sandbox.waitUntilConnected(id);
      expect((await agents(lab.sandbox))[name]?.pin).toBe(pin);
    }
  },
  5 * MINUTE,
);

it(
  "a cluster that was left behind, since its agent could not be armed, is moved by its kubeconfig afterwards",
  async () => {
    await letItExpire();
    const [first] = lab.sandbox.clusters;
    if (first === undefined) throw new Error("there are two clusters");
    const { id, name, kubeconfig, connected, client } = first;
    const file = join(lab.folder, "own.yaml");
    await writeFile(file, kubeconfig, { mode: 0o600 });
    const kubeconfigs = { [id]: file };
    const plan = await lab.prepare({ canary: [id] }, lab.directory, undefined, { replace: true, kubeconfigs });
    const pause = (paused: boolean) =>
      client.patch(DEPLOYMENTS, "cattle-cluster-agent", { type: "merge", body: { spec: { paused } } });
    await pause(true);
    await lab.sandbox.restartAgent(name);
    await lab.sandbox.waitUntil(() => !connected(), { what: "its tunnel to end" });
    const goesOn = (entry: JournalEntry): void => {
      if (entry.type === "step-done" && entry.step?.includes("/replace-certificate")) void pause(false);
    };
    const apply = async () => {
      const world = await lab.openWorld();
      onTestFinished(() => world.close());
      giveKubeconfigs(world, kubeconfigs);
      return await lab.apply({ world, patience: 0.2, observers: [{ afterFlush: goesOn }] });
    };
    expect(await apply()).toMatchObject({ kind: "failed", stage: "arm@target", steps: [`${id}/arm-agent@target`] });
    const waiver = { clusterId: id, by: "ada", reason: "it is cut off already", until: "2099-01-01" };
    await leaveRequest(lab.directory, { kind: "waive", waiver });
    expect(await apply()).toMatchObject({ kind: "finished" });
    await lab.sandbox.waitUntilConnected();
    const pin = pinOfServed(plan.epochs.at(-1)?.bundle.trim() ?? "");
    expect((await agents(lab.sandbox))[name]).toMatchObject({ pin, pods: [pin], minReadySeconds: 0 });
  },
  5 * MINUTE,
);

it(
  "a certificate that somebody puts back is noticed, and not waited for",
  async () => {
    const expired = await letItExpire();
    await lab.prepare({}, lab.directory, await lab.sandbox.pki.today.issue(), { replace: true });
    const putBack = () => presentInstead(lab.sandbox, expired);
    expect(await applyThrough((api) => undoing(api, putBack))).toMatchObject({ kind: "failed", stage: "replace" });
    const { state } = await openRotation(lab.directory);
    const { failure } = state?.current.steps["rancher/replace-certificate@current"] ?? {};
    expect(failure?.message).toMatch(/tls-rancher-ingress does not hold what this step has written any more/);
  },
  5 * MINUTE,
);

it(
  "with the same authority, the certificate alone is replaced, and no agent is touched",
  async () => {
    const before = await agents(lab.sandbox);
    const trust = await trustSecret(lab.sandbox);
    const expired = await letItExpire();
    const renewed = await lab.sandbox.pki.today.issue();
    const plan = await lab.prepare({}, lab.directory, renewed, { replace: true });
    expect(plan.stages.map(({ id }) => id)).toEqual(["backup", "replace", "settle", "prove"]);
    const world = await lab.openWorld();
    onTestFinished(() => world.close());
    expect(await lab.apply({ world })).toMatchObject({ kind: "finished" });
    expect(await presentedLeaves(lab.sandbox)).toEqual([leafOf(renewed.certificate)]);
    expect(await trustSecret(lab.sandbox)).toBe(trust);
    expect(await agents(lab.sandbox)).toEqual(before);
    // Until it was replaced, the expired certificate was how Rancher was known: it is so no longer.
    await presentInstead(lab.sandbox, expired);
    await expect(world.rancher.cacerts()).rejects.toMatchObject({ code: "api.untrusted" });
  },
  5 * MINUTE,
);
