import { FarrierError } from "../../errors.ts";
import type { Misfortune } from "../api-server/faults.ts";
import { ApiError } from "../cluster-client.ts";
import { recordOf } from "../rancher/norman.ts";
import { apps, CLUSTERS, core, NODES, TOKENS } from "../rancher/resources.ts";
import { forbidDeployments, keepSecret } from "./cluster-faults.ts";
import { advanceClock, renewCluster } from "./cluster-renewal.ts";
import { sleep } from "./conduct.ts";
import type { DownstreamCluster } from "./downstream-cluster.ts";
import type { Estate } from "./estate.ts";
import type { Fault } from "./faults.ts";
import { ADMIN_USER } from "./management-objects.ts";

const ALL_PODS = { group: "", version: "v1", resource: "pods" };

/** Carries out faults on a running estate. What repeats goes on until the estate stops. */
export class FaultInjection {
  readonly #estate: Estate;
  #stopped = false;

  constructor(estate: Estate) {
    this.#estate = estate;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** @throws FarrierError `input.invalid` when the fault names a cluster that there is not */
  async inject(fault: Fault): Promise<void> {
    switch (fault.kind) {
      case "offline":
        return this.#offline(this.cluster(fault.cluster), fault.seconds);
      case "disconnect":
        return this.cluster(fault.cluster).link.breakConnections();
      case "flapping":
        return this.#every(fault.everySeconds, () => this.cluster(fault.cluster).link.breakConnections());
      case "half-open":
        return this.#halfOpen(this.cluster(fault.cluster), fault.seconds);
      case "slow":
        this.cluster(fault.cluster).link.latencyMs = fault.latencyMs;
        return;
      case "restart-agent":
        return this.restartAgent(this.cluster(fault.cluster));
      case "random-restarts":
        return this.#every(fault.everySeconds, () => this.restartAgent(this.#anyCluster()));
      case "redeploy":
        return this.#redeploy(this.cluster(fault.cluster));
      case "random-redeploys":
        return this.#every(fault.everySeconds, () => this.#redeploy(this.#anyCluster()));
      case "restart-rancher":
        return this.restartRancher();
      case "forbidden":
        return forbidDeployments(this.cluster(fault.cluster).cluster.server);
      case "hidden":
        this.#estate.conduct.hidden.add(this.cluster(fault.cluster).id);
        return;
      case "no-rights":
        return this.cluster(fault.cluster).cluster.server.access.revoke({ kind: "user", name: ADMIN_USER });
      case "renewed-cluster":
        return renewCluster(this.cluster(fault.cluster), this.#estate, fault);
      case "clock-ahead":
        return advanceClock(this.cluster(fault.cluster), this.#estate, fault);
      case "endpoint-away":
        return this.cluster(fault.cluster).endpoint?.close();
      case "image-missing":
        this.cluster(fault.cluster).imageMissing = true;
        return;
      case "node-full":
        return this.#fillNode(this.cluster(fault.cluster));
      case "node-broken":
        this.cluster(fault.cluster).breakNode(fault);
        return;
      default:
        return this.#injectIntoRancher(fault);
    }
  }

  async #injectIntoRancher(fault: Fault): Promise<void> {
    const { conduct } = this.#estate;
    switch (fault.kind) {
      case "stale-rancher":
        conduct.staleNext = true;
        return;
      case "setting-delay":
        conduct.settingDelaySeconds = fault.seconds;
        return;
      case "ingress-late":
        conduct.ingressDelaySeconds = fault.seconds;
        return;
      case "owned-secret":
        return keepSecret(this.#estate.management, this.#estate.clock, fault);
      case "token-expires":
        return this.#expireToken(fault.minutes);
      case "api-errors":
        return this.#apiErrors(fault);
      case "drifted":
        throw new FarrierError("input.invalid", "A drifted agent can only be part of a scenario from its start.");
    }
  }

  /** @param name a cluster's ID or display name. @throws FarrierError `input.invalid` */
  cluster(name: string): DownstreamCluster {
    const found = this.#estate.downstream.find((cluster) => cluster.id === name || cluster.name === name);
    if (found === undefined) throw new FarrierError("input.invalid", `The sandbox has no cluster ${name}.`);
    return found;
  }

  /** Deletes the agent's pods; its Deployment makes them anew. One that goes by itself meanwhile is gone as well. */
  async restartAgent({ cluster }: DownstreamCluster): Promise<void> {
    const pods = core("pods", "cattle-system");
    const { items } = await cluster.client.list(pods, { labelSelector: "app=cattle-cluster-agent" });
    await Promise.all(items.map((pod) => cluster.client.delete(pods, pod.metadata.name).catch(ignoreAbsent)));
  }

  /** What `kubectl rollout restart deploy/rancher` does. */
  async restartRancher(): Promise<void> {
    const annotations = { "kubectl.kubernetes.io/restartedAt": new Date().toISOString() };
    const body = { spec: { template: { metadata: { annotations } } } };
    const deployments = apps("deployments", "cattle-system");
    await this.#estate.management.client.patch(deployments, "rancher", { type: "strategic", body });
  }

  async #redeploy({ id }: DownstreamCluster): Promise<void> {
    const body = { metadata: { annotations: { "io.cattle.agent.force.deploy": "true" } } };
    await this.#estate.management.client.patch(CLUSTERS, id, { type: "merge", body });
  }

  #offline({ link }: DownstreamCluster, seconds: number | undefined): void {
    link.cut();
    if (seconds !== undefined) this.#estate.clock.after(seconds * 1000, () => link.restore());
  }

  #halfOpen({ link }: DownstreamCluster, seconds: number | undefined): void {
    this.#estate.conduct.hangsPossible = true;
    link.halfOpen = true;
    if (seconds === undefined) return;
    this.#estate.clock.after(seconds * 1000, () => {
      link.halfOpen = false;
      link.breakConnections();
    });
  }

  async #fillNode({ cluster }: DownstreamCluster): Promise<void> {
    const [nodes, pods] = await Promise.all([cluster.client.list(NODES), cluster.client.list(ALL_PODS)]);
    await Promise.all(
      nodes.items.map((node) => {
        const here = pods.items.filter((pod) => recordOf(pod.spec).nodeName === node.metadata.name);
        const body = { status: { allocatable: { pods: String(here.length) } } };
        return cluster.client.patch(NODES, node.metadata.name, { type: "merge", body, subresource: "status" });
      }),
    );
  }

  async #expireToken(minutes: number): Promise<void> {
    const { clock, management, token } = this.#estate;
    const expiresAt = new Date(clock.now().getTime() + minutes * 60_000).toISOString().replace(/\.\d+Z$/, "Z");
    await management.client.patch(TOKENS, token.split(":")[0] ?? "", { type: "merge", body: { expiresAt } });
  }

  #apiErrors({ target, rate, statuses }: Extract<Fault, { kind: "api-errors" }>): void {
    if (target === "rancher") {
      this.#estate.conduct.refusals = { rate, statuses };
      return;
    }
    const { random, management } = this.#estate;
    const { server } = target === "management" ? management : this.cluster(target).cluster;
    server.faults.add(({ user, verb }) => {
      // What the sandbox's own inhabitants do is not disturbed: the fault is meant for those who come from outside.
      if (user.name.startsWith("system:") || user.name === "kubernetes-admin") return undefined;
      if (random() >= rate) return undefined;
      return misfortuneOf(statuses[Math.floor(random() * statuses.length)] ?? 500, verb);
    });
  }

  #anyCluster(): DownstreamCluster {
    const { downstream, random } = this.#estate;
    const chosen = downstream[Math.floor(random() * downstream.length)];
    if (chosen === undefined) throw new FarrierError("input.invalid", "The sandbox has no clusters.");
    return chosen;
  }

  #every(seconds: number, action: () => void | Promise<void>): void {
    const { clock } = this.#estate;
    const round = async () => {
      while (!this.#stopped) {
        await sleep(clock, seconds * 1000);
        // One that fails, as somebody else writes at the same moment, does not end the rounds after it.
        if (!this.#stopped) await Promise.resolve(action()).catch(ignoreRefusal);
      }
    };
    // A round that hits a cluster in the middle of stopping has nothing to tell.
    round().catch(() => {});
  }
}

function ignoreAbsent(error: unknown): void {
  if (!(error instanceof ApiError) || error.status !== 404) throw error;
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof ApiError)) throw error;
}

/** How long a real API server works on a request before it gives up. */
const REQUEST_TIMEOUT_MS = 60_000;

const REASONS: Readonly<Record<number, string>> = {
  409: "Conflict",
  429: "TooManyRequests",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** A time-out says nothing about the write: it may have been made all the same, and here it always was. */
function misfortuneOf(status: number, verb: string): Misfortune {
  const error = new ApiError(status, REASONS[status] ?? "InternalError", "injected by the scenario");
  return status === 504 && verb !== "watch"
    ? { kind: "timeout", milliseconds: REQUEST_TIMEOUT_MS, error }
    : { kind: "error", error };
}
