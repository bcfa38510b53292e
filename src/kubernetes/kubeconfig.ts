/** A chosen context of a kubeconfig: which server, and how to show who one is. */
import { readFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { FarrierError } from "../errors.ts";
import {
  type Kubeconfig,
  type KubeconfigCluster,
  type KubeconfigUser,
  readForeignKubeconfig,
  readKubeconfig,
} from "./kubeconfig-file.ts";
import { needsPlugin, pluginCredentials } from "./plugin-credentials.ts";
import type { TlsMaterial } from "./transport.ts";

export interface KubeconfigChoice {
  /** A file. Without it, KUBECONFIG, then ~/.kube/config, then the pod's own service account. */
  readonly kubeconfig?: string;
  /** Instead of a file: what was read on another machine. It holds credentials. */
  readonly foreign?: { readonly content: string; readonly label: string };
  /** Without it, the kubeconfig's current context. */
  readonly context?: string;
}

/** A chosen context, with its credentials still to be asked for: a plugin or a token file may change them at any time. */
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

/** Throws `kubeconfig.*` or `input.file-*` with a sentence that says what is wrong with which file. */
export async function chooseContext(choice: KubeconfigChoice): Promise<ChosenContext> {
  const { foreign } = choice;
  const config =
    foreign === undefined
      ? await readKubeconfig(choice.kubeconfig)
      : readForeignKubeconfig(foreign.content, foreign.label);
  const { label } = config;
  const name = choice.context ?? config.currentContext;
  if (name === "") {
    throw new FarrierError("kubeconfig.context", `${label} has no current context.`, { hint: knownHint(config) });
  }
  const context = config.contexts.get(name);
  if (context === undefined) {
    throw new FarrierError("kubeconfig.context", `${label} has no context "${name}".`, { hint: knownHint(config) });
  }
  const cluster = config.clusters.get(context.cluster);
  const user = config.users.get(context.user);
  if (cluster === undefined || user === undefined) {
    throw new FarrierError(
      "kubeconfig.invalid",
      `Context "${name}" of ${label} names a cluster or user that is not in it.`,
    );
  }
  const server = serverOf(cluster.value, name, label);
  const plugin = needsPlugin(user.value) ? await pluginCredentials(name, cluster.value, user.value) : undefined;
  const files = { context: name, cluster: cluster.directory, user: user.directory };
  return {
    context: name,
    server,
    credentials: async () => {
      const [trust, own, made] = await Promise.all([
        trustOf(cluster.value, files),
        ownCredentials(user.value, files),
        plugin?.(),
      ]);
      const { headers = {}, ...identity } = made ?? {};
      const all = { ...own.headers, ...headers };
      refuseUnsendable(all, name);
      return { tls: { ...trust, ...own.identity, ...identity }, headers: all };
    },
  };
}

/** Bytes that no header can hold: a binary file in the token's place, or an answer of a plugin that is none. */
function refuseUnsendable(headers: Readonly<Record<string, string>>, context: string): void {
  if (Object.values(headers).every((value) => /^[\x20-\x7e]*$/.test(value))) return;
  throw new FarrierError(
    "kubeconfig.credentials",
    `The token of context "${context}" has characters that no token has.`,
  );
}

function serverOf(cluster: KubeconfigCluster, context: string, label: string): URL {
  const url = URL.canParse(cluster.server) ? new URL(cluster.server) : undefined;
  const refuse = (code: "kubeconfig.invalid" | "kubeconfig.insecure", what: string, hint?: string): never => {
    throw new FarrierError(code, `Context "${context}" of ${label} ${what}.`, hint === undefined ? {} : { hint });
  };
  if (url === undefined)
    return refuse("kubeconfig.invalid", `has "${cluster.server}" for a server, which is not a URL`);
  if (url.protocol !== "https:") return refuse("kubeconfig.insecure", `reaches its server without TLS (${url.origin})`);
  if (cluster["insecure-skip-tls-verify"]) return refuse("kubeconfig.insecure", "turns off TLS verification");
  if ((cluster["proxy-url"] ?? "") !== "") {
    return refuse(
      "kubeconfig.invalid",
      "asks for a proxy (proxy-url)",
      "Use a way to the API server that needs no proxy.",
    );
  }
  return url;
}

interface Directories {
  readonly context: string;
  readonly cluster: string;
  readonly user: string;
}

async function trustOf(cluster: KubeconfigCluster, files: Directories): Promise<TlsMaterial> {
  const ca = await inlineOrFile(cluster["certificate-authority-data"], cluster["certificate-authority"], {
    context: files.context,
    directory: files.cluster,
  });
  const servername = cluster["tls-server-name"];
  return { ...(ca === undefined ? {} : { ca }), ...(servername === undefined ? {} : { servername }) };
}

async function ownCredentials(
  user: KubeconfigUser,
  files: Directories,
): Promise<{ readonly identity: TlsMaterial; readonly headers: Readonly<Record<string, string>> }> {
  const place = { context: files.context, directory: files.user };
  const [cert, key, token] = await Promise.all([
    inlineOrFile(user["client-certificate-data"], user["client-certificate"], place),
    inlineOrFile(user["client-key-data"], user["client-key"], place),
    // As in kubectl, the file wins: it is renewed while the token beside it is not.
    user.tokenFile === undefined ? user.token : inlineOrFile(undefined, user.tokenFile, place),
  ]);
  const authorization = authorizationOf(token?.trim(), user);
  return {
    identity: { ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) },
    headers: authorization === undefined ? {} : { authorization },
  };
}

function authorizationOf(token: string | undefined, user: KubeconfigUser): string | undefined {
  if (token !== undefined && token !== "") return `Bearer ${token}`;
  if (user.username === undefined) return undefined;
  return `Basic ${Buffer.from(`${user.username}:${user.password ?? ""}`).toString("base64")}`;
}

/** Data in base64, or the content of a file whose path may be relative to the kubeconfig. */
async function inlineOrFile(
  data: string | undefined,
  file: string | undefined,
  { context, directory }: { readonly context: string; readonly directory: string },
): Promise<string | undefined> {
  if (data !== undefined && data !== "") return Buffer.from(data, "base64").toString("utf8");
  if (file === undefined || file === "") return undefined;
  const path = isAbsolute(file) ? file : join(directory, file);
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new FarrierError(
      "kubeconfig.credentials",
      `Context "${context}" names the file ${path}, which cannot be read.`,
      {
        cause,
      },
    );
  }
}

function knownHint({ contexts }: Kubeconfig): string {
  const known = [...contexts.keys()];
  if (known.length === 0) return "Check that the file is the one that you mean.";
  return `It has: ${known.slice(0, 20).join(", ")}${known.length > 20 ? ", …" : ""}.`;
}
