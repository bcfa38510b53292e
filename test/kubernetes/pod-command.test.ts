/** A command in a pod, over a WebSocket: from a cluster's own API server, and as a person's shell has it, through Rancher. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Api } from "../../src/kubernetes/api.ts";
import { connectKubeconfig } from "../../src/kubernetes/connection.ts";
import { openWorld, type World } from "../../src/observe/world.ts";
import { Secret } from "../../src/pki/secret.ts";
import { type Sandbox, type SandboxCluster, startSandbox } from "../../src/sandbox/sandbox.ts";
import { agentPods, must } from "../sandbox/estate.ts";
import { ECHO, type PodPlace, podStreams, refusal } from "./suite/pod-streams.ts";

let sandbox: Sandbox;
let cluster: SandboxCluster;
let folder: string;
let world: World;
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  sandbox = await startSandbox({ clusters: 1, speed: 100 });
  cluster = must(sandbox.clusters[0]);
  folder = await mkdtemp(join(tmpdir(), "farrier-command-"));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, sandbox.managementKubeconfig, { mode: 0o600 });
  world = await openWorld({ kubeconfig, context: "management", token: Secret.of(sandbox.token) });
});

afterAll(async () => {
  for (const end of ends) await end();
  await world.close();
  await sandbox.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The cluster's own API server, by a kubeconfig. */
async function direct(text = cluster.kubeconfig): Promise<Api> {
  const kubeconfig = join(folder, `own-${ends.length}`);
  await writeFile(kubeconfig, text, { mode: 0o600 });
  const { api, close } = await connectKubeconfig({ kubeconfig }, { name: "cluster paris" });
  ends.push(close);
  return api;
}

async function place(): Promise<PodPlace> {
  const [pod] = await agentPods(cluster);
  return { namespace: "cattle-system", pod: must(pod).name, container: "cluster-register", deadlineMs: 30_000 };
}

describe.each<[string, () => Promise<Api>]>([
  ["past Rancher", () => direct()],
  ["through Rancher", async () => world.rancher.downstream(cluster.id)],
])("%s", (_name, open) => podStreams(open, place));

test("an account that may read pods, and not go into them", async () => {
  const rules = [{ verbs: ["get", "list"], apiGroups: [""], resources: ["pods", "pods/log"] }];
  const api = await direct(cluster.kubeconfigAs(rules));
  const error = await refusal(api.run({ ...(await place()), command: ECHO }));
  expect(error).toMatchObject({ status: 403, code: "api.forbidden" });
  expect(error.message).toContain('cannot get resource "pods/exec"');
});

test("a token that is none, in the kubeconfig and in Rancher", async () => {
  const { users, ...rest } = parse(cluster.kubeconfig);
  const text = JSON.stringify({ ...rest, users: [{ name: users[0].name, user: { token: "none" } }] });
  const command = { ...(await place()), command: ECHO };
  expect(await refusal((await direct(text)).run(command))).toMatchObject({ status: 401 });
  const kubeconfig = join(folder, "kubeconfig");
  const other = await openWorld({ kubeconfig, context: "management", token: Secret.of("token-none0:none") });
  ends.push(() => other.close());
  expect(await refusal(other.rancher.downstream(cluster.id).run(command))).toMatchObject({ status: 401 });
});

test("a server whose certificate is not trusted is asked nothing", async () => {
  const { clusters, ...rest } = parse(cluster.kubeconfig);
  const [{ name, cluster: own }] = clusters;
  const ca = Buffer.from((await sandbox.pki.newAuthority("Other")).bundle).toString("base64");
  const text = JSON.stringify({ ...rest, clusters: [{ name, cluster: { ...own, "certificate-authority-data": ca } }] });
  expect(await refusal((await direct(text)).run({ ...(await place()), command: ECHO }))).toMatchObject({
    code: "api.untrusted",
  });
});

test("a request that is no WebSocket is told so, as the API server does", async () => {
  const { clusters, users } = parse(cluster.kubeconfig);
  const { server, "certificate-authority-data": ca } = clusters[0].cluster;
  const { pod } = await place();
  const url = `${server}/api/v1/namespaces/cattle-system/pods/${pod}/exec?command=echo&stdout=true`;
  const answer = await new Promise<string>((resolve, reject) => {
    const options = { ca: Buffer.from(ca, "base64"), headers: { authorization: `Bearer ${users[0].user.token}` } };
    request(url, { ...options, agent: false }, (response) => {
      response.on("data", (chunk) => resolve(`${response.statusCode} ${chunk}`));
    })
      .on("error", reject)
      .end();
  });
  expect(answer).toMatch(/^400 .*"message":"Upgrade request required"/);
});
