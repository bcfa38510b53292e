/**
 * `node bench/requests.ts`: what a GET of a Deployment costs by the product's way to an API server, and by the HTTP
 * library alone: requests per second and processor time, over kept-alive TLS connections. The server is a real
 * kube-apiserver where one was built (`npm run control-plane`), else the sandbox's, in a process of its own either way.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Agent, request } from "undici";
import { parse } from "yaml";
import type { Api } from "../src/kubernetes/api.ts";
import { connectKubeconfig } from "../src/kubernetes/connection.ts";
import { deployments } from "../src/kubernetes/resource.ts";
import { deployment } from "../test/sandbox-controllers/test-cluster.ts";

/** Each way has its turn this often, alternately: a busy machine slows both. */
const ROUNDS = 9;
const REQUESTS = 3_000;
/** How many are under way at the same time. */
const AT_ONCE = 16;

const NAMESPACE = "default";
const NAME = "cattle-cluster-agent";

interface Server {
  readonly title: string;
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

interface Cost {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
}

if (process.argv.includes("--serve")) await serve();
else await measure();

async function measure(): Promise<void> {
  const server = await startServer();
  const folder = await mkdtemp(join(tmpdir(), "farrier-requests-"));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, server.kubeconfig, { mode: 0o600 });
  const connection = await connectKubeconfig({ kubeconfig });
  await connection.api.create(deployments(NAMESPACE), deployment({ name: NAME, namespace: NAMESPACE, replicas: 0 }));
  const bare = bareRequests(server.kubeconfig);
  const ours = () => getOnce(connection.api);
  const costs = { ours: [] as Cost[], bare: [] as Cost[] };
  // Once for the runtime to compile what runs often.
  for (const ask of [ours, bare.ask]) await round(ask);
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    costs.ours.push(await round(ours));
    costs.bare.push(await round(bare.ask));
  }
  await connection.close();
  await bare.close();
  await rm(folder, { recursive: true });
  await server.stop();
  report(server.title, median(costs.ours), median(costs.bare));
}

function report(title: string, ours: Cost, bare: Cost): void {
  const line = (name: string, { perSecond, cpuMicroseconds }: Cost) =>
    `${name}: ${perSecond.toFixed(0)} requests/s, ${cpuMicroseconds.toFixed(0)} µs of CPU per request\n`;
  process.stdout.write(`GET of a Deployment from ${title}, ${AT_ONCE} at once\n`);
  process.stdout.write(line("farrier", ours) + line("undici ", bare));
  const slower = (bare.perSecond / ours.perSecond).toFixed(2);
  const dearer = (ours.cpuMicroseconds / bare.cpuMicroseconds).toFixed(2);
  process.stdout.write(`ratio: ${slower} in time, ${dearer} in CPU\n`);
}

async function getOnce(api: Api): Promise<void> {
  const found = await api.get(deployments(NAMESPACE), NAME);
  if (found?.metadata.name !== NAME) throw new Error("the Deployment was not answered");
}

/** The least that a client can do: the library's own call, and the answer as JSON. */
function bareRequests(kubeconfig: string): { ask(): Promise<void>; close(): Promise<void> } {
  const { clusters, users } = parse(kubeconfig);
  const { server, "certificate-authority-data": ca } = clusters[0].cluster;
  const { "client-certificate-data": cert, "client-key-data": key } = users[0].user;
  const decoded = (text: string) => Buffer.from(text, "base64").toString();
  const agent = new Agent({
    connections: AT_ONCE,
    connect: { ca: decoded(ca), cert: decoded(cert), key: decoded(key) },
  });
  const url = `${server}/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${NAME}`;
  return {
    ask: async () => {
      const { body } = await request(url, { dispatcher: agent, headers: { accept: "application/json" } });
      const found = JSON.parse(await body.text());
      if (found.metadata.name !== NAME) throw new Error("the Deployment was not answered");
    },
    close: () => agent.close(),
  };
}

async function round(ask: () => Promise<void>): Promise<Cost> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  let left = REQUESTS;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await ask();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: REQUESTS / seconds, cpuMicroseconds: (user + system) / REQUESTS };
}

/** Of each figure by itself. */
function median(costs: readonly Cost[]): Cost {
  const middle = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  return {
    perSecond: middle(costs.map(({ perSecond }) => perSecond)),
    cpuMicroseconds: middle(costs.map(({ cpuMicroseconds }) => cpuMicroseconds)),
  };
}

async function startServer(): Promise<Server> {
  const { areBuilt } = await import("../test/kubernetes/control-plane/binaries.ts");
  if (areBuilt("etcd", "kube-apiserver")) {
    const { startControlPlane } = await import("../test/kubernetes/control-plane/control-plane.ts");
    const { kubeconfig, stop } = await startControlPlane({ name: "requests", controllers: false });
    return { title: "a real kube-apiserver", kubeconfig, stop };
  }
  return startSimulated();
}

/** The sandbox's API server in a process of its own, which writes its kubeconfig on a line and ends with its input. */
async function startSimulated(): Promise<Server> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), "--serve"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const kubeconfig = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (line: Buffer) => resolve(JSON.parse(line.toString())));
    child.once("exit", () => reject(new Error("the sandbox's API server did not start")));
  });
  const stop = async () => {
    child.stdin.end();
    await ended;
  };
  return { title: "the sandbox's API server", kubeconfig, stop };
}

async function serve(): Promise<void> {
  const { ApiServer } = await import("../src/sandbox/api-server/api-server.ts");
  const { ADMINISTRATOR } = await import("../src/sandbox/api-server/authorization.ts");
  const { listen } = await import("../src/sandbox/api-server/https-front.ts");
  const { kubeconfigText } = await import("../src/sandbox/api-server/kubeconfig.ts");
  const { createClusterAuthority } = await import("../src/sandbox/api-server/serving-identity.ts");
  const identity = await createClusterAuthority({ name: "requests", now: new Date() });
  const server = new ApiServer();
  const listener = await listen(server, { identity });
  const credentials = { kind: "certificate", ...(await identity.issueClient(ADMINISTRATOR)) } as const;
  const entry = { name: "requests", server: listener.url, caPem: identity.caPem, credentials };
  process.stdout.write(`${JSON.stringify(kubeconfigText([entry]))}\n`);
  process.stdin.resume().once("end", async () => {
    server.stop();
    await listener.close();
  });
}
