/** Changing values of a Secret and nothing else of it. */
import { z } from "zod";
import type { Api } from "../kubernetes/api.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { secrets } from "../kubernetes/resource.ts";
import { ownersOf } from "../kubernetes/secret.ts";
import { stopWriter } from "../plan/gates/put-back.ts";
import { conflict, type Obstruction } from "./step-action.ts";
import type { KeptSecret } from "./trust-secret.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const ATTEMPTS = 10;

export interface SecretChange {
  readonly namespace: string;
  readonly name: string;
  /** New values by key, as text. Other keys, type, labels and annotations stay. */
  readonly values: Readonly<Record<string, string>>;
  /** Whether the Secret is as it was read before; false means that somebody else changed it. */
  readonly expected: (values: Readonly<Record<string, string>>) => boolean;
}

/** The Secret's values as text; undefined when there is no such Secret. */
export async function readSecretValues(
  api: Api,
  namespace: string,
  name: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  const secret = await api.get(secrets(namespace), name);
  return secret === undefined ? undefined : valuesOf(secret);
}

/**
 * Writes the values unless they are so already.
 * @throws FarrierError `step.conflict` when the Secret is not as it was read; ApiError
 */
export async function changeSecret(api: Api, change: SecretChange): Promise<void> {
  const place = `Secret ${change.namespace}/${change.name}`;
  for (let attempt = 1; ; attempt++) {
    const secret = await api.get(secrets(change.namespace), change.name);
    if (secret === undefined) throw conflict(place, "it was deleted");
    const values = valuesOf(secret);
    if (Object.entries(change.values).every(([key, value]) => values[key] === value)) return;
    if (!change.expected(values)) {
      throw conflict(place, `its content is not what was there before this step${ownedBy(ownersOf(secret))}`);
    }
    try {
      await api.replace(secrets(change.namespace), changed(secret, change.values));
      return;
    } catch (error) {
      if (!(error instanceof ApiError) || error.kind !== "conflict" || attempt === ATTEMPTS) throw error;
    }
  }
}

/**
 * Whether a Secret that a step has written still holds those values: other tools put back what their source says, some
 * of them within seconds. Undefined where it does, or cannot be read now.
 */
export async function putBackBySomebody(
  api: Api,
  { namespace, name, values }: Pick<SecretChange, "namespace" | "name" | "values">,
): Promise<Obstruction | undefined> {
  const secret = await api.get(secrets(namespace), name);
  const found = secret === undefined ? {} : valuesOf(secret);
  if (Object.entries(values).every(([key, value]) => found[key] === value)) return undefined;
  const owners = secret === undefined ? [] : ownersOf(secret);
  return {
    why: `Secret ${namespace}/${name} does not hold what this step has written any more: somebody has changed it since${ownedBy(owners)}`,
    hint: `${stopWriter(owners)}; farrier apply then writes it again.`,
  };
}

function ownedBy(owners: readonly string[]): string {
  return owners.length === 0 ? "" : ` (it belongs to ${owners.join(" and ")}, which puts it back)`;
}

/**
 * The same for a Secret that need not be there: it is made with these values alone, of type Opaque; or as it was before it
 * was taken away, with these values.
 * @throws FarrierError `step.conflict` when the Secret is not as it was read; ApiError
 */
export async function putSecretValues(api: Api, change: SecretChange, kept?: KeptSecret): Promise<void> {
  const { namespace, name, values } = change;
  if ((await api.get(secrets(namespace), name)) !== undefined) return await changeSecret(api, change);
  const { type = "Opaque", data = {}, labels = {}, annotations = {} } = kept ?? {};
  const metadata = { name, namespace, ...filled({ labels, annotations }) };
  await api.create(secrets(namespace), changed({ apiVersion: "v1", kind: "Secret", metadata, type, data }, values));
}

function filled(maps: Readonly<Record<string, Readonly<Record<string, string>>>>): Record<string, object> {
  return Object.fromEntries(Object.entries(maps).filter(([, map]) => Object.keys(map).length > 0));
}

const dataSchema = z.record(z.string(), z.string()).catch({});

function valuesOf(secret: KubeObject): Record<string, string> {
  const data = dataSchema.parse(secret.data);
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, decode(value)]));
}

function changed(secret: KubeObject, values: Readonly<Record<string, string>>): KubeObject {
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, encode(value)]));
  const applied = secret.metadata.annotations?.[LAST_APPLIED];
  return {
    ...secret,
    ...(applied === undefined
      ? {}
      : {
          metadata: {
            ...secret.metadata,
            annotations: { ...secret.metadata.annotations, [LAST_APPLIED]: reapplied(applied, data, values) },
          },
        }),
    data: { ...dataSchema.parse(secret.data), ...data },
  };
}

const wholeSchema = z.record(z.string(), z.unknown());
const appliedSchema = z.object({
  data: z.record(z.string(), z.string()).optional(),
  stringData: z.record(z.string(), z.string()).optional(),
});

/** `kubectl apply` compares with this annotation: with the old values in it, the next apply could remove keys. */
function reapplied(
  applied: string,
  data: Readonly<Record<string, string>>,
  values: Readonly<Record<string, string>>,
): string {
  const whole = wholeSchema.safeParse(parseJson(applied));
  const parsed = appliedSchema.safeParse(whole.data);
  if (!whole.success || !parsed.success) return applied;
  const renewed = {
    // In the order in which it was written, so that a way back ends with the same bytes.
    ...whole.data,
    ...(parsed.data.data === undefined ? {} : { data: overlay(parsed.data.data, data) }),
    ...(parsed.data.stringData === undefined ? {} : { stringData: overlay(parsed.data.stringData, values) }),
  };
  // kubectl ends the annotation with a newline.
  return `${JSON.stringify(renewed)}${applied.endsWith("\n") ? "\n" : ""}`;
}

function overlay(
  present: Readonly<Record<string, string>>,
  values: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(present).map(([key, value]) => [key, values[key] ?? value]));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function encode(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

function decode(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}
