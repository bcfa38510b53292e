/**
 * What an agent in a real container needs of a Rancher for its start check and its tunnel, and nothing else: a server
 * that serves one of two bundles. Who starts, exits and is connected is seen from its end of the connections.
 */

import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { WebSocketServer } from "ws";
import { realClock } from "../../../src/sandbox/clock.ts";
import type { Authority, createPki } from "../../../src/sandbox/scenario/authority.ts";
import { AgentRecord, type Start } from "../../sandbox-controllers/agent-record.ts";

/** An agent calls the server by this URL, so that every request says whose it is: see `environment`. */
const PATH = /^\/(?<pod>[^/]+)\/(?<pin>[0-9a-f]{64})(?<rest>\/.*)?$/;

export class ServedPins extends AgentRecord {
  readonly pins: { readonly present: string; readonly next: string };
  /** The pin of the bundle that is served now. */
  served: string;
  readonly #clock = realClock();
  readonly #bundles: ReadonlyMap<string, string>;
  readonly #server: Server;
  readonly #tunnels = new WebSocketServer({ noServer: true });

  private constructor(server: Server, bundles: { readonly present: string; readonly next: string }) {
    super();
    this.#server = server;
    this.pins = { present: pinOf(bundles.present), next: pinOf(bundles.next) };
    this.#bundles = new Map([
      [this.pins.present, bundles.present],
      [this.pins.next, bundles.next],
    ]);
    this.served = this.pins.present;
  }

  static async start({ today, newAuthority }: Awaited<ReturnType<typeof createPki>>): Promise<ServedPins> {
    const [{ certificate: cert, key }, tomorrow] = await Promise.all([today.issue(), newAuthority("Tomorrow")]);
    // Only the end of a process is to end its connection.
    const server = createServer({ cert, key, keepAliveTimeout: 0 });
    const pins = new ServedPins(server, { present: bundleOf(today), next: bundleOf(today, tomorrow) });
    server.on("request", (request, response) => pins.#answer(request, response));
    server.on("upgrade", (request, socket, head) => {
      pins.#tunnels.handleUpgrade(request, socket, head, (tunnel) => {
        const { pod, pin } = callerOf(request);
        pins.connect(pod, pin, pins.#clock);
        tunnel.once("close", () => pins.disconnect(pod, pins.#clock));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return pins;
  }

  /** Of an agent's container. The variables that others refer to come first. */
  get environment(): readonly object[] {
    // It listens on a port, not on a path.
    const { port } = this.#server.address() as AddressInfo;
    return [
      { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      { name: "CATTLE_CA_CHECKSUM", value: this.pins.present },
      { name: "CATTLE_SERVER", value: `https://localhost:${port}/$(POD_NAME)/$(CATTLE_CA_CHECKSUM)` },
      { name: "CATTLE_CLUSTER", value: "true" },
    ];
  }

  async stop(): Promise<void> {
    for (const tunnel of this.#tunnels.clients) tunnel.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    this.#clock.stop();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pod, pin, rest } = callerOf(request);
    if (rest === "/ping") this.#see(request.socket, { pod, pin, at: this.#clock.now() });
    const isSetting = rest === "/v3/settings/cacerts";
    response.end(isSetting ? JSON.stringify({ value: this.#bundles.get(this.served) }) : "pong");
  }

  #see(socket: Socket, facts: Omit<Start, "exitedAt">): void {
    const start = this.begin(facts);
    // A process keeps the connection of its first request until it ends.
    socket.once("close", () => this.end(start, this.#clock.now()));
  }
}

function callerOf(request: IncomingMessage): { pod: string; pin: string; rest: string } {
  const { pod = "", pin = "", rest = "" } = PATH.exec(request.url ?? "")?.groups ?? {};
  return { pod, pin, rest };
}

function bundleOf(...authorities: readonly Authority[]): string {
  return authorities
    .map(({ bundle }) => bundle)
    .join("")
    .trim();
}

/** rancher.md §3: of the setting's value and a newline. */
function pinOf(value: string): string {
  return createHash("sha256").update(`${value}\n`).digest("hex");
}
