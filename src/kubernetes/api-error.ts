/** What an API server, or the way to it, answered instead of the thing that was asked for. */
import { type ErrorCode, EXIT, FarrierError } from "../errors.ts";

/**
 * - `transient`: the same request may work in a moment: network, 429, 5xx, a proxy's HTML page.
 * - `conflict`: somebody else changed the object, or has made it.
 * - `permanent`: asking again gives the same answer.
 * - `deadline`: what was waited for did not come in time.
 */
export type ApiErrorKind = "transient" | "conflict" | "permanent" | "deadline";

export interface ApiErrorFacts {
  readonly kind: ApiErrorKind;
  readonly code: Extract<ErrorCode, `api.${string}`>;
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** The API's own word: `Forbidden`, `Conflict`, `NotFound`; for the network, the system's: `ECONNREFUSED`. */
  readonly reason: string;
  /** Which API server: `the management cluster`, `cluster c-abc12`, `Rancher`. */
  readonly server: string;
  /** The server's `Retry-After`, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly hint?: string;
  readonly cause?: unknown;
}

/** Raised by everything that talks to an API server. Its message names the server, the request and the answer. */
export class ApiError extends FarrierError {
  readonly kind: ApiErrorKind;
  readonly status: number;
  readonly reason: string;
  readonly server: string;
  readonly retryAfterMs: number | undefined;
  readonly #facts: ApiErrorFacts;

  constructor(sentence: string, facts: ApiErrorFacts) {
    super(facts.code, sentence, {
      ...(facts.hint === undefined ? {} : { hint: facts.hint }),
      ...(facts.cause === undefined ? {} : { cause: facts.cause }),
    });
    this.name = "ApiError";
    this.#facts = facts;
    this.kind = facts.kind;
    this.status = facts.status;
    this.reason = facts.reason;
    this.server = facts.server;
    this.retryAfterMs = facts.retryAfterMs;
  }

  /** The same with another hint; it can still be told whether to try again. */
  withHint(hint: string): ApiError {
    return new ApiError(this.message, { ...this.#facts, hint, cause: this });
  }

  /** Trying the same request again may work. */
  get transient(): boolean {
    return this.kind === "transient";
  }
}

/** What was asked, for sentences. */
export interface Asked {
  readonly server: string;
  /** `read secrets/tls-ca in cattle-system`. */
  readonly what: string;
  /** The answer may repeat values of a Secret, so its text must not be shown. */
  readonly secret?: boolean;
}

/** Turns an HTTP answer that is not success into an error. `body` is the answer's text, of whatever kind. */
export function errorOfAnswer(
  asked: Asked,
  answer: { readonly status: number; readonly body: string; readonly retryAfter?: string | undefined },
): ApiError {
  const status = readStatus(answer.body);
  const told = asked.secret === true || status.message === "" ? "" : `: ${status.message}`;
  const reason = status.reason === "" ? standardReason(answer.status) : status.reason;
  const seconds = Number(answer.retryAfter);
  return new ApiError(`${capital(asked.server)} answered ${answer.status} (${reason}) to: ${asked.what}${told}`, {
    ...classify(answer.status),
    status: answer.status,
    reason,
    server: asked.server,
    ...(Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}),
  });
}

/** Turns a failure of the connection into an error. What made the connection may have said in words why it could not. */
export function errorOfConnection(asked: Asked, cause: unknown): ApiError {
  if (cause instanceof FarrierError) {
    return new ApiError(`${capital(asked.server)} could not be reached to: ${asked.what}. ${cause.message}`, {
      status: 0,
      reason: cause.code,
      server: asked.server,
      cause,
      hint: cause.hint,
      // What a person has named wrongly stays wrong.
      kind: cause.exitCode === EXIT.badInput ? "permanent" : "transient",
      code: "api.unreachable",
    });
  }
  const reason = connectionReason(cause);
  const facts = { status: 0, reason, server: asked.server, cause };
  if (isCertificateReason(reason)) {
    return new ApiError(`${capital(asked.server)} presents a certificate that is not trusted (${reason}).`, {
      ...facts,
      kind: "permanent",
      code: "api.untrusted",
    });
  }
  return new ApiError(`${capital(asked.server)} could not be reached (${reason}) to: ${asked.what}`, {
    ...facts,
    kind: "transient",
    code: "api.unreachable",
  });
}

/** A success that is not what the API answers: a proxy's page, or a cut-off body. */
export function errorOfBody(asked: Asked, status: number, what: string): ApiError {
  return new ApiError(`${capital(asked.server)} answered with ${what} to: ${asked.what}`, {
    kind: "transient",
    code: "api.unavailable",
    status,
    reason: "UnexpectedBody",
    server: asked.server,
  });
}

function classify(status: number): { kind: ApiErrorKind; code: ApiErrorFacts["code"] } {
  if (status === 401) return { kind: "permanent", code: "api.unauthorized" };
  if (status === 403) return { kind: "permanent", code: "api.forbidden" };
  if (status === 404) return { kind: "permanent", code: "api.not-found" };
  if (status === 409) return { kind: "conflict", code: "api.conflict" };
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    return { kind: "transient", code: "api.unavailable" };
  }
  return { kind: "permanent", code: "api.refused" };
}

/**
 * A Status object of Kubernetes, or an error object of Rancher's own API or of its proxy (`Message`); anything else says
 * nothing.
 */
function readStatus(body: string): { reason: string; message: string } {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== "object" || parsed === null) return { reason: "", message: "" };
    const text = (key: string): string => {
      const value: unknown = Reflect.get(parsed, key);
      return typeof value === "string" ? value : "";
    };
    return { reason: text("reason") || text("code"), message: oneLine(text("message") || text("Message")) };
  } catch {
    return { reason: "", message: "" };
  }
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > 500 ? `${line.slice(0, 500)}…` : line;
}

function standardReason(status: number): string {
  const words: Readonly<Record<number, string>> = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "ServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "Timeout",
  };
  return words[status] ?? "Unknown";
}

/** The most telling code in an error and its causes. */
function connectionReason(cause: unknown): string {
  for (let error: unknown = cause, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth++) {
    if (error instanceof AggregateError && error.errors.length > 0) return connectionReason(error.errors[0]);
    if ("code" in error && typeof error.code === "string") return error.code;
  }
  return cause instanceof Error ? cause.name : "unknown";
}

function isCertificateReason(reason: string): boolean {
  return (
    /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|PATH_LENGTH|HOSTNAME_MISMATCH)/.test(reason) ||
    reason === "ERR_TLS_CERT_ALTNAME_INVALID"
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
