import type { KubeObject } from "../cluster-client.ts";
import { importManifest } from "./import-manifest.ts";
import { normanError, settingOf } from "./norman.ts";
import { send, sendJson, sendText } from "./response.ts";
import type { Exchange, ServerContext } from "./server.ts";

/** For so long after the start `/cacerts` is not there yet, in milliseconds of sandbox time (rancher.md §0a row 2). */
const AGGREGATION_MS = 8000;

/** Answers what needs no token. @returns whether this was such a request */
export async function answerPublic(exchange: Exchange, context: ServerContext): Promise<boolean> {
  const { response, url } = exchange;
  const { world, settings } = context;
  switch (url.pathname) {
    case "/ping":
      sendText(response, 200, "pong");
      return true;
    case "/healthz":
      sendText(response, 200, "ok");
      return true;
    case "/rancherversion":
      sendJson(response, 200, { Version: world.profile.version, GitCommit: "0000000", RancherPrime: "false" });
      return true;
    case "/":
      send(response, { status: 200, type: "text/html", body: "<!DOCTYPE html><title>Rancher</title>" });
      return true;
    case "/cacerts":
      answerBundle(exchange, context);
      return true;
    case "/v3/settings/cacerts":
      answerBundleSetting(exchange, settings.object("cacerts"), world.serverUrl);
      return true;
    default:
      return url.pathname.startsWith("/v3/import/") ? answerImport(exchange, context) : false;
  }
}

function answerBundle({ response }: Exchange, { settings, clock, since }: ServerContext): void {
  const value = settings.value("cacerts");
  if (clock.elapsed(since) < AGGREGATION_MS) sendText(response, 503, "API Aggregation not ready");
  else sendText(response, 200, value === "" || value.endsWith("\n") ? value : `${value}\n`);
}

function answerBundleSetting({ request, response }: Exchange, setting: KubeObject | undefined, base: string): void {
  if (request.method !== "GET") {
    const message = request.method === "DELETE" ? "Cannot delete readOnly setting cacerts." : "cacerts is readOnly";
    sendJson(response, 405, normanError(405, "MethodNotAllowed", message));
  } else if (setting === undefined) {
    sendJson(response, 404, normanError(404, "NotFound", "settings.management.cattle.io cacerts not found"));
  } else {
    sendJson(response, 200, settingOf(setting, base));
  }
}

/** The same for who asks the pod itself. */
export function bundleAnswer(
  path: string,
  setting: KubeObject | undefined,
  base: string,
): { readonly status: number; readonly body: string } {
  if (path !== "/v3/settings/cacerts" || setting === undefined) {
    return { status: 404, body: JSON.stringify(normanError(404, "NotFound", `${path} not found`)) };
  }
  return { status: 200, body: JSON.stringify(settingOf(setting, base)) };
}

const IMPORT_PATH = /^\/v3\/import\/([a-z0-9]+)_([a-z0-9-]+)\.yaml$/;

function answerImport({ response, url }: Exchange, context: ServerContext): boolean {
  const [, token = "", clusterId = ""] = IMPORT_PATH.exec(url.pathname) ?? [];
  if (clusterId === "") {
    sendJson(response, 400, normanError(400, "InvalidFormat", "invalid filename format, …"));
  } else if (context.world.registrationTokens.get(token) !== clusterId) {
    sendJson(response, 400, normanError(400, "InvalidFormat", "cluster not found or invalid token"));
  } else {
    send(response, { status: 200, type: "text/plain", body: importManifest(context, token) });
  }
  return true;
}
