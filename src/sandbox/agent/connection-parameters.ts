import type { KubeObject } from "../cluster-client.ts";
import { ensureToken } from "../rancher/account-secret.ts";
import { core } from "../rancher/resources.ts";
import type { AgentProcess } from "./process.ts";

const ACCOUNT = { namespace: "cattle-system", name: "cattle" };
const CONFIG_MAPS = core("configmaps", ACCOUNT.namespace);
/** How long Kubernetes is given to fill a Secret that was just made. */
const FILLED_MS = 500;

/**
 * The header `X-API-Tunnel-Params`, read once per process: where the cluster's API is, with which token Rancher may
 * use it, and which CA it has. Rancher takes it over on every connection.
 */
export async function connectionParameters(agent: AgentProcess): Promise<string> {
  const { client, env } = agent.context;
  const roots = await client.get(CONFIG_MAPS, "kube-root-ca.crt");
  const token = await accountToken(agent);
  const cluster = {
    address: `${env.KUBERNETES_SERVICE_HOST ?? "10.43.0.1"}:${env.KUBERNETES_SERVICE_PORT ?? "443"}`,
    token,
    caCert: Buffer.from(dataOf(roots)["ca.crt"] ?? "").toString("base64"),
  };
  return Buffer.from(JSON.stringify({ cluster })).toString("base64");
}

/** What the account's Secret holds, also where the cluster refuses it by now: it is never tried (rancher.md §7.2). */
async function accountToken(agent: AgentProcess): Promise<string> {
  for (;;) {
    const token = await ensureToken(agent.context.client, ACCOUNT);
    if (token !== undefined || agent.signal.aborted) return token ?? "";
    await agent.sleep(FILLED_MS);
  }
}

function dataOf(object: KubeObject | undefined): Readonly<Record<string, string>> {
  const data = object?.data;
  if (typeof data !== "object" || data === null) return {};
  return Object.fromEntries(Object.entries(data).filter(([, value]) => typeof value === "string"));
}
