/** HTTP, and WebSockets that tell, to one API server as one account: connections are kept, answers are not looked into. */

import { Agent, request } from "undici";
import type { TunnelHandler, TunnelRequest, TunnelResponse } from "../../../src/sandbox/rancher/tunnel.ts";
import { upgraded } from "./upgraded.ts";

export interface Account {
  /** Asked for each request: a token may be made when it is first needed. */
  authorization(): Promise<string>;
}

/** Headers of an answer that belong to one connection. */
const OF_THE_CONNECTION = new Set(["connection", "transfer-encoding", "keep-alive", "content-length"]);

/** The connections to one API server, shared by all accounts that talk to it. */
export class Wire {
  readonly url: string;
  /** By what the server is verified with, PEM. */
  readonly #agents = new Map<string, Agent>();
  #caPem: string;

  /** @param caPem what to verify the server with */
  constructor(url: string, caPem: string) {
    this.url = url;
    this.#caPem = caPem;
  }

  /** The API as this account has it, in the form in which an agent answers what comes through its tunnel. */
  as(account: Account): TunnelHandler {
    return async (asked, signal) => {
      const headers = { ...asked.headers, authorization: await account.authorization() };
      return await this.#send({ ...asked, headers }, signal, this.#caPem);
    };
  }

  /** The API for whoever asks with a token of their own, and with the CA that they trust. */
  async forwarded(asked: TunnelRequest, signal: AbortSignal): Promise<TunnelResponse> {
    return await this.#send(asked, signal, asked.ca ?? this.#caPem);
  }

  /** The server has another certificate now; what is open over the one of before ends. */
  async trust(caPem: string): Promise<void> {
    this.#caPem = caPem;
    await this.close();
  }

  /** Breaks off what is still open: watches above all. */
  async close(): Promise<void> {
    const agents = [...this.#agents.values()];
    this.#agents.clear();
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  async #send(
    { method, path, headers, body }: TunnelRequest,
    signal: AbortSignal,
    caPem: string,
  ): Promise<TunnelResponse> {
    if (headers.upgrade === "websocket") return await upgraded({ url: this.url + path, caPem, headers, signal });
    const answer = await request(this.url + path, {
      method: method as "GET",
      headers,
      ...(body.length === 0 ? {} : { body: Buffer.from(body) }),
      dispatcher: this.#agentFor(caPem),
      signal,
    });
    const kept = Object.entries(answer.headers).flatMap(([name, value]) =>
      value === undefined || OF_THE_CONNECTION.has(name) ? [] : [[name, String(value)] as const],
    );
    return { status: answer.statusCode, headers: Object.fromEntries(kept), body: answer.body };
  }

  #agentFor(caPem: string): Agent {
    // A watch holds a connection of its own, and there are many of them.
    const agent = this.#agents.get(caPem) ?? new Agent({ connect: { ca: caPem }, bodyTimeout: 0, pipelining: 1 });
    this.#agents.set(caPem, agent);
    return agent;
  }
}

export function bearer(token: string): Account {
  return { authorization: () => Promise.resolve(`Bearer ${token}`) };
}
