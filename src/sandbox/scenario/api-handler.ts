import type { ApiServer } from "../api-server/api-server.ts";
import type { User } from "../api-server/authorization.ts";
import type { ApiResponse } from "../api-server/http-exchange.ts";
import type { TunnelHandler } from "../rancher/tunnel.ts";

/**
 * A cluster's API as it is reached from inside: by the agent for what comes through its tunnel, by Rancher for its
 * own cluster. The requests are this account's, which may impersonate others, unless they bring a token of their own.
 */
export function apiHandler(server: ApiServer, account: User): TunnelHandler {
  return async ({ method, path, headers, body }, signal) => {
    const content = body.length === 0 ? {} : { body };
    const user = headers.authorization === undefined ? { user: account } : {};
    const response = await server.handle({ method, path, headers, signal, ...user, ...content });
    return { status: response.status, headers: headersOf(response), body: bytesOf(response.body) };
  };
}

function headersOf({ headers, body }: ApiResponse): Readonly<Record<string, string>> {
  return typeof body === "string" ? { ...headers, "content-length": String(Buffer.byteLength(body)) } : headers;
}

async function* bytesOf(body: string | AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  if (typeof body === "string") yield Buffer.from(body);
  else for await (const chunk of body) yield Buffer.from(chunk);
}
