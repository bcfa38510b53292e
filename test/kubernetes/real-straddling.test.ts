/** rancher.md §0b, and node agents, on Kubernetes' own Deployment and DaemonSet controllers: a real control plane, pods run by the sandbox's kubelet. */

import { afterAll, beforeAll, describe } from "vitest";
import type { ContainerProgram } from "../../src/sandbox/controllers/container-program.ts";
import { pinned } from "../sandbox-controllers/pinned-agent.ts";
import { TestedCluster } from "../sandbox-controllers/test-cluster.ts";
import { areBuilt } from "./control-plane/binaries.ts";
import { RunningNodes } from "./control-plane/running-nodes.ts";
import { nodeAgentsOnNodes } from "./suite/node-agents.ts";
import { straddling } from "./suite/straddling.ts";

const MINUTE = 60_000;

const isBuilt = areBuilt("etcd", "kube-apiserver", "kube-controller-manager");

/** A namespace of the shared control plane, and names for images that no other test uses. */
class RealNamespace extends TestedCluster {
  override readonly patienceMs = 3 * MINUTE;

  static async on(nodes: RunningNodes, programs: Readonly<Record<string, ContainerProgram>>): Promise<RealNamespace> {
    const { client, clock } = nodes;
    const metadata = { generateName: "straddling-" };
    const created = await client.create(REF_NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata });
    const { name } = created.metadata;
    for (const [image, program] of Object.entries(programs)) nodes.programs[`${name}/${image}`] = program;
    return new RealNamespace(client, clock, { namespace: name, registry: `${name}/` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.delete(REF_NAMESPACES, this.namespace);
  }
}

const REF_NODES = { group: "", version: "v1", resource: "nodes" };
const REF_NAMESPACES = { group: "", version: "v1", resource: "namespaces" };

describe.skipIf(!isBuilt).concurrent("a real control plane", { timeout: 6 * MINUTE }, () => {
  let nodes: RunningNodes;

  beforeAll(async () => {
    nodes = await RunningNodes.start("straddling");
    await nodes.client.create(REF_NODES, { apiVersion: "v1", kind: "Node", metadata: { name: "node-2" }, spec: {} });
  });

  afterAll(() => nodes?.stop());

  straddling({
    start: () => pinned((programs) => RealNamespace.on(nodes, programs)),
    minReadySeconds: 10,
    startSeconds: 18,
    backOff: { starts: 3, seconds: 40 },
  });
  nodeAgentsOnNodes({ start: ({ programs }) => RealNamespace.on(nodes, programs), minReadySeconds: 3 });
});
