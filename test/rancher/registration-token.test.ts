/** Which of a cluster's registration tokens Rancher's API gives. */
import { afterEach, describe, expect, it } from "vitest";
import { createApi } from "../../src/kubernetes/api.ts";
import { Transport } from "../../src/kubernetes/transport.ts";
import { listManagementClusters } from "../../src/rancher/management-cluster.ts";
import { registrationToken } from "../../src/rancher/registration.ts";
import { json, startScriptedServer } from "../helpers/scripted-server.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** An API server that has these objects, by path, and nothing else. */
async function serving(objects: Readonly<Record<string, object>>) {
  const server = await startScriptedServer((request, response) => {
    const path = request.url?.split("?")[0] ?? "";
    const found = objects[path];
    json(response, found === undefined ? 404 : 200, found ?? { kind: "Status", reason: "NotFound" });
  });
  const transport = new Transport({ origin: server.origin, tls: () => ({ ca: server.ca }) });
  closing.push(
    () => server.stop(),
    () => transport.close(),
  );
  const api = createApi({ server: "the management cluster", basePath: "", transport, headers: async () => ({}) });
  return { api, requests: server.requests };
}

const TOKENS = "/apis/management.cattle.io/v3/namespaces/c-1/clusterregistrationtokens";
const secretAt = (name: string): string => `/api/v1/namespaces/c-1/secrets/${name}`;
const list = (...items: object[]) => ({ kind: "List", metadata: { resourceVersion: "1" }, items });
const token = (name: string, status: object) => ({ metadata: { name, namespace: "c-1" }, status });
const secret = (data: Readonly<Record<string, string>>) => ({ metadata: { name: "s", namespace: "c-1" }, data });
const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe("the registration token of a cluster", () => {
  const rows: [string, Readonly<Record<string, object>>, string][] = [
    [
      "is the one of Rancher's own deployments",
      { [TOKENS]: list(token("default-token", { token: "people's" }), token("system", { token: "own" })) },
      "own",
    ],
    ["is another where there is none of those", { [TOKENS]: list(token("a", { token: "one" })) }, "one"],
    [
      "is in a Secret since Rancher 2.13.8",
      {
        [TOKENS]: list(token("system", { token: "", tokenSecretName: "crt-token-system" })),
        [secretAt("crt-token-system")]: secret({ token: base64("kept"), previousToken: base64("before") }),
      },
      "kept",
    ],
    [
      "is the next one's where the Secret of the first is gone",
      {
        [TOKENS]: list(token("system", { tokenSecretName: "gone" }), token("default-token", { token: "people's" })),
      },
      "people's",
    ],
    [
      "is the next one's where the Secret of the first holds none",
      {
        [TOKENS]: list(token("system", { tokenSecretName: "bare" }), token("default-token", { token: "people's" })),
        [secretAt("bare")]: secret({ previousToken: base64("before") }),
      },
      "people's",
    ],
    [
      "is the next one's where the first is of another shape",
      { [TOKENS]: list(token("system", { token: 7 }), token("default-token", { token: "people's" })) },
      "people's",
    ],
  ];
  it.each(rows)("%s", async (_, objects, expected) => {
    const { api } = await serving(objects);
    expect((await registrationToken(api, "c-1")).reveal()).toBe(expected);
  });

  it.each([
    ["has none", list()],
    ["has one that is not filled yet", list({ metadata: { name: "system", namespace: "c-1" } })],
  ])("is missed where it %s, and nothing is written", async (_, tokens) => {
    const { api, requests } = await serving({ [TOKENS]: tokens });
    await expect(registrationToken(api, "c-1")).rejects.toMatchObject({
      code: "step.failed",
      exitCode: 1,
      message: "Rancher has no registration token for cluster c-1.",
      hint: "Open the cluster's registration page in Rancher once: it makes one.",
    });
    expect(requests.filter((line) => !line.startsWith("GET "))).toEqual([]);
  });
});

describe("the clusters of Rancher", () => {
  it("come by their ids, without those that are going and those that are of another shape", async () => {
    const cluster = (name: string, more: object = {}) => ({ metadata: { name, ...more }, spec: {}, status: {} });
    const { api } = await serving({
      "/apis/management.cattle.io/v3/clusters": list(
        cluster("local"),
        cluster("c-2"),
        cluster("c-3", { deletionTimestamp: "2026-11-23T04:03:38Z" }),
        { ...cluster("c-4"), spec: { displayName: 7 } },
        cluster("c-1"),
      ),
    });
    expect((await listManagementClusters(api)).map(({ id }) => id)).toEqual(["c-1", "c-2", "local"]);
  });
});
