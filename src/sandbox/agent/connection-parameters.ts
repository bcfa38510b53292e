import type { KubeObject } from "../cluster-client.ts";
import { ensureToken, textOf } from "../rancher/account-secret.ts";
import { recordOf } from "../rancher/norman.ts";
import { isRancherVersion, rancherProfile } from "../rancher/profile.ts";
import { core } from "../rancher/resources.ts";
import type { AgentProcess } from "./process.ts";

const ACCOUNT = { namespace: "cattle-system", name: "cattle" };
const CONFIG_MAPS = core("configmaps", ACCOUNT.namespace);
/** How long Kubernetes is given to fill a Secret that was just made. */
const FILLED_MS = 500;

/**
 * The header `X-API-Tunnel-Params`, read once per process: where the cluster's API is, with which token Rancher may
 * use it, and which CA it has. Rancher takes it over on every connection.
 * @returns what writes it, since it is 2 KB in each of hundreds of agents; undefined where the agent ends, since there
 *   is no token and its version makes none
 */
export async function connectionParameters(agent: AgentProcess): Promise<(() => string) | undefined> {
  const { env, container } = agent.context;
  const version = container.image.split(":").at(-1) ?? "";
  const isOld = isRancherVersion(version) && rancherProfile(version).firstSecret;
  const own = isOld ? await firstSecret(agent) : await madeSecret(agent);
  if (own === undefined) return undefined;
  const address = `${env.KUBERNETES_SERVICE_HOST ?? "10.43.0.1"}:${env.KUBERNETES_SERVICE_PORT ?? "443"}`;
  return () => header(address, own);
}

function header(address: string, { token, ca }: OwnAccess): string {
  const cluster = { address, token, caCert: Buffer.from(ca).toString("base64") };
  return Buffer.from(JSON.stringify({ cluster })).toString("base64");
}

interface OwnAccess {
  readonly token: string;
  /** PEM. */
  readonly ca: string;
}

async function madeSecret(agent: AgentProcess): Promise<OwnAccess> {
  const roots = await agent.context.client.get(CONFIG_MAPS, "kube-root-ca.crt");
  return { token: await accountToken(agent), ca: dataOf(roots)["ca.crt"] ?? "" };
}

/** Agents of Rancher < 2.6.7: what Kubernetes has given the account, and nothing else (rancher.md §7.2). */
async function firstSecret(agent: AgentProcess): Promise<OwnAccess | undefined> {
  const { client } = agent.context;
  const { namespace, name } = ACCOUNT;
  const account = await client.get(core("serviceaccounts", namespace), name);
  const references: unknown = recordOf(account).secrets;
  const first = Array.isArray(references) ? recordOf(references[0]).name : undefined;
  const secret = typeof first === "string" ? await client.get(core("secrets", namespace), first) : undefined;
  const token = textOf(secret, "token");
  if (token !== undefined) return { token, ca: textOf(secret, "ca.crt") ?? "" };
  const why = `no secret exists for service account ${namespace}/${name}`;
  agent.log("fatal", `looking up ${namespace}/${name} ca/token: ${why}`);
  return undefined;
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
