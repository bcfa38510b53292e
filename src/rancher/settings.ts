/** Rancher's settings, as the management cluster stores them. */
import { z } from "zod";
import type { Api } from "../kubernetes/api.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { settings } from "../kubernetes/resource.ts";

/** The fields are at the top level: a Setting has no spec. */
const settingSchema = z.object({
  value: z.string().default(""),
  default: z.string().default(""),
  source: z.string().default(""),
});

export interface Setting {
  readonly value: string;
  readonly default: string;
  /** `env` when the server's environment sets it: then Rancher refuses to change it. */
  readonly source: string;
  /** What is in effect. Rancher: environment (written into `value`), then `value`, then `default`. */
  readonly effective: string;
}

/** Undefined where this Rancher has no such setting. */
export async function readSetting(management: Api, name: string): Promise<Setting | undefined> {
  const object = await management.get(settings, name);
  return object === undefined ? undefined : settingOf(object);
}

export function settingOf(object: KubeObject): Setting | undefined {
  const parsed = settingSchema.safeParse(object);
  if (!parsed.success) return undefined;
  return { ...parsed.data, effective: parsed.data.value === "" ? parsed.data.default : parsed.data.value };
}

/**
 * `agent-tls-mode` in effect. Rancher ≥ 2.8.6 has the setting: new installations default to `strict`, upgraded ones
 * keep `system-store` (written into `default`).
 */
export function agentTlsModeOf(setting: Setting | undefined): "strict" | "system-store" | "none" {
  if (setting === undefined) return "none";
  return setting.effective === "system-store" ? "system-store" : "strict";
}
