import type { KubeObject } from "../cluster-client.ts";
import type { Caller } from "./authentication.ts";
import { deleteToken, makeClusterToken } from "./cluster-token.ts";
import { endpointKubeconfig, userKubeconfig } from "./kubeconfig.ts";
import {
  clusterOf,
  collectionOf,
  type NormanObject,
  normanError,
  recordOf,
  registrationTokenOf,
  settingOf,
  tokenOf,
  userOf,
} from "./norman.ts";
import { ALL_REGISTRATION_TOKENS, CLUSTERS, core, SETTINGS, TOKENS, USERS } from "./resources.ts";
import { sendJson } from "./response.ts";
import type { Exchange, ServerContext } from "./server.ts";

/** One request to Rancher's own API, with what its answer depends on. */
interface Asked {
  readonly context: ServerContext;
  readonly caller: Caller;
  readonly url: URL;
  /** The part of the path after the collection; empty for the collection itself. */
  readonly id: string;
  readonly base: string;
}

type Answer = NormanObject | undefined;

const COLLECTIONS: Readonly<Record<string, (asked: Asked) => Answer | Promise<Answer>>> = {
  settings: answerSettings,
  clusters: answerClusters,
  users: answerUsers,
  tokens: answerTokens,
  clusterregistrationtokens: answerRegistrationTokens,
};

/** `/v3/…` for an authenticated caller. What does not exist is Rancher's 404. */
export async function answerApi(exchange: Exchange, context: ServerContext, caller: Caller): Promise<void> {
  const { request, response, url } = exchange;
  const base = context.world.serverUrl;
  const [, , collection = "", id = ""] = url.pathname.split("/").map(decodeURIComponent);
  const handler = COLLECTIONS[collection.toLowerCase()];
  if (url.pathname === "/v3" || url.pathname === "/v3/") return sendJson(response, 200, root(base));
  const action = url.searchParams.get("action");
  if (
    request.method === "DELETE" &&
    collection.toLowerCase() === "tokens" &&
    (await deleteToken(id, caller, context))
  ) {
    response.writeHead(204).end();
    return;
  }
  if (request.method !== "GET" && action !== "generateKubeconfig") {
    return sendJson(response, 405, normanError(405, "MethodNotAllowed", "Method not allowed"));
  }
  const answer = await handler?.({ context, caller, url, id, base });
  if (answer === undefined)
    return sendJson(response, 404, normanError(404, "NotFound", `${collection} ${id} not found`));
  const given = action === "generateKubeconfig" ? await kubeconfigFor(id, exchange, { context, caller }) : answer;
  sendJson(response, 200, given);
}

function root(base: string): NormanObject {
  const links = Object.fromEntries(Object.keys(COLLECTIONS).map((name) => [name, `${base}/v3/${name}`]));
  return {
    type: "apiRoot",
    baseType: "apiRoot",
    apiVersion: { version: "v3" },
    links: { ...links, self: `${base}/v3` },
  };
}

async function kubeconfigFor(
  id: string,
  { request }: Exchange,
  { context, caller }: Pick<Asked, "context" | "caller">,
): Promise<NormanObject> {
  const token = (request.headers.authorization ?? "").replace(/^Bearer /, "");
  const facts = { server: context.world.serverUrl, bundle: context.settings.value("cacerts"), token };
  const spec = recordOf((await context.client.get(CLUSTERS, id))?.spec);
  const { enabled, fqdn, caCerts } = recordOf(spec.localClusterAuthEndpoint);
  const endpoint = { fqdn: String(fqdn ?? ""), caCerts: String(caCerts ?? "") };
  const generates = context.settings.value("kubeconfig-generate-token") !== "false";
  const config =
    enabled === true
      ? endpointKubeconfig(
          { id, name: String(spec.displayName), endpoint },
          { ...facts, token: generates ? await makeClusterToken(id, caller, context) : undefined },
        )
      : userKubeconfig(id, facts);
  return { baseType: "generateKubeConfigOutput", type: "generateKubeConfigOutput", config };
}

async function answerSettings({ context, id, base, url }: Asked): Promise<Answer> {
  if (id === "") {
    const { items } = await context.client.list(SETTINGS);
    return collectionOf(
      "setting",
      url.href,
      items.map((item) => settingOf(item, base)),
    );
  }
  const setting = context.settings.object(id);
  return setting === undefined ? undefined : settingOf(setting, base);
}

async function answerClusters({ context, id, base, url }: Asked): Promise<Answer> {
  const { hidden } = context.world.conduct;
  if (id !== "") {
    const cluster = hidden.has(id) ? undefined : await context.client.get(CLUSTERS, id);
    return cluster === undefined ? undefined : clusterOf(cluster, base);
  }
  const { items } = await context.client.list(CLUSTERS);
  const name = url.searchParams.get("name");
  const visible = items.filter((item) => !hidden.has(item.metadata.name));
  const clusters = visible.map((item) => clusterOf(item, base)).filter((item) => name === null || item.name === name);
  return collectionOf("cluster", url.href, clusters);
}

async function answerUsers({ context, caller, id, base, url }: Asked): Promise<Answer> {
  const { items } = await context.client.list(USERS);
  const users = items.map((user) => userOf(user, { base, me: user.metadata.name === caller.userId }));
  if (id !== "") return users.find((user) => user.id === id);
  return collectionOf(
    "user",
    url.href,
    url.searchParams.get("me") === "true" ? users.filter((user) => user.me) : users,
  );
}

async function answerTokens({ context, caller, id, base, url }: Asked): Promise<Answer> {
  const now = context.clock.now();
  const shown = (token: KubeObject) =>
    tokenOf(token, { base, now, current: token.metadata.name === caller.token.metadata.name });
  if (id !== "") {
    const token = await context.client.get(TOKENS, id);
    return token === undefined ? undefined : shown(token);
  }
  const { items } = await context.client.list(TOKENS);
  return collectionOf("token", url.href, items.filter((token) => token.userId === caller.userId).map(shown));
}

async function answerRegistrationTokens({ context, id, base, url }: Asked): Promise<Answer> {
  const clusterId = id === "" ? url.searchParams.get("clusterId") : (id.split(":")[0] ?? "");
  const collection =
    clusterId === null ? ALL_REGISTRATION_TOKENS : { ...ALL_REGISTRATION_TOKENS, namespace: clusterId };
  const { items } = await context.client.list(collection);
  const shown = await Promise.all(
    items.map(async (item) => registrationTokenOf(item, { base, token: await tokenIn(item, context) })),
  );
  return id === "" ? collectionOf("clusterRegistrationToken", url.href, shown) : shown.find((item) => item.id === id);
}

async function tokenIn(object: KubeObject, { client }: ServerContext): Promise<string> {
  const { token, tokenSecretName } = recordOf(object.status);
  if (typeof tokenSecretName !== "string" || tokenSecretName === "") return String(token ?? "");
  const secret = await client.get(core("secrets", object.metadata.namespace ?? ""), tokenSecretName);
  return Buffer.from(String(recordOf(secret?.data).token ?? ""), "base64").toString();
}
