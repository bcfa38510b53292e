/**
 * Reading a kubeconfig through the official library: contexts, client certificates, tokens, token files, exec plugins.
 * Only its reading is used: its requests open a TLS connection each, which costs several times as much.
 */
import { readFile } from "node:fs/promises";
import { FarrierError } from "../errors.ts";
import type { TlsMaterial } from "./transport.ts";

export interface KubeconfigChoice {
  /** A file. Without it, KUBECONFIG, then ~/.kube/config, then the pod's own service account. */
  readonly kubeconfig?: string;
  /** Without it, the kubeconfig's current context. */
  readonly context?: string;
}

/** A chosen context, with its credentials still to be asked for: a plugin may make new ones at any time. */
export interface ChosenContext {
  readonly context: string;
  /** The API server's URL, with a base path where it has one. */
  readonly server: URL;
  /** Credentials of the moment. Runs an exec plugin where the kubeconfig says so. */
  credentials(): Promise<Credentials>;
}

export interface Credentials {
  readonly tls: TlsMaterial;
  /** Holds a token or password: never to be printed. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The few parts of the library's objects that are used; the library itself is loaded when it is needed. */
type Library = typeof import("@kubernetes/client-node");
type LoadedConfig = InstanceType<Library["KubeConfig"]>;

/** Throws `kubeconfig.*` or `input.file-*` with a sentence that says what is wrong with which file. */
export async function chooseContext(choice: KubeconfigChoice): Promise<ChosenContext> {
  const config = await load(choice);
  const file = choice.kubeconfig ?? "the kubeconfig";
  const name = choice.context ?? config.currentContext;
  const known = config.getContexts().map((context) => context.name);
  if (name === undefined || name === "") {
    throw new FarrierError("kubeconfig.context", `${file} has no current context.`, { hint: knownHint(known) });
  }
  if (!known.includes(name)) {
    throw new FarrierError("kubeconfig.context", `${file} has no context "${name}".`, { hint: knownHint(known) });
  }
  config.setCurrentContext(name);
  const cluster = config.getCurrentCluster();
  if (cluster === null || config.getCurrentUser() === null) {
    throw new FarrierError(
      "kubeconfig.invalid",
      `Context "${name}" of ${file} names a cluster or user that is not in it.`,
    );
  }
  const server = serverOf(cluster.server, name);
  if (cluster.skipTLSVerify === true) {
    throw new FarrierError("kubeconfig.insecure", `Context "${name}" of ${file} turns off TLS verification.`);
  }
  const servername = cluster.tlsServerName;
  return { context: name, server, credentials: () => credentialsOf(config, name, servername) };
}

async function load(choice: KubeconfigChoice): Promise<LoadedConfig> {
  const content = choice.kubeconfig === undefined ? undefined : await contentOf(choice.kubeconfig);
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  try {
    if (choice.kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(choice.kubeconfig);
  } catch (cause) {
    // The library's message can repeat the line that it does not understand, and that may be a token.
    const what = choice.kubeconfig ?? "the default kubeconfig";
    throw new FarrierError("kubeconfig.invalid", `${what} is not a kubeconfig.`, { cause: nameOnly(cause) });
  }
  if (content !== undefined && config.getContexts().length === 0) {
    throw new FarrierError("kubeconfig.invalid", `${choice.kubeconfig} is not a kubeconfig: it has no contexts.`);
  }
  return config;
}

const MOST_BYTES = 10 * 1024 * 1024;

async function contentOf(file: string): Promise<Buffer> {
  let content: Buffer;
  try {
    content = await readFile(file);
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    const code = missing ? "input.file-missing" : "input.file-unreadable";
    throw new FarrierError(code, `The kubeconfig ${file} ${missing ? "does not exist" : "cannot be read"}.`, { cause });
  }
  if (content.length === 0) throw new FarrierError("input.file-empty", `The kubeconfig ${file} is empty.`);
  if (content.length > MOST_BYTES) {
    throw new FarrierError("input.file-too-large", `The kubeconfig ${file} is ${content.length} bytes long.`, {
      hint: "Name the kubeconfig itself: it is a few kilobytes.",
    });
  }
  return content;
}

function serverOf(text: string, context: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) {
    throw new FarrierError(
      "kubeconfig.invalid",
      `Context "${context}" has "${text}" for a server, which is not a URL.`,
    );
  }
  if (url.protocol !== "https:") {
    throw new FarrierError(
      "kubeconfig.insecure",
      `Context "${context}" reaches its server without TLS (${url.origin}).`,
    );
  }
  return url;
}

async function credentialsOf(
  config: LoadedConfig,
  context: string,
  servername: string | undefined,
): Promise<Credentials> {
  const options: import("node:https").RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (cause) {
    throw new FarrierError(
      "kubeconfig.credentials",
      `The credentials of context "${context}" could not be made: ${pluginSentence(config, cause)}`,
      { cause: nameOnly(cause) },
    );
  }
  return {
    tls: {
      ...pem("ca", options.ca),
      ...pem("cert", options.cert),
      ...pem("key", options.key),
      ...(servername === undefined ? {} : { servername }),
    },
    headers: headersOf(options),
  };
}

function pem<K extends "ca" | "cert" | "key">(key: K, value: unknown): Partial<Record<K, string>> {
  const text = typeof value === "string" ? value : Buffer.isBuffer(value) ? value.toString("utf8") : undefined;
  const entry: Partial<Record<K, string>> = {};
  if (text !== undefined) entry[key] = text;
  return entry;
}

function headersOf(options: import("node:https").RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (typeof value === "string") headers[name.toLowerCase()] = value;
  }
  if (typeof options.auth === "string") {
    headers.authorization = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  }
  return headers;
}

/** Names the plugin and the way in which it failed; what it printed may hold a secret and is not repeated. */
function pluginSentence(config: LoadedConfig, cause: unknown): string {
  const exec: unknown = config.getCurrentUser()?.exec;
  const command = typeof exec === "object" && exec !== null && "command" in exec ? String(exec.command) : undefined;
  const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
  if (command === undefined) return "a file or provider that it names failed.";
  if (missing) return `the plugin "${command}" is not installed here.`;
  if (cause instanceof SyntaxError) return `the plugin "${command}" did not answer with credentials.`;
  return `the plugin "${command}" failed.`;
}

function nameOnly(cause: unknown): Error {
  return new Error(cause instanceof Error ? cause.name : "unknown");
}

function knownHint(known: readonly string[]): string {
  if (known.length === 0) return "Check that the file is the one that you mean.";
  return `It has: ${known.slice(0, 20).join(", ")}${known.length > 20 ? ", …" : ""}.`;
}
