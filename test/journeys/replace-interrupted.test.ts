/** A flag day that is stopped half-way: whatever was written, the next run completes it before it asks anything. */
import { hostname } from "node:os";
import { afterEach, beforeEach, expect, it } from "vitest";
import { applyRotation } from "../../src/execute/apply.ts";
import type { Api } from "../../src/kubernetes/api.ts";
import { ApiError } from "../../src/kubernetes/api-error.ts";
import type { World } from "../../src/observe/world.ts";
import { agents, leafOf, pinOfServed, presentedLeaves, servedBundle, trustSecret } from "../helpers/estate-facts.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";
import { presentInstead } from "../helpers/serving-pair.ts";

const MINUTE = 60_000;

let lab: RotationLab;

beforeEach(async () => {
  lab = await startRotationLab({ clusters: 2, speed: 200 });
}, MINUTE);

afterEach(() => lab.stop());

/** A leaf of today's authority that ended an hour ago: every tunnel lives on, and no agent could dial again. */
async function letItExpire(): Promise<void> {
  const hours = (count: number) => new Date(Date.now() + count * 3_600_000);
  await presentInstead(lab.sandbox, await lab.sandbox.pki.today.issue({ notBefore: hours(-48), notAfter: hours(-1) }));
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
      await lab.sandbox.waitUntilConnected(id, { seconds: 20 });
      const facts = (await agents(lab.sandbox))[name];
      expect({ pin: facts?.pin, pods: new Set(facts?.pods) }).toEqual({ pin, pods: new Set([pin]) });
    }
  },
  2 * MINUTE,
);

it(
  "with the same authority, the certificate alone is replaced, and no agent is touched",
  async () => {
    const before = await agents(lab.sandbox);
    const trust = await trustSecret(lab.sandbox);
    await letItExpire();
    const renewed = await lab.sandbox.pki.today.issue();
    const plan = await lab.prepare({}, lab.directory, renewed, { replace: true });
    expect(plan.stages.map(({ id }) => id)).toEqual(["backup", "replace", "settle", "prove"]);
    expect(await lab.apply()).toMatchObject({ kind: "finished" });
    expect(await presentedLeaves(lab.sandbox)).toEqual([leafOf(renewed.certificate)]);
    expect(await trustSecret(lab.sandbox)).toBe(trust);
    expect(await agents(lab.sandbox)).toEqual(before);
  },
  2 * MINUTE,
);
