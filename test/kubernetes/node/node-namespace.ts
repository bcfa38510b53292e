/** A namespace of a real node's cluster for one test, with simulated agents in real containers, and what they talk to. */

import { realClock } from "../../../src/sandbox/clock.ts";
import type { ClusterClient, ResourceRef } from "../../../src/sandbox/cluster-client.ts";
import { createPki } from "../../../src/sandbox/scenario/authority.ts";
import { TestedCluster } from "../../sandbox-controllers/test-cluster.ts";
import type { Straddled } from "../suite/straddling.ts";
import { ServedPins } from "./served-pins.ts";

const NAMESPACES: ResourceRef = { group: "", version: "v1", resource: "namespaces" };
const RBAC = "rbac.authorization.k8s.io";
const BINDINGS: ResourceRef = { group: RBAC, version: "v1", resource: "clusterrolebindings" };

/** What the agents of all tests share: they may do everything, and theirs is the namespace that they write to. */
export async function prepareForAgents(client: ClusterClient): Promise<void> {
  await client.create(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata: { name: "cattle-system" } });
  await client.create(BINDINGS, {
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name: "agents" },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ apiGroup: RBAC, kind: "Group", name: "system:serviceaccounts" }],
  });
}

export class NodeNamespace extends TestedCluster {
  override readonly patienceMs = 120_000;
  readonly #agents: ServedPins;

  private constructor(client: ClusterClient, namespace: string, agents: ServedPins) {
    super(client, realClock(), { namespace, registry: "" });
    this.#agents = agents;
  }

  /** @param image of the agent, as the node has it */
  static async straddled(client: ClusterClient, image: string): Promise<Straddled> {
    const metadata = { generateName: "straddling-" };
    const created = await client.create(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata });
    const agents = await ServedPins.start(await createPki(realClock()));
    const cluster = new NodeNamespace(client, created.metadata.name, agents);
    return { cluster, agents, pins: agents.pins, deployment: { image, container: { env: agents.environment } } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.delete(NAMESPACES, this.namespace);
    await this.#agents.stop();
  }
}
