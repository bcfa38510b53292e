import type { AgentObserver, AgentRefusal } from "../agent/observer.ts";
import type { Clock } from "../clock.ts";

/** A stretch of time in which a cluster had not both of its sessions, after it once had them. */
export interface Outage {
  readonly from: string;
  /** Absent while it lasts. */
  readonly to?: string;
}

export interface ClusterStatistics {
  readonly name: string;
  /** Both sessions are open now. */
  readonly connected: boolean;
  readonly agentStarts: number;
  readonly agentExits: number;
  /** Starts that ended because Rancher served another bundle than the one that the agent is pinned to. */
  readonly pinMismatches: number;
  readonly refused: number;
  /** Tunnels opened so far. */
  readonly tunnels: number;
  /** In milliseconds of sandbox time. */
  readonly longestOutageMs: number;
  /** The last hundred. */
  readonly outages: readonly Outage[];
  /** How often the condition `Connected` went from True to False. */
  readonly lostCondition: number;
}

/** What the sandbox counts by itself. */
export interface Statistics {
  /** Agents that met a chain which they refused: what a rotation must never cause. */
  readonly refused: number;
  /** The first thousand of them. */
  readonly refusals: readonly (AgentRefusal & { readonly cluster: string; readonly at: string })[];
  /** By cluster ID. */
  readonly clusters: Readonly<Record<string, ClusterStatistics>>;
  readonly rancher: { readonly starts: number; readonly exits: number };
}

const REFUSALS_KEPT = 1000;
const OUTAGES_KEPT = 100;

/** Keeps count; everything that happens in the sandbox reports to it. */
export class StatisticsKeeper {
  readonly #clock: Clock;
  readonly #clusters = new Map<string, ClusterCount>();
  readonly #refusals: Statistics["refusals"][number][] = [];
  readonly #rancher = { starts: 0, exits: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  addCluster(id: string, name: string): void {
    this.#clusters.set(id, new ClusterCount(name, this.#clock));
  }

  rancherStarted(): void {
    this.#rancher.starts += 1;
  }

  rancherExited(): void {
    this.#rancher.exits += 1;
  }

  /** @param key a session's key: `c-…` or `stv-cluster-c-…` */
  session(key: string, open: boolean): void {
    const id = key.replace(/^stv-cluster-/, "");
    this.#clusters.get(id)?.session(key === id ? "tunnel" : "aggregation", open);
  }

  connectedChanged(id: string, connected: boolean): void {
    const count = this.#clusters.get(id);
    if (count !== undefined && !connected) count.lostCondition += 1;
  }

  /** What the agents of one cluster report to. */
  observer(id: string): AgentObserver {
    const count = this.#clusters.get(id) ?? new ClusterCount(id, this.#clock);
    return {
      started: () => {
        count.agentStarts += 1;
      },
      exited: () => {
        count.agentExits += 1;
      },
      pinMismatch: () => {
        count.pinMismatches += 1;
      },
      refused: (refusal) => {
        count.refused += 1;
        if (this.#refusals.length >= REFUSALS_KEPT) return;
        this.#refusals.push({ ...refusal, cluster: id, at: this.#clock.now().toISOString() });
      },
    };
  }

  isConnected(id: string): boolean {
    return this.#clusters.get(id)?.connected ?? false;
  }

  read(): Statistics {
    const clusters = [...this.#clusters].map(([id, count]) => [id, count.read()] as const);
    return {
      refused: clusters.reduce((sum, [, { refused }]) => sum + refused, 0),
      refusals: [...this.#refusals],
      clusters: Object.fromEntries(clusters),
      rancher: { ...this.#rancher },
    };
  }
}

class ClusterCount {
  agentStarts = 0;
  agentExits = 0;
  pinMismatches = 0;
  refused = 0;
  lostCondition = 0;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #open = { tunnel: false, aggregation: false };
  readonly #outages: Outage[] = [];
  #tunnels = 0;
  #longestOutageMs = 0;
  #downSince: Date | undefined;

  constructor(name: string, clock: Clock) {
    this.#name = name;
    this.#clock = clock;
  }

  get connected(): boolean {
    return this.#open.tunnel && this.#open.aggregation;
  }

  session(kind: "tunnel" | "aggregation", open: boolean): void {
    const before = this.connected;
    this.#open[kind] = open;
    if (kind === "tunnel" && open) this.#tunnels += 1;
    if (before && !this.connected) this.#downSince = this.#clock.now();
    if (!before && this.connected) this.#endOutage();
  }

  read(): ClusterStatistics {
    const down = this.#downSince;
    const { agentStarts, agentExits, pinMismatches, refused, lostCondition } = this;
    return {
      name: this.#name,
      connected: this.connected,
      agentStarts,
      agentExits,
      pinMismatches,
      refused,
      tunnels: this.#tunnels,
      longestOutageMs: Math.max(this.#longestOutageMs, down === undefined ? 0 : this.#clock.elapsed(down)),
      outages: down === undefined ? [...this.#outages] : [...this.#outages, { from: down.toISOString() }],
      lostCondition,
    };
  }

  #endOutage(): void {
    const down = this.#downSince;
    if (down === undefined) return;
    this.#downSince = undefined;
    this.#longestOutageMs = Math.max(this.#longestOutageMs, this.#clock.elapsed(down));
    this.#outages.push({ from: down.toISOString(), to: this.#clock.now().toISOString() });
    if (this.#outages.length > OUTAGES_KEPT) this.#outages.shift();
  }
}
