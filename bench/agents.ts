/**
 * `npm run bench:agents`: the agents of 200 clusters (or of as many as are given) as objects on one real kube-apiserver,
 * each with its pin set by Farrier, by the documented loop of `kubectl set env`, and by that loop sixteen at a time, on
 * the same machine in the same run. Prints wall and processor seconds, and their ratios to Farrier's.
 *
 * Both read a Deployment before they change it, as what they read decides what they write; Farrier asks for it again
 * afterwards.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CLUSTER_AGENT } from "../src/estate/agent.ts";
import { connectKubeconfig } from "../src/kubernetes/connection.ts";
import { deployments, namespaces } from "../src/kubernetes/resource.ts";
import { mapLimited } from "../src/observe/concurrency.ts";
import { areBuilt, pathOf } from "../test/kubernetes/control-plane/binaries.ts";
import { startControlPlane } from "../test/kubernetes/control-plane/control-plane.ts";
import { deployment } from "../test/sandbox-controllers/test-cluster.ts";

/** Each way has its turn so often, one after the other; the median counts. */
const ROUNDS = 3;

interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

const clusters = Number(process.argv[2] ?? "200");
if (!Number.isInteger(clusters) || clusters < 1) {
  process.stderr.write("bench/agents.ts takes a number of clusters, for example: npm run bench:agents -- 200\n");
  process.exit(2);
}
if (!areBuilt("etcd", "kube-apiserver", "kubectl")) {
  process.stderr.write("There is no kube-apiserver to measure with: npm run control-plane builds one with Go.\n");
  process.exit(2);
}
await measure(Array.from({ length: clusters }, (_, index) => `c-${index}`));

async function measure(names: readonly string[]): Promise<void> {
  const server = await startControlPlane({ name: "agents", controllers: false });
  const folder = mkdtempSync(join(tmpdir(), "farrier-agents-"));
  try {
    const kubeconfig = join(folder, "kubeconfig");
    writeFileSync(kubeconfig, server.kubeconfig, { mode: 0o600 });
    const list = join(folder, "clusters");
    writeFileSync(list, names.map((name) => `${name}\n`).join(""));
    await createAgents(kubeconfig, names);
    const own = `"${process.execPath}" bench/move-agents.ts "${kubeconfig}" ${names.join(",")}`;
    const by = `"${pathOf("kubectl")}" --kubeconfig "${kubeconfig}" set env deployment/${CLUSTER_AGENT.deployment}`;
    const ways = {
      farrier: (pin: string) => timed(`${own} ${pin} 30`),
      "kubectl, one after the other": (pin: string) =>
        timed(`while read -r name; do ${by} -n "$name" ${CLUSTER_AGENT.pinVariable}=${pin}; done < "${list}"`),
      "kubectl, sixteen at a time": (pin: string) =>
        timed(`xargs -P 16 -I NAME ${by} -n NAME ${CLUSTER_AGENT.pinVariable}=${pin} < "${list}"`),
    };
    const costs = Object.entries(ways).map(([name, run]) => ({ name, run, seen: [] as Cost[] }));
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [turn, way] of costs.entries()) way.seen.push(way.run(`${round}${turn}`.padEnd(64, "0")));
    }
    report(costs.map(({ name, seen }) => ({ name, ...median(seen) })));
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await server.stop();
  }
}

async function createAgents(kubeconfig: string, names: readonly string[]): Promise<void> {
  const { api, close } = await connectKubeconfig({ kubeconfig });
  await mapLimited(names, 16, async (namespace) => {
    await api.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    const container = { name: CLUSTER_AGENT.container };
    const env = { [CLUSTER_AGENT.pinVariable]: "0".repeat(64) };
    const name = CLUSTER_AGENT.deployment;
    await api.create(deployments(namespace), deployment({ name, namespace, env, container }));
  });
  await close();
}

/** Runs a command line in bash, whose own clock counts what its children take. @throws Error unless it ends well */
function timed(commands: string): Cost {
  const { status, stderr } = spawnSync("bash", ["-c", `TIMEFORMAT='%R %U %S'; time { ${commands}; } > /dev/null`], {
    encoding: "utf8",
  });
  const [wall, user, system] = (stderr.trim().split("\n").at(-1) ?? "").split(" ").map(Number);
  if (status !== 0 || wall === undefined || user === undefined || system === undefined) throw new Error(stderr);
  return { wall, cpu: user + system };
}

function median(costs: readonly Cost[]): Cost {
  const middle = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  return { wall: middle(costs.map(({ wall }) => wall)), cpu: middle(costs.map(({ cpu }) => cpu)) };
}

function report(costs: readonly (Cost & { readonly name: string })[]): void {
  const [own] = costs;
  if (own === undefined) return;
  process.stdout.write(`the pin of ${clusters} agents on one kube-apiserver\n`);
  for (const { name, wall, cpu } of costs) {
    const ratio = `${(wall / own.wall).toFixed(1)} times the wall time, ${(cpu / own.cpu).toFixed(1)} times the CPU`;
    const figures = `${wall.toFixed(1)} s, ${cpu.toFixed(1)} s of CPU`;
    process.stdout.write(`${name}: ${figures}${name === own.name ? "" : `: ${ratio}`}\n`);
  }
}
