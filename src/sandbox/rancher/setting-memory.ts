import type { Clock } from "../clock.ts";
import type { ClusterClient, KubeObject, Watch } from "../cluster-client.ts";
import { SETTINGS } from "./resources.ts";

/** A Rancher process' own copy of the settings: it hears of changes late, except of its own. */
export class SettingMemory {
  readonly #known = new Map<string, KubeObject>();
  readonly #watch: Watch;

  /** @param delayMs how late this process hears of a change, in sandbox milliseconds; asked for each change */
  constructor(client: ClusterClient, clock: Clock, delayMs: () => number) {
    this.#watch = client.watch(SETTINGS, ({ type, object }) => {
      const learn = () => {
        if (type === "DELETED") this.#known.delete(object.metadata.name);
        else this.remember(object);
      };
      const delay = this.#known.has(object.metadata.name) ? delayMs() : 0;
      if (delay === 0) learn();
      else clock.after(delay, learn);
    });
  }

  /** Takes in what this process has just written or read itself; older states that arrive later are passed over. */
  remember(setting: KubeObject): void {
    const known = this.#known.get(setting.metadata.name);
    if (known === undefined || versionOf(known) <= versionOf(setting)) this.#known.set(setting.metadata.name, setting);
  }

  object(name: string): KubeObject | undefined {
    return this.#known.get(name);
  }

  /** The effective value: what is set, or the default. */
  value(name: string): string {
    const setting = this.#known.get(name);
    return textOf(setting?.value) || textOf(setting?.default);
  }

  close(): void {
    this.#watch.close();
  }
}

/** Comparing resource versions as numbers is right here alone: they come from one server that counts upwards. */
function versionOf(setting: KubeObject): number {
  return Number(setting.metadata.resourceVersion ?? 0);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
