/** Writes `Event` objects as controllers and kubelets do; a repeated one counts up instead of piling up. */
import type { Clock } from "../clock.ts";
import type { ClusterClient, KubeObject } from "../cluster-client.ts";
import { REF } from "./workload.ts";

export interface Happening {
  /** What it happened to. */
  readonly about: KubeObject;
  readonly type: "Normal" | "Warning";
  /** One word, `FailedMount`. */
  readonly reason: string;
  readonly message: string;
  /** The component that saw it: `kubelet`, `deployment-controller`. */
  readonly source: string;
}

interface Recorded {
  readonly name: string;
  count: number;
}

/** Enough to count up whatever keeps repeating; older series begin anew. */
const SERIES_KEPT = 200;

export class EventRecorder {
  readonly #client: ClusterClient;
  readonly #clock: Clock;
  readonly #series = new Map<string, Recorded>();
  readonly #writing = new Set<Promise<void>>();
  #number = 0;

  constructor(client: ClusterClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Never fails: an event that cannot be written is lost, as with a real recorder. */
  record(happening: Happening): void {
    const writing = this.#write(happening).catch(() => {});
    this.#writing.add(writing);
    void writing.then(() => this.#writing.delete(writing));
  }

  /** Resolves when what was recorded has been written. */
  async settle(): Promise<void> {
    await Promise.all(this.#writing);
  }

  async #write({ about, type, reason, message, source }: Happening): Promise<void> {
    const { name: objectName, namespace = "default", uid = "" } = about.metadata;
    const at = this.#clock
      .now()
      .toISOString()
      .replace(/\.\d+Z$/, "Z");
    const ref = { ...REF.events, namespace };
    const series = [uid, reason, message].join("\n");
    const known = this.#series.get(series);
    if (known) {
      known.count += 1;
      await this.#client.patch(ref, known.name, { type: "merge", body: { count: known.count, lastTimestamp: at } });
      return;
    }
    this.#number += 1;
    const name = `${objectName}.${Date.now().toString(16)}${this.#number.toString(16).padStart(5, "0")}`;
    this.#remember(series, { name, count: 1 });
    await this.#client.create(ref, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name, namespace },
      involvedObject: { apiVersion: about.apiVersion, kind: about.kind, name: objectName, namespace, uid },
      type,
      reason,
      message,
      source: { component: source },
      reportingComponent: source,
      reportingInstance: "",
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
    });
  }

  #remember(series: string, recorded: Recorded): void {
    this.#series.set(series, recorded);
    const [oldest] = this.#series.keys();
    if (this.#series.size > SERIES_KEPT && oldest !== undefined) this.#series.delete(oldest);
  }
}
