/**
 * Credentials that a program makes (`exec`) or a provider (`auth-provider`, OIDC): through the official library, which
 * knows their protocols and keeps what they gave until it expires. It is loaded for these alone: it takes 90 MB and 0.4 s.
 */
import { FarrierError } from "../errors.ts";
import type { KubeconfigCluster, KubeconfigUser } from "./kubeconfig-file.ts";

export interface PluginCredentials {
  readonly cert?: string;
  readonly key?: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** True for a user whose credentials are not in the kubeconfig itself. */
export function needsPlugin(user: KubeconfigUser): boolean {
  return (user.exec ?? undefined) !== undefined || (user["auth-provider"] ?? undefined) !== undefined;
}

/** Asks the plugin; call the result again for the credentials of the moment. Throws `kubeconfig.credentials`. */
export async function pluginCredentials(
  context: string,
  cluster: KubeconfigCluster,
  user: KubeconfigUser,
): Promise<() => Promise<PluginCredentials>> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  config.loadFromString(
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "cluster", cluster: { server: cluster.server } }],
      users: [{ name: "user", user }],
      contexts: [{ name: context, context: { cluster: "cluster", user: "user" } }],
      "current-context": context,
    }),
  );
  return async () => {
    const options: import("node:https").RequestOptions = {};
    try {
      await config.applyToHTTPSOptions(options);
    } catch (cause) {
      // What the plugin printed may hold a secret: only the way in which it failed is told.
      const sentence = `The credentials of context "${context}" could not be made: ${pluginSentence(user, cause)}`;
      throw new FarrierError("kubeconfig.credentials", sentence);
    }
    return { ...pem("cert", options.cert), ...pem("key", options.key), headers: headersOf(options) };
  };
}

function pluginSentence(user: KubeconfigUser, cause: unknown): string {
  const command = user.exec?.command;
  if (command === undefined) return "its authentication provider failed.";
  if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") {
    return `the plugin "${command}" is not installed here.`;
  }
  if (cause instanceof SyntaxError) return `the plugin "${command}" did not answer with credentials.`;
  return `the plugin "${command}" failed.`;
}

function pem<K extends "cert" | "key">(key: K, value: unknown): Partial<Record<K, string>> {
  const content = typeof value === "string" ? value : Buffer.isBuffer(value) ? value.toString("utf8") : undefined;
  const entry: Partial<Record<K, string>> = {};
  if (content !== undefined) entry[key] = content;
  return entry;
}

function headersOf(options: import("node:https").RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (typeof value === "string") headers[name.toLowerCase()] = value;
  }
  return headers;
}
