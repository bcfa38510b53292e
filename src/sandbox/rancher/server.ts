import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "../clock.ts";
import type { ClusterClient } from "../cluster-client.ts";
import { refuse, type Upgrade } from "../message-stream.ts";
import { answerApi } from "./api.ts";
import { authenticate, type Caller } from "./authentication.ts";
import { proxyToCluster, upgradeToCluster } from "./cluster-proxy.ts";
import { AgentEndpoint } from "./connect.ts";
import type { Impersonation } from "./impersonation.ts";
import { normanError } from "./norman.ts";
import { answerPublic } from "./public-endpoints.ts";
import { sendJson } from "./response.ts";
import type { SettingMemory } from "./setting-memory.ts";
import type { RancherWorld } from "./world.ts";

/** What one Rancher process has at hand when it answers. */
export interface ServerContext {
  readonly world: RancherWorld;
  readonly settings: SettingMemory;
  readonly impersonation: Impersonation;
  readonly client: ClusterClient;
  readonly clock: Clock;
  /** When the process began to serve. */
  readonly since: Date;
  readonly pod: string;
  readonly log: (level: "INFO" | "ERROR", line: string) => void;
}

/** One request on its way through Rancher. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

/** The HTTP side of one Rancher process. */
export class RancherServer {
  readonly #context: ServerContext;
  readonly #agents: AgentEndpoint;
  readonly #open = new Set<ServerResponse>();
  readonly #sockets = new Set<Duplex>();

  constructor(context: ServerContext) {
    this.#context = context;
    this.#agents = new AgentEndpoint(context);
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", this.#context.world.serverUrl);
    this.#open.add(response);
    response.on("close", () => this.#open.delete(response));
    this.#route({ request, response, url }).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, normanError(500, "ServerError", message));
    });
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if ((request.url ?? "").startsWith("/k8s/clusters/")) this.#passOn({ request, socket, head });
    else this.#agents.upgrade(request, socket, head);
  }

  #passOn(upgrade: Upgrade): void {
    const { socket } = upgrade;
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    upgradeToCluster(upgrade, this.#context).catch((error: unknown) => {
      refuse(socket, 500, error instanceof Error ? error.message : String(error));
    });
  }

  /** The process ends: what it was answering breaks off, watches included. */
  close(): void {
    this.#agents.close();
    for (const response of this.#open) response.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #route(exchange: Exchange): Promise<void> {
    const { response, request, url } = exchange;
    const refusal = url.pathname.startsWith("/k8s/") ? this.#context.world.conduct.refusal() : undefined;
    if (refusal !== undefined) return sendJson(response, refusal, faultBody(refusal));
    if (await answerPublic(exchange, this.#context)) return;
    const { client, clock } = this.#context;
    const caller = await authenticate(request.headers.authorization, client, clock.now());
    if (caller === undefined) return unauthorized(response);
    await this.#routeAuthenticated(exchange, caller);
  }

  async #routeAuthenticated(exchange: Exchange, caller: Caller): Promise<void> {
    const path = exchange.url.pathname;
    if (path.startsWith("/k8s/clusters/") || /^\/(apis?|version|openapi)(\/|$)/.test(path)) {
      return proxyToCluster(exchange, this.#context, caller);
    }
    if (path.startsWith("/v3/") || path === "/v3") return answerApi(exchange, this.#context, caller);
    sendJson(exchange.response, 404, normanError(404, "NotFound", `${path} was not found`));
  }
}

/** As Rancher answers an absent, wrong or expired token. */
function unauthorized(response: ServerResponse): void {
  sendJson(response, 401, { type: "error", status: "401", message: "Unauthorized 401: must authenticate" });
}

/** What an overloaded API server answers through the proxy. */
function faultBody(status: number): Record<string, unknown> {
  const reason = status === 429 ? "TooManyRequests" : status === 409 ? "Conflict" : "InternalError";
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "injected",
    reason,
    code: status,
  };
}
