import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { refuse } from "../message-stream.ts";
import { takeOver } from "./registration.ts";
import type { ServerContext } from "./server.ts";
import { aggregationKey } from "./session-registry.ts";

const STV_BEARER = /^Bearer stv-cluster-(\S+)$/;

/** `/v3/connect` and `/v3/connect/register`: where agents open their two sessions. */
export class AgentEndpoint {
  readonly #server = new WebSocketServer({ noServer: true, perMessageDeflate: false, clientTracking: false });
  readonly #context: ServerContext;

  constructor(context: ServerContext) {
    this.#context = context;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { world, clock, pod, log } = this.#context;
    const path = new URL(request.url ?? "/", world.serverUrl).pathname;
    if (path !== "/v3/connect" && path !== "/v3/connect/register") {
      refuse(socket, 404, "not found");
      return;
    }
    const key = this.#sessionKey(request);
    if (key === undefined) {
      const from = request.socket.remoteAddress ?? "";
      log("ERROR", `Failed to handle tunnel request from remote address ${from}: response 400: cluster not found`);
      refuse(socket, 400, "cluster not found");
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (websocket) => {
      websocket.on("error", ignored);
      log("INFO", `Handling backend connection request [${key}]`);
      world.sessions.add(websocket, key, pod, clock.now());
      const report = request.headers["x-api-tunnel-params"];
      if (typeof report === "string") this.#takeOver(report, key);
    });
  }

  close(): void {
    this.#server.close();
  }

  #takeOver(report: string, clusterId: string): void {
    const { log } = this.#context;
    takeOver(report, clusterId, this.#context).catch((error: unknown) => {
      log("ERROR", `Failed to update cluster [${clusterId}]: ${error instanceof Error ? error.message : error}`);
    });
  }

  #sessionKey(request: IncomingMessage): string | undefined {
    const { registrationTokens } = this.#context.world;
    const tunnelToken = request.headers["x-api-tunnel-token"];
    if (typeof tunnelToken === "string") return registrationTokens.get(tunnelToken);
    const aggregation = STV_BEARER.exec(request.headers.authorization ?? "")?.[1];
    const cluster = aggregation === undefined ? undefined : registrationTokens.get(aggregation);
    return cluster === undefined ? undefined : aggregationKey(cluster);
  }
}

/** A connection that breaks is an everyday event, and `close` follows. Made here, since it would keep the whole request there. */
function ignored(): void {}
