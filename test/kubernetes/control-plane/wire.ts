/** HTTP to one API server, as one account: connections are kept, answers are not looked into. */

import { Agent, request } from "undici";
import type { TunnelHandler } from "../../../src/sandbox/rancher/tunnel.ts";

export interface Account {
  /** Asked for each request: a token may be made when it is first needed. */
  authorization(): Promise<string>;
}

/** Headers of an answer that belong to one connection. */
const OF_THE_CONNECTION = new Set(["connection", "transfer-encoding", "keep-alive", "content-length"]);

/** The connections to one API server, shared by all accounts that talk to it. */
export class Wire {
  readonly url: string;
  readonly #agent: Agent;

  /** @param caPem what to verify the server with */
  constructor(url: string, caPem: string) {
    this.url = url;
    // A watch holds a connection of its own, and there are many of them.
    this.#agent = new Agent({ connect: { ca: caPem }, bodyTimeout: 0, pipelining: 1 });
  }

  /** The API as this account has it, in the form in which an agent answers what comes through its tunnel. */
  as(account: Account): TunnelHandler {
    return async ({ method, path, headers, body }, signal) => {
      const answer = await request(this.url + path, {
        method: method as "GET",
        headers: { ...headers, authorization: await account.authorization() },
        ...(body.length === 0 ? {} : { body: Buffer.from(body) }),
        dispatcher: this.#agent,
        signal,
      });
      const kept = Object.entries(answer.headers).flatMap(([name, value]) =>
        value === undefined || OF_THE_CONNECTION.has(name) ? [] : [[name, String(value)] as const],
      );
      return { status: answer.statusCode, headers: Object.fromEntries(kept), body: answer.body };
    };
  }

  /** Breaks off what is still open: watches above all. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

export function bearer(token: string): Account {
  return { authorization: () => Promise.resolve(`Bearer ${token}`) };
}
