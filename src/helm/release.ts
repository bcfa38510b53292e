/**
 * A release as Helm 3 and 4 store it in the cluster: JSON, compressed (gzip) and written in base64, in a Secret
 * `sh.helm.release.v1.<name>.v<revision>` or, with Helm's ConfigMap driver, in a ConfigMap of that name. It holds the
 * whole chart, so that no repository is needed to upgrade it (Helm: pkg/storage/driver/util.go, pkg/release).
 */
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { FarrierError } from "../errors.ts";
import { type ReleaseStatus, releaseStatusSchema } from "../estate/estate.ts";
import { GivenValues } from "./given-values.ts";

const valuesSchema = z.record(z.string(), z.json());
const base64 = z.string().transform((text) => Buffer.from(text, "base64"));
const filesSchema = z
  .array(z.object({ name: z.string(), data: base64.nullish() }))
  .nullish()
  .transform((files) => (files ?? []).map(({ name, data }) => ({ name, content: data ?? Buffer.alloc(0) })));

const chartSchema = z.object({
  metadata: z.looseObject({
    name: z.string(),
    version: z.string(),
    appVersion: z.string().optional(),
    dependencies: z.array(z.object({ name: z.string() })).nullish(),
  }),
  templates: filesSchema,
  /** The defaults, without the comments of `values.yaml`: Helm does not store those. */
  values: valuesSchema.nullish(),
  schema: base64.nullish(),
  files: filesSchema,
});
export type StoredChart = z.infer<typeof chartSchema>;

const releaseSchema = z.object({
  name: z.string(),
  namespace: z.string(),
  version: z.number().int(),
  info: z.object({
    status: releaseStatusSchema.catch("unknown"),
    description: z.string().default(""),
  }),
  chart: chartSchema,
  config: valuesSchema.nullish(),
});

/** One revision of a release. */
export interface Release {
  readonly name: string;
  readonly namespace: string;
  readonly revision: number;
  readonly status: ReleaseStatus;
  /** `Upgrade complete`, or what was given with `--description`. */
  readonly description: string;
  readonly chart: StoredChart;
  readonly values: GivenValues;
}

/** No chart is this large: an API server takes 1 MB for an object, and text compresses to a fifth. */
const LARGEST_BYTES = 64 * 1024 * 1024;

/**
 * @param stored what the Secret (decoded) or the ConfigMap holds under `release`
 * @param place how sentences call it: `Secret cattle-system/sh.helm.release.v1.rancher.v3`
 * @throws FarrierError `helm.release-unreadable`
 */
export function decodeRelease(stored: string, place: string): Release {
  const parsed = releaseSchema.safeParse(jsonOf(stored, place));
  // What does not fit is not repeated: it may be a value, and values may be secret.
  if (!parsed.success) throw unreadable(place, `${parsed.error.issues[0]?.path.join(".")} is not as Helm writes it`);
  const { name, namespace, version, info, chart, config } = parsed.data;
  return {
    name,
    namespace,
    revision: version,
    status: info.status,
    description: info.description,
    chart,
    values: GivenValues.of(config ?? {}),
  };
}

function jsonOf(stored: string, place: string): unknown {
  const bytes = Buffer.from(stored, "base64");
  try {
    // Helm still reads what it wrote before it compressed.
    const isCompressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const text = isCompressed ? gunzipSync(bytes, { maxOutputLength: LARGEST_BYTES }) : bytes;
    return JSON.parse(text.toString("utf8"));
  } catch {
    throw unreadable(place, "it is not JSON that was compressed and written in base64");
  }
}

function unreadable(place: string, why: string): FarrierError {
  return new FarrierError("helm.release-unreadable", `${place} does not hold a Helm release: ${why}.`);
}
