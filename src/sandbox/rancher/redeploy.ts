import type { KubeObject } from "../cluster-client.ts";
import { AGENT_FEATURES, agentImage, agentManifest, factsFrom, nodeAgentDaemonSet } from "./agent-manifest.ts";
import { type Ask, apply, getObject } from "./apply.ts";
import { accessTo, askerOf } from "./cluster-access.ts";
import { conditionStatus, updateClusterStatus } from "./cluster-status.ts";
import type { LeaderContext } from "./leader.ts";
import { recordOf } from "./norman.ts";
import { CLUSTERS, core, registrationTokens } from "./resources.ts";

const FORCE = "io.cattle.agent.force.deploy";

/** Between the event and the apply, and between attempts, in milliseconds of sandbox time. */
const SYNC_MS = 1500;
const RETRY_MS = 5000;

/**
 * Rancher's cluster-deploy: applies the agent's manifest to a cluster again when its annotation asks for it, when the
 * agent's image is not the one it should be, or when it was never deployed. It needs the tunnel; without it the
 * request stays until the tunnel is back (rancher.md §0a rows 6 and 8). The pin is never compared, only set.
 */
export class RedeployController {
  readonly #context: LeaderContext;
  readonly #pending = new Set<string>();
  #stopped = false;

  constructor(context: LeaderContext) {
    this.#context = context;
  }

  /** Called on every change of a cluster's object. */
  consider(cluster: KubeObject): void {
    if (this.#reason(cluster) !== undefined) this.#schedule(cluster.metadata.name, SYNC_MS);
  }

  stop(): void {
    this.#stopped = true;
  }

  #reason(cluster: KubeObject): string | undefined {
    const forced = cluster.metadata.annotations?.[FORCE] === "true";
    const status = recordOf(cluster.status);
    const imageChanged = status.agentImage !== agentImage(this.#context.world.profile);
    const undeployed = conditionStatus(cluster, "AgentDeployed") !== "True";
    if (conditionStatus(cluster, "Provisioned") !== "True" || !(forced || imageChanged || undeployed)) return undefined;
    return `forceDeploy=${forced}, agent/auth image changed=${imageChanged}, agent features changed=false`;
  }

  #schedule(id: string, milliseconds: number): void {
    if (this.#stopped || this.#pending.has(id)) return;
    this.#pending.add(id);
    this.#context.clock.after(milliseconds, () => {
      this.#pending.delete(id);
      if (!this.#stopped) void this.#sync(id);
    });
  }

  async #sync(id: string): Promise<void> {
    const { client, log } = this.#context;
    try {
      const cluster = await client.get(CLUSTERS, id);
      const reason = cluster === undefined ? undefined : this.#reason(cluster);
      if (cluster === undefined || reason === undefined) return;
      const session = this.#context.world.sessions.find(id);
      if (session === undefined) throw new Error("cannot connect to the cluster's Kubernetes API");
      const ask = askerOf(session, await accessTo(cluster, client));
      await getObject(ask, "/api/v1/namespaces/kube-system");
      log("INFO", `Redeploy Rancher Agents is needed for ${id}: ${reason}`);
      await this.#deploy(id, ask);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      log("ERROR", `error syncing '${id}': handler cluster-deploy: ${message}, requeuing`);
      this.#schedule(id, RETRY_MS);
    }
  }

  async #deploy(id: string, ask: Ask): Promise<void> {
    const { world, settings, client, clock } = this.#context;
    const { profile, serverUrl } = world;
    const token = await this.#systemToken(id);
    const facts = factsFrom(settings, { profile, serverUrl, token, namespace: id, features: AGENT_FEATURES });
    const target = { id, profile, now: clock.now() };
    const lines: string[] = [];
    try {
      const nodeAgents = (await hasNodeAgents(ask)) ? [nodeAgentDaemonSet(facts)] : [];
      for (const object of [...agentManifest(facts), ...nodeAgents]) lines.push(await apply(ask, object));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const message = `Error while applying agent YAML, it will be retried automatically: ${reason}`;
      const failed = { type: "AgentDeployed", status: "False", reason: "Error", message } as const;
      await updateClusterStatus(client, target, { conditions: [failed] });
      throw new Error(message);
    }
    await updateClusterStatus(client, target, {
      fields: { agentImage: agentImage(profile) },
      conditions: [{ type: "AgentDeployed", status: "True", message: lines.join("\n") }],
    });
    await client.patch(CLUSTERS, id, { type: "merge", body: { metadata: { annotations: { [FORCE]: "false" } } } });
  }

  /** The token named `system`, which Rancher's own deployments use; kept in a Secret from 2.15 on. */
  async #systemToken(id: string): Promise<string> {
    const { client } = this.#context;
    const object = await client.get(registrationTokens(id), "system");
    const { token, tokenSecretName } = recordOf(object?.status);
    if (typeof tokenSecretName !== "string" || tokenSecretName === "") return String(token ?? "");
    const secret = await client.get(core("secrets", id), tokenSecretName);
    return Buffer.from(String(recordOf(secret?.data).token ?? ""), "base64").toString();
  }
}

/** What a cluster's driver decides for Rancher is here seen from what it has. */
async function hasNodeAgents(ask: Ask): Promise<boolean> {
  const { items } = await getObject(ask, "/apis/apps/v1/namespaces/cattle-system/daemonsets");
  return (Array.isArray(items) ? items : []).some(
    (item) => recordOf(recordOf(item).metadata).name === "cattle-node-agent",
  );
}
