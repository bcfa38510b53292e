import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import { bodyOf, sendJson, sendText } from "../rancher/response.ts";
import type { Fault } from "./faults.ts";
import { parseFault } from "./faults.ts";
import type { Statistics } from "./statistics.ts";

/** What the endpoint lets other processes do with the sandbox. */
export interface Controlled {
  statistics(): Statistics;
  clusters(): readonly { readonly id: string; readonly name: string; readonly connected: boolean }[];
  /** Of now: certificates of clusters may have changed since the sandbox began. */
  kubeconfig(): string;
  inject(fault: Fault): Promise<void>;
  restartAgent(cluster: string): Promise<void>;
}

const ROOT = "/farrier-sandbox";
const restartSchema = z.strictObject({ cluster: z.string() });

/** Statistics and faults over plain HTTP on the loopback address, for tests that run the product as a process. */
export class ControlEndpoint {
  readonly #server: Server;
  readonly #controlled: Controlled;

  constructor(controlled: Controlled) {
    this.#controlled = controlled;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        sendJson(response, 400, { message: error instanceof Error ? error.message : String(error) });
      });
    });
  }

  /** @returns its URL, to which `/statistics`, `/clusters`, `/faults` and `/restart-agent` are appended */
  listen(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", () => {
        // A listening TCP server always has an address with a port.
        const { port } = this.#server.address() as AddressInfo;
        resolve(`http://127.0.0.1:${port}${ROOT}`);
      });
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    switch (`${request.method} ${request.url?.slice(ROOT.length)}`) {
      case "GET /statistics":
        return sendJson(response, 200, this.#controlled.statistics());
      case "GET /clusters":
        return sendJson(response, 200, this.#controlled.clusters());
      case "GET /kubeconfig":
        return sendText(response, 200, this.#controlled.kubeconfig());
      case "POST /faults":
        await this.#controlled.inject(parseFault(JSON.parse((await bodyOf(request)).toString())));
        response.writeHead(204).end();
        return;
      case "POST /restart-agent": {
        const { cluster } = restartSchema.parse(JSON.parse((await bodyOf(request)).toString()));
        await this.#controlled.restartAgent(cluster);
        response.writeHead(204).end();
        return;
      }
      default:
        sendJson(response, 404, { message: `${request.url} is not part of the control endpoint` });
    }
  }
}
