import type { KubeObject, ResourceRef } from "../cluster-client.ts";
import type { AgentProcess } from "./process.ts";

const SECRETS: ResourceRef = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };
const CONFIG_MAPS: ResourceRef = { ...SECRETS, resource: "configmaps" };

/**
 * The header `X-API-Tunnel-Params`, read once per process: where the cluster's API is, with which token Rancher may
 * use it, and which CA it has. Rancher takes it over on every connection.
 */
export async function connectionParameters(agent: AgentProcess): Promise<string> {
  const { client, env } = agent.context;
  const roots = await client.get(CONFIG_MAPS, "kube-root-ca.crt");
  const secrets = await client.list(SECRETS, { fieldSelector: "type=kubernetes.io/service-account-token" });
  const token = secrets.items.find((secret) => secret.metadata.name.startsWith("cattle-token-"));
  const cluster = {
    address: `${env.KUBERNETES_SERVICE_HOST ?? "10.43.0.1"}:${env.KUBERNETES_SERVICE_PORT ?? "443"}`,
    token: Buffer.from(dataOf(token).token ?? "", "base64").toString(),
    caCert: Buffer.from(dataOf(roots)["ca.crt"] ?? "").toString("base64"),
  };
  return Buffer.from(JSON.stringify({ cluster })).toString("base64");
}

function dataOf(object: KubeObject | undefined): Readonly<Record<string, string>> {
  const data = object?.data;
  if (typeof data !== "object" || data === null) return {};
  return Object.fromEntries(Object.entries(data).filter(([, value]) => typeof value === "string"));
}
