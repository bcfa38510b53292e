/** Kubeconfig files: what people and kubectl reach a cluster with. */

import { stringify } from "yaml";

export interface KubeconfigEntry {
  /** Names the context, the cluster and the user alike. */
  readonly name: string;
  /** `https://127.0.0.1:6443` */
  readonly server: string;
  /** What to verify the server with, PEM. */
  readonly caPem: string;
  readonly credentials:
    | { readonly kind: "token"; readonly token: string }
    | { readonly kind: "certificate"; readonly certificatePem: string; readonly keyPem: string };
}

/** The YAML text; the first entry is the current context. */
export function kubeconfigText(entries: readonly KubeconfigEntry[]): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": entries[0]?.name ?? "",
    clusters: entries.map(({ name, server, caPem }) => ({
      name,
      cluster: { server, "certificate-authority-data": base64(caPem) },
    })),
    contexts: entries.map(({ name }) => ({ name, context: { cluster: name, user: name } })),
    users: entries.map(({ name, credentials }) => ({ name, user: userOf(credentials) })),
  });
}

function userOf(credentials: KubeconfigEntry["credentials"]): object {
  if (credentials.kind === "token") return { token: credentials.token };
  const { certificatePem, keyPem } = credentials;
  return { "client-certificate-data": base64(certificatePem), "client-key-data": base64(keyPem) };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
