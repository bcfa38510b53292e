import type { Clock } from "../clock.ts";
import type { ClusterClient, Watch } from "../cluster-client.ts";
import { recordOf } from "../rancher/norman.ts";
import { core } from "../rancher/resources.ts";
import type { RancherConduct } from "../rancher/world.ts";
import { between, type Random } from "./random.ts";
import type { Scenario } from "./scenario.ts";
import type { StatisticsKeeper } from "./statistics.ts";

/** How Rancher's processes behave: the scenario's durations, and the switches that faults turn. */
export class Conduct implements RancherConduct {
  settingDelaySeconds: number;
  ingressDelaySeconds = 0;
  readonly hidden = new Set<string>();
  /** True once a link may be half open. */
  hangsPossible = false;
  /** Clusters whose agents report in vain. */
  readonly unheard = new Set<string>();
  /** Which streams of a cluster need a process of Rancher that has started later. */
  readonly staleStreams = new Map<string, { readonly since: Date; readonly streams: readonly ("log" | "exec")[] }>();
  /** True once a cluster may refuse what it took before. */
  refusalsPossible = false;
  /** The next process to start finds the bundle before the present one. */
  staleNext = false;
  refusals: { readonly rate: number; readonly statuses: readonly number[] } | undefined;
  readonly #startSeconds: readonly [number, number];
  readonly #random: Random;
  readonly #statistics: StatisticsKeeper;
  readonly #bundles: string[] = [];
  #watch: Watch | undefined;

  constructor(scenario: Scenario, random: Random, statistics: StatisticsKeeper) {
    this.settingDelaySeconds = scenario.rancher.settingDelaySeconds;
    this.#startSeconds = scenario.rancher.startSeconds;
    this.#random = random;
    this.#statistics = statistics;
  }

  /** Remembers every content that `tls-ca` has had. */
  follow(client: ClusterClient): void {
    const selection = { fieldSelector: "metadata.name=tls-ca" };
    this.#watch = client.watch(
      core("secrets", "cattle-system"),
      ({ object }) => {
        const text = Buffer.from(String(recordOf(object.data)["cacerts.pem"] ?? ""), "base64").toString();
        if (this.#bundles.at(-1) !== text) this.#bundles.push(text);
      },
      selection,
    );
  }

  stop(): void {
    this.#watch?.close();
  }

  /** How late this ingress controller notices a certificate; the first one is never late. */
  ingressDelayMs(replica: number): number {
    return replica === 0 ? 0 : this.ingressDelaySeconds * 1000;
  }

  startMs(): number {
    return between(this.#random, this.#startSeconds) * 1000;
  }

  settingDelayMs(): number {
    return this.settingDelaySeconds * 1000;
  }

  staleBundle(): string | undefined {
    if (!this.staleNext) return undefined;
    this.staleNext = false;
    return this.#bundles.at(-2);
  }

  refusal(): number | undefined {
    const { refusals } = this;
    if (refusals === undefined || this.#random() >= refusals.rate) return undefined;
    return refusals.statuses[Math.floor(this.#random() * refusals.statuses.length)];
  }

  ignoresReportOf(clusterId: string): boolean {
    return this.unheard.has(clusterId);
  }

  isStale(stream: "log" | "exec", clusterId: string, processSince: Date): boolean {
    const stale = this.staleStreams.get(clusterId);
    return stale?.streams.includes(stream) === true && processSince < stale.since;
  }

  mayRefuse(): boolean {
    return this.refusalsPossible;
  }

  mayHang(): boolean {
    return this.hangsPossible;
  }

  started(): void {
    this.#statistics.rancherStarted();
  }

  exited(): void {
    this.#statistics.rancherExited();
  }

  connectedChanged(clusterId: string, connected: boolean): void {
    this.#statistics.connectedChanged(clusterId, connected);
  }
}

/** Waits in sandbox time. */
export function sleep(clock: Clock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => clock.after(milliseconds, resolve));
}
