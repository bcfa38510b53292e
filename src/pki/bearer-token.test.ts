import { describe, expect, test } from "vitest";
import { claimsOf } from "./bearer-token.ts";
import { Secret } from "./secret.ts";

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const token = (payload: unknown): Secret =>
  Secret.of(`${encoded({ alg: "RS256", kid: "k" })}.${encoded(payload)}.c2ln`);

const IN_A_SECRET = {
  iss: "kubernetes/serviceaccount",
  "kubernetes.io/serviceaccount/namespace": "cattle-system",
  "kubernetes.io/serviceaccount/secret.name": "cattle-token-pr79q",
  "kubernetes.io/serviceaccount/service-account.name": "cattle",
  "kubernetes.io/serviceaccount/service-account.uid": "cf492c33-dac1-46e2-8c3d-ad401131b050",
  sub: "system:serviceaccount:cattle-system:cattle",
};
const REQUESTED = {
  aud: ["https://kubernetes.default.svc"],
  exp: 1_795_651_200,
  "kubernetes.io": { namespace: "cattle-system", serviceaccount: { name: "cattle", uid: "cf492c33" } },
  sub: "system:serviceaccount:cattle-system:cattle",
};

describe("what a token says of itself", () => {
  test("one of a Secret: whose it is, and which Secret holds it; it has no end", () => {
    expect(claimsOf(token(IN_A_SECRET))).toEqual({
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      subject: "system:serviceaccount:cattle-system:cattle",
      accountUid: "cf492c33-dac1-46e2-8c3d-ad401131b050",
      secret: "cattle-token-pr79q",
    });
  });

  test("one that was requested: until when it is good", () => {
    expect(claimsOf(token(REQUESTED))).toMatchObject({ accountUid: "cf492c33", expiresAt: "2026-11-26T00:00:00.000Z" });
  });

  test.each([
    ["no token at all", Secret.of("")],
    ["a password", Secret.of("hunter2")],
    ["a payload that is no object", token("text")],
    ["a payload that is cut off", Secret.of("eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.x")],
  ])("%s says nothing, and has a fingerprint", (_name, odd) => {
    expect(claimsOf(odd)).toEqual({ fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/), subject: "" });
  });

  test("claims of another shape are left out", () => {
    expect(claimsOf(token({ sub: 7, exp: "soon", "kubernetes.io": [] }))).toMatchObject({ subject: "" });
  });

  test.each([1e300, -1e300, 8_640_000_000_001])("an end that no calendar has (%s) is left out", (exp) => {
    expect(claimsOf(token({ ...REQUESTED, exp }))).toEqual({
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      subject: "system:serviceaccount:cattle-system:cattle",
      accountUid: "cf492c33",
    });
  });

  test("two tokens differ by their fingerprint, which the token cannot be read from", () => {
    const [one, other] = [token(IN_A_SECRET), token({ ...IN_A_SECRET, jti: "2" })];
    expect(claimsOf(one).fingerprint).not.toBe(claimsOf(other).fingerprint);
    expect(claimsOf(one).fingerprint).toBe(claimsOf(token(IN_A_SECRET)).fingerprint);
    expect(one.reveal()).not.toContain(claimsOf(one).fingerprint);
  });
});
