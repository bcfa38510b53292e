import type { KubeObject } from "../cluster-client.ts";
import { getObject } from "./apply.ts";
import { accessTo, askerOf } from "./cluster-access.ts";
import { type Condition, conditionStatus, updateClusterStatus } from "./cluster-status.ts";
import type { LeaderContext } from "./leader.ts";
import { recordOf } from "./norman.ts";
import { aggregationKey, type Session } from "./session-registry.ts";

/** How often connections are looked at, in milliseconds of sandbox time. */
const PERIOD_MS = 15_000;
/** How long a ping may take, in wall milliseconds. */
const PING_MS = 1000;

const DISCONNECTED: readonly Condition[] = [
  { type: "Connected", status: "False" },
  { type: "Ready", status: "False", reason: "Disconnected", message: "Cluster agent is not connected" },
];

/**
 * The conditions `Connected`, `Ready` and `AgentTlsStrictCheck`. `Connected` needs both of an agent's sessions
 * (rancher.md §0a row 15). The cluster's API is asked when its session is a new one or it was not ready: a real
 * Rancher asks every time, which tells it nothing more here and would be most of the sandbox's work.
 */
export class ConnectionChecks {
  readonly #context: LeaderContext;
  readonly #clusters: ReadonlyMap<string, KubeObject>;
  /** The session through which each cluster was found healthy. */
  readonly #healthy = new Map<string, Session>();
  #stopped = false;

  constructor(context: LeaderContext, clusters: ReadonlyMap<string, KubeObject>) {
    this.#context = context;
    this.#clusters = clusters;
    this.#next();
  }

  stop(): void {
    this.#stopped = true;
  }

  #next(): void {
    this.#context.clock.after(PERIOD_MS, () => {
      if (this.#stopped) return;
      void this.#round().finally(() => this.#next());
    });
  }

  async #round(): Promise<void> {
    const ids = [...this.#clusters.keys()].filter((id) => id !== "local");
    await Promise.all(ids.map((id) => this.#check(id).catch((error) => this.#note(id, error))));
  }

  #note(id: string, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#context.log("ERROR", `error syncing '${id}': handler connected: ${message}, requeuing`);
  }

  async #check(id: string): Promise<void> {
    const cluster = this.#clusters.get(id);
    if (cluster === undefined) return;
    const wasConnected = conditionStatus(cluster, "Connected") === "True";
    const session = await this.#connected(id);
    if (this.#stopped) return;
    if (session === undefined) {
      if (wasConnected || conditionStatus(cluster, "Ready") !== "False") await this.#write(id, DISCONNECTED);
      if (wasConnected) this.#context.world.conduct.connectedChanged(id, false);
      this.#healthy.delete(id);
      return;
    }
    if (!wasConnected) {
      await this.#write(id, [{ type: "Connected", status: "True" }]);
      this.#context.world.conduct.connectedChanged(id, true);
    }
    const isReady = conditionStatus(cluster, "Ready") === "True";
    const mustAsk = this.#context.world.conduct.mayRefuse();
    if (mustAsk || !isReady || this.#healthy.get(id) !== session) await this.#checkHealth(cluster, session);
  }

  async #connected(id: string): Promise<Session | undefined> {
    const { sessions, conduct } = this.#context.world;
    const aggregation = sessions.find(aggregationKey(id));
    const tunnel = sessions.find(id);
    if (aggregation === undefined || tunnel === undefined) return undefined;
    if (conduct.mayHang() && !(await aggregation.ping(PING_MS))) return undefined;
    return tunnel;
  }

  async #checkHealth(cluster: KubeObject, session: Session): Promise<void> {
    const id = cluster.metadata.name;
    const ask = askerOf(session, await accessTo(cluster, this.#context.client));
    try {
      await getObject(ask, "/api/v1/namespaces/kube-system");
      const strict = await this.#strictCheck(ask);
      const isReady = conditionStatus(cluster, "Ready") === "True" && this.#healthy.get(id) === session;
      if (!isReady) await this.#write(id, [{ type: "Ready", status: "True" }, ...strict]);
      this.#healthy.set(id, session);
    } catch (error) {
      const inner = error instanceof Error ? error.message : String(error);
      this.#healthy.delete(id);
      const message = `cluster health check failed: Failed to communicate with API server during namespace check: ${inner}`;
      await this.#write(id, [{ type: "Ready", status: "False", reason: "Error", message }]);
    }
  }

  /** Rancher ≥ 2.9 learns from the agent's own note whether the bundle alone verified the served chain at its start. */
  async #strictCheck(ask: Session["ask"]): Promise<Condition[]> {
    if (!this.#context.world.profile.tlsMode) return [];
    const path = "/api/v1/namespaces/cattle-system/secrets/stv-aggregation";
    const secret = await getObject(ask, path).catch(() => ({ data: {} }));
    const valid = Buffer.from(String(recordOf(secret.data).CATTLE_CACERTS_VALID ?? ""), "base64").toString();
    const status = valid === "true" ? "True" : valid === "false" ? "False" : "Unknown";
    return [{ type: "AgentTlsStrictCheck", status }];
  }

  async #write(id: string, conditions: readonly Condition[]): Promise<void> {
    if (this.#stopped) return;
    const { client, clock, world } = this.#context;
    await updateClusterStatus(client, { id, profile: world.profile, now: clock.now() }, { conditions });
  }
}
