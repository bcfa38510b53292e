/** The kubeconfig format: what a context means, in one or several files. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { FarrierError } from "../errors.ts";

const text = z.string().optional();

const clusterSchema = z.looseObject({
  server: z.string().default(""),
  "certificate-authority": text,
  "certificate-authority-data": text,
  "insecure-skip-tls-verify": z.boolean().default(false),
  "tls-server-name": text,
  "proxy-url": text,
});

const userSchema = z.looseObject({
  "client-certificate": text,
  "client-certificate-data": text,
  "client-key": text,
  "client-key-data": text,
  token: text,
  tokenFile: text,
  username: text,
  password: text,
  exec: z.looseObject({ command: z.string().default("") }).nullish(),
  "auth-provider": z.looseObject({}).nullish(),
});

const fileSchema = z.object({
  "current-context": z.string().nullish(),
  contexts: z
    .array(z.object({ name: z.string(), context: z.object({ cluster: z.string(), user: z.string() }) }))
    .nullish(),
  clusters: z.array(z.object({ name: z.string(), cluster: clusterSchema })).nullish(),
  users: z.array(z.object({ name: z.string(), user: userSchema.nullish() })).nullish(),
});

export type KubeconfigCluster = z.infer<typeof clusterSchema>;
/** Holds credentials: never to be printed. */
export type KubeconfigUser = z.infer<typeof userSchema>;

interface Placed<T> {
  readonly value: T;
  /** Relative paths in it start here. */
  readonly directory: string;
}

/** One or several kubeconfigs as kubectl merges them: the first to name a thing wins. */
export interface Kubeconfig {
  /** How sentences call it. */
  readonly label: string;
  readonly currentContext: string;
  readonly contexts: ReadonlyMap<string, { readonly cluster: string; readonly user: string }>;
  readonly clusters: ReadonlyMap<string, Placed<KubeconfigCluster>>;
  readonly users: ReadonlyMap<string, Placed<KubeconfigUser>>;
}

/** Reads a file, or without one KUBECONFIG, ~/.kube/config, or the pod's own account. Throws `input.*`, `kubeconfig.*`. */
export async function readKubeconfig(file: string | undefined): Promise<Kubeconfig> {
  if (file !== undefined) return merged(file, [await readOne(file)]);
  const listed = (process.env.KUBECONFIG ?? "").split(delimiter).filter((path) => path !== "");
  if (listed.length > 0) return merged("the kubeconfig in KUBECONFIG", await readThose(listed));
  const usual = join(homedir(), ".kube", "config");
  const found = await readThose([usual]);
  if (found.length > 0) return merged(usual, found);
  const inside = inPod();
  if (inside !== undefined) return inside;
  throw new FarrierError(
    "kubeconfig.invalid",
    "There is no kubeconfig: none was named, and ~/.kube/config does not exist.",
    {
      hint: "Name the management cluster's with --kubeconfig FILE.",
    },
  );
}

/**
 * A kubeconfig that was read on another machine. What it names as files or programs is there, not here, so that it may
 * name none. @throws FarrierError `kubeconfig.invalid`
 */
export function readForeignKubeconfig(content: string, label: string): Kubeconfig {
  const config = merged(label, [{ directory: "", content: parseOne(content, label) }]);
  const files = [...config.clusters.values()].some(({ value }) => value["certificate-authority"] !== undefined);
  if (
    files ||
    [...config.users.values()].some(({ value }) => OUTSIDE.some((field) => (value[field] ?? undefined) !== undefined))
  ) {
    throw new FarrierError("kubeconfig.invalid", `${label} names files or programs of the machine that it is on.`, {
      hint: "Name a kubeconfig on the node that holds its certificates and keys itself.",
    });
  }
  return config;
}

const OUTSIDE = ["client-certificate", "client-key", "tokenFile", "exec", "auth-provider"] as const;

interface OneFile {
  readonly directory: string;
  readonly content: z.infer<typeof fileSchema>;
}

/** As kubectl does, skips what is in the list but not on the disk. */
async function readThose(files: readonly string[]): Promise<OneFile[]> {
  const read = await Promise.all(
    files.map((file) =>
      readOne(file).catch((error: unknown) => {
        if (error instanceof FarrierError && error.code === "input.file-missing") return undefined;
        throw error;
      }),
    ),
  );
  return read.filter((one) => one !== undefined);
}

const MOST_BYTES = 10 * 1024 * 1024;

async function readOne(file: string): Promise<OneFile> {
  const content = await readBytes(file);
  if (content.length === 0) throw new FarrierError("input.file-empty", `The kubeconfig ${file} is empty.`);
  if (content.length > MOST_BYTES) {
    throw new FarrierError("input.file-too-large", `The kubeconfig ${file} is ${content.length} bytes long.`, {
      hint: "Name the kubeconfig itself: it is a few kilobytes.",
    });
  }
  return { directory: dirname(file), content: parseOne(content.toString("utf8"), file) };
}

function parseOne(text: string, file: string): OneFile["content"] {
  let document: unknown;
  try {
    // A key that is there twice means its last value, as for kubectl.
    document = parse(text, { logLevel: "error", uniqueKeys: false });
  } catch {
    // The parser's message repeats the line that it does not understand, and that may be a token.
    throw new FarrierError("kubeconfig.invalid", `${file} is not a kubeconfig: it is not valid YAML.`);
  }
  const parsed = fileSchema.safeParse(document);
  if (!parsed.success || (parsed.data.contexts ?? []).length + (parsed.data.clusters ?? []).length === 0) {
    const place = parsed.error?.issues[0]?.path.join(".") ?? "";
    const where = place === "" ? "it has no contexts" : `${place} is missing or of another kind`;
    throw new FarrierError("kubeconfig.invalid", `${file} is not a kubeconfig: ${where}.`);
  }
  return parsed.data;
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    const code = missing ? "input.file-missing" : "input.file-unreadable";
    throw new FarrierError(code, `The kubeconfig ${file} ${missing ? "does not exist" : "cannot be read"}.`, { cause });
  }
}

function merged(label: string, files: readonly OneFile[]): Kubeconfig {
  const contexts = new Map<string, { cluster: string; user: string }>();
  const clusters = new Map<string, Placed<KubeconfigCluster>>();
  const users = new Map<string, Placed<KubeconfigUser>>();
  for (const { directory, content } of files.toReversed()) {
    for (const { name, context } of content.contexts ?? []) contexts.set(name, context);
    for (const { name, cluster } of content.clusters ?? []) clusters.set(name, { value: cluster, directory });
    for (const { name, user } of content.users ?? []) users.set(name, { value: user ?? {}, directory });
  }
  const current = files.map(({ content }) => content["current-context"] ?? "").find((name) => name !== "");
  return { label, currentContext: current ?? "", contexts, clusters, users };
}

/** The context of a pod's own service account: no kubeconfig has it. */
export const IN_CLUSTER = "in-cluster";
const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The API server and account that Kubernetes gives to every pod. */
function inPod(): Kubeconfig | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = "443" } = process.env;
  if (host === undefined || host === "") return undefined;
  const server = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
  const cluster = clusterSchema.parse({ server, "certificate-authority": "ca.crt" });
  const name = IN_CLUSTER;
  return {
    label: "the pod's service account",
    currentContext: name,
    contexts: new Map([[name, { cluster: name, user: name }]]),
    clusters: new Map([[name, { value: cluster, directory: ACCOUNT }]]),
    users: new Map([[name, { value: { tokenFile: "token" }, directory: ACCOUNT }]]),
  };
}
