import { describe, expect, it } from "vitest";
import { ApiError, errorOfAnswer, errorOfBody, errorOfConnection } from "./api-error.ts";

const asked = { server: "cluster c-1", what: "read secrets/tls-ca in cattle-system" };
const status = (reason: string, message: string): string => JSON.stringify({ kind: "Status", reason, message });

describe("an answer that is not success", () => {
  /** What an answer of that status is taken for, and the word for it where the body has none. */
  const rows = [
    [400, "permanent", "api.refused", 1, "BadRequest"],
    [401, "permanent", "api.unauthorized", 2, "Unauthorized"],
    [403, "permanent", "api.forbidden", 1, "Forbidden"],
    [404, "permanent", "api.not-found", 1, "NotFound"],
    [405, "permanent", "api.refused", 1, "Unknown"],
    [408, "transient", "api.unavailable", 1, "Unknown"],
    [409, "conflict", "api.conflict", 1, "Conflict"],
    [410, "permanent", "api.refused", 1, "Expired"],
    [415, "permanent", "api.refused", 1, "UnsupportedMediaType"],
    [422, "permanent", "api.refused", 1, "Invalid"],
    [425, "transient", "api.unavailable", 1, "Unknown"],
    [429, "transient", "api.unavailable", 1, "TooManyRequests"],
    [500, "transient", "api.unavailable", 1, "ServerError"],
    [502, "transient", "api.unavailable", 1, "BadGateway"],
    [503, "transient", "api.unavailable", 1, "ServiceUnavailable"],
    [504, "transient", "api.unavailable", 1, "Timeout"],
    [599, "transient", "api.unavailable", 1, "Unknown"],
  ] as const;
  it.each(rows)("%i is %s: %s, exit %i, %s", (answered, kind, code, exitCode, reason) => {
    const error = errorOfAnswer(asked, { status: answered, body: "<html>Bad Gateway</html>" });
    expect(error).toMatchObject({ kind, code, exitCode, reason, status: answered, server: "cluster c-1" });
    expect(error.transient).toBe(kind === "transient");
    expect(error.message).toBe(`Cluster c-1 answered ${answered} (${reason}) to: read secrets/tls-ca in cattle-system`);
  });

  it("that there is no such object says where to look", () => {
    const error = errorOfAnswer(asked, { status: 404, body: "" });
    expect(error.hint).toBe("Check that the kubeconfig and the context name the right cluster.");
  });

  const words = [
    ["Kubernetes' own", status("Invalid", "spec: wrong"), "Invalid", ": spec: wrong"],
    [
      "Rancher's own",
      '{"type":"error","code":"MethodNotAllowed","message":"readOnly"}',
      "MethodNotAllowed",
      ": readOnly",
    ],
    ["Kubernetes' over Rancher's where there are both", '{"reason":"Mine","code":"Other"}', "Mine", ""],
    ["on one line", status("Invalid", " spec:\n\n  wrong\t "), "Invalid", ": spec: wrong"],
    ["none where the message is no text", '{"reason":7,"message":{}}', "Conflict", ""],
    ["none in a list", "[1]", "Conflict", ""],
    ["none in null", "null", "Conflict", ""],
    ["none in half an answer", '{"reason":"Inv', "Conflict", ""],
    ["500 characters whole", status("Invalid", "x".repeat(500)), "Invalid", `: ${"x".repeat(500)}`],
    ["the first 500 characters of more", status("Invalid", "x".repeat(501)), "Invalid", `: ${"x".repeat(500)}…`],
  ] as const;
  it.each(words)("is told in its words: %s", (_, body, reason, told) => {
    const error = errorOfAnswer(asked, { status: 409, body });
    expect(error.message).toBe(`Cluster c-1 answered 409 (${reason}) to: read secrets/tls-ca in cattle-system${told}`);
  });

  it("about a Secret is told without its words, which may repeat what is in it", () => {
    const error = errorOfAnswer({ ...asked, secret: true }, { status: 422, body: status("Invalid", "tls.key: t0p") });
    expect(error.message).toBe("Cluster c-1 answered 422 (Invalid) to: read secrets/tls-ca in cattle-system");
  });

  it.each([
    ["2", 2000],
    ["0.5", 500],
    ["0", undefined],
    ["-1", undefined],
    ["Wed, 21 Oct 2026 07:28:00 GMT", undefined],
    [undefined, undefined],
  ])("Retry-After %s is %s ms", (retryAfter, retryAfterMs) => {
    expect(errorOfAnswer(asked, { status: 429, body: "", retryAfter }).retryAfterMs).toBe(retryAfterMs);
  });
});

describe("a connection that failed", () => {
  const coded = (code: unknown, more: ErrorOptions = {}): Error => Object.assign(new Error("failed", more), { code });
  const rows: [string, unknown, string, string][] = [
    ["nobody listens", coded("ECONNREFUSED"), "api.unreachable", "ECONNREFUSED"],
    ["it broke", new Error("fetch failed", { cause: coded("ECONNRESET") }), "api.unreachable", "ECONNRESET"],
    [
      "no address of several answers",
      new AggregateError([coded("EHOSTUNREACH"), coded("ETIMEDOUT")]),
      "api.unreachable",
      "EHOSTUNREACH",
    ],
    ["nothing says why", new TypeError("bad"), "api.unreachable", "TypeError"],
    ["a code that is no word", coded(7), "api.unreachable", "Error"],
    ["what was thrown is no error", "text", "api.unreachable", "unknown"],
    ["a CA that nobody trusts", coded("SELF_SIGNED_CERT_IN_CHAIN"), "api.untrusted", "SELF_SIGNED_CERT_IN_CHAIN"],
    ["a certificate by itself", coded("DEPTH_ZERO_SELF_SIGNED_CERT"), "api.untrusted", "DEPTH_ZERO_SELF_SIGNED_CERT"],
    ["an unknown issuer", coded("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "api.untrusted", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["an expired one", coded("CERT_HAS_EXPIRED"), "api.untrusted", "CERT_HAS_EXPIRED"],
    ["another host's", coded("ERR_TLS_CERT_ALTNAME_INVALID"), "api.untrusted", "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["an issuer that is no CA", coded("INVALID_CA"), "api.untrusted", "INVALID_CA"],
    ["too long a chain", coded("PATH_LENGTH_EXCEEDED"), "api.untrusted", "PATH_LENGTH_EXCEEDED"],
  ];
  it.each(rows)("%s", (_, cause, code, reason) => {
    const error = errorOfConnection(asked, cause);
    const untrusted = code === "api.untrusted";
    expect(error).toMatchObject({ code, reason, status: 0, exitCode: 1, kind: untrusted ? "permanent" : "transient" });
    expect(error.cause).toBe(cause);
    expect(error.message).toBe(
      untrusted
        ? `Cluster c-1 presents a certificate that is not trusted (${reason}).`
        : `Cluster c-1 could not be reached (${reason}) to: read secrets/tls-ca in cattle-system`,
    );
  });
});

describe("a success that is none", () => {
  it("may be one in a moment", () => {
    const error = errorOfBody(asked, 200, "a page of HTML");
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ kind: "transient", code: "api.unavailable", status: 200, reason: "UnexpectedBody" });
    expect(error.message).toBe("Cluster c-1 answered with a page of HTML to: read secrets/tls-ca in cattle-system");
  });
});
