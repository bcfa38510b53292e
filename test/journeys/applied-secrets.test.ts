/** Secrets that people once made with `kubectl apply`, and wrote more into than Rancher reads. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../../src/sandbox/cluster-client.ts";
import { type Journey, startJourney } from "../helpers/journey.ts";

const SECRETS = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const NAMES = ["tls-rancher-ingress", "tls-ca"] as const;

interface Stored {
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, string>>;
}

let journey: Journey;
let before: Readonly<Record<string, Stored>>;

beforeAll(async () => {
  journey = await startJourney({ clusters: [{ name: "paris" }] });
  for (const name of NAMES) await applyByHand(name);
  before = await secrets();
  await journey.plan("rotation");
  const { code, stderr } = await journey.farrier("apply", "rotation", "--yes");
  expect({ code, stderr }).toMatchObject({ code: 0 });
});

afterAll(() => journey?.stop());

describe("Secrets that were applied from files", () => {
  it("hold the leaf before its intermediate, the key that belongs to it, and the new bundle (M1.1, M1.2, M1.3)", async () => {
    const { target, authority } = journey;
    const { "tls-rancher-ingress": serving, "tls-ca": trust } = await secrets();
    expect(text(serving, "tls.crt")).toBe(target.certificate);
    expect(text(serving, "tls.key")).toBe(target.key);
    expect(text(trust, "cacerts.pem")).toBe(`${authority.intermediatePem.trim()}\n${authority.rootPem.trim()}\n`);
  });

  it.each(NAMES)("keep what else they had: %s", async (name) => {
    const { type, labels, annotations, data } = (await secrets())[name] ?? never();
    expect({ type, labels, note: data.note }).toEqual({
      type: before[name]?.type,
      labels: { ...before[name]?.labels, team: "platform" },
      note: encode("ours"),
    });
    expect(annotations.owner).toBe("somebody");
  });

  it.each(NAMES)("have in their annotation what apply would have written, and nothing of before: %s", async (name) => {
    const { annotations, data } = (await secrets())[name] ?? never();
    const applied = JSON.parse(annotations[LAST_APPLIED] ?? "{}");
    const { note: _, ...written } = data;
    expect(applied).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace: "cattle-system" },
      data: written,
    });
    for (const old of Object.values(before[name]?.data ?? {}).filter((value) => value !== encode("ours"))) {
      expect(annotations[LAST_APPLIED]).not.toContain(old);
    }
  });

  it("are as they were after a rollback, annotation and all", async () => {
    const { code, stderr } = await journey.farrier("rollback", "rotation", "--yes");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(await secrets()).toEqual(before);
  });
});

/** As `kubectl apply` leaves a Secret, to which somebody has added a key, a label and an annotation since. */
async function applyByHand(name: string): Promise<void> {
  const { data } = await stored(name);
  const applied = { apiVersion: "v1", kind: "Secret", metadata: { name, namespace: "cattle-system" }, data };
  const metadata = {
    labels: { team: "platform" },
    annotations: { owner: "somebody", [LAST_APPLIED]: `${JSON.stringify(applied)}\n` },
  };
  const body = { metadata, data: { note: encode("ours") } };
  await journey.sandbox.management.patch(SECRETS, name, { type: "merge", body });
}

async function secrets(): Promise<Record<string, Stored>> {
  return Object.fromEntries(await Promise.all(NAMES.map(async (name) => [name, await stored(name)] as const)));
}

async function stored(name: string): Promise<Stored> {
  const found = await journey.sandbox.management.get(SECRETS, name);
  if (found === undefined) throw new Error(`there is no Secret ${name}`);
  const { labels = {}, annotations = {} } = found.metadata;
  // The shape of every Secret.
  const { type, data } = found as KubeObject & Pick<Stored, "type" | "data">;
  return { type, labels, annotations, data };
}

function text(secret: Stored | undefined, key: string): string {
  return Buffer.from(secret?.data[key] ?? "", "base64").toString("utf8");
}

function encode(value: string): string {
  return Buffer.from(value).toString("base64");
}

function never(): never {
  throw new Error("there is no such Secret");
}
