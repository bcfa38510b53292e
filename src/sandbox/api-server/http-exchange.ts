/** A request to the API and its answer, apart from any socket: the TLS front and Rancher's tunnels both speak it. */

import type { ApiError } from "../cluster-client.ts";
import type { User } from "./authorization.ts";
import { statusBody } from "./status-errors.ts";
import type { TextStream } from "./text-stream.ts";

export interface ApiRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** Names in lower case; several values of one name in an array. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: string | Uint8Array;
  /** Whoever has been authenticated already, by a client certificate. Otherwise a bearer token is looked for. */
  readonly user?: User;
  /** Aborted when the caller is gone: ends streams and waits. */
  readonly signal?: AbortSignal;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Whole, or as it comes (watches, followed logs). A reader that has enough calls the iterator's `return()`. */
  readonly body: string | TextStream;
}

export function json(status: number, value: unknown): ApiResponse {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}

export function plainText(status: number, text: string): ApiResponse {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body: text };
}

export function failure(error: ApiError): ApiResponse {
  const response = json(error.status, statusBody(error));
  const seconds = error.details.retryAfterSeconds;
  if (typeof seconds !== "number") return response;
  return { ...response, headers: { ...response.headers, "retry-after": String(seconds) } };
}

/** The single value of a header. */
export function header(request: ApiRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : value?.[0];
}

/** All values of a header that may come several times. */
export function headerValues(request: ApiRequest, name: string): readonly string[] {
  const value = request.headers[name];
  return value === undefined ? [] : typeof value === "string" ? [value] : value;
}
