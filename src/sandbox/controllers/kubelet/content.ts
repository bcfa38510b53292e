/** Secrets and ConfigMaps as containers read them, and a way to wait until any of them changes. */
import { z } from "zod";
import type { Informer } from "../informer.ts";
import type { PlainItem } from "../item.ts";
import { keyOf } from "../item.ts";
import { Bell } from "./bell.ts";

const texts = z.record(z.string(), z.string());

export class Content {
  /** Rings at each change of a Secret or ConfigMap of the cluster. */
  readonly changed = new Bell();
  readonly #secrets: Informer<PlainItem>;
  readonly #configMaps: Informer<PlainItem>;

  constructor(secrets: Informer<PlainItem>, configMaps: Informer<PlainItem>) {
    this.#secrets = secrets;
    this.#configMaps = configMaps;
    for (const informer of [secrets, configMaps]) informer.onChange(() => this.changed.ring());
  }

  /** The decoded entries of a Secret, or undefined if there is none of that name. */
  secret(namespace: string, name: string): ReadonlyMap<string, string> | undefined {
    const item = this.#secrets.get(keyOf(namespace, name));
    return item && entries(item.object.data, (text) => Buffer.from(text, "base64").toString("utf8"));
  }

  /** The entries of a ConfigMap, or undefined if there is none of that name. */
  configMap(namespace: string, name: string): ReadonlyMap<string, string> | undefined {
    const item = this.#configMaps.get(keyOf(namespace, name));
    return item && entries(item.object.data, (text) => text);
  }
}

function entries(data: unknown, decode: (text: string) => string): ReadonlyMap<string, string> {
  const read = texts.safeParse(data ?? {});
  return new Map(Object.entries(read.data ?? {}).map(([key, text]) => [key, decode(text)]));
}
