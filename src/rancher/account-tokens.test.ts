import { describe, expect, it } from "vitest";
import type { KubeObject } from "../kubernetes/object.ts";
import { agentTokensIn, readAccountToken } from "./account-tokens.ts";

interface Described {
  readonly name?: string;
  readonly type?: string;
  readonly account?: string | undefined;
  readonly data?: Record<string, string>;
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

function secret(described: Described = {}): KubeObject {
  const { name = "cattle-token-x", type = "kubernetes.io/service-account-token", data = {} } = described;
  const account = "account" in described ? described.account : "cattle";
  const annotations = account === undefined ? {} : { "kubernetes.io/service-account.name": account };
  return { metadata: { name, namespace: "cattle-system", uid: "uid-1", annotations }, type, data };
}

describe("a Secret with an account's token", () => {
  it("is read with its account, CA and token, which nothing prints", () => {
    const read = readAccountToken(secret({ data: { token: base64("eyJhbGci"), "ca.crt": base64("PEM") } }));
    expect(read).toMatchObject({
      namespace: "cattle-system",
      name: "cattle-token-x",
      uid: "uid-1",
      account: "cattle",
      caPem: "PEM",
    });
    expect(read?.token?.reveal()).toBe("eyJhbGci");
    expect(JSON.stringify(read)).not.toContain("eyJhbGci");
  });

  const empty: [string, Record<string, string>][] = [
    ["has none", { "ca.crt": base64("PEM") }],
    ["has an empty one", { token: "" }],
  ];
  it.each(empty)("that Kubernetes has not filled yet %s", (_, data) => {
    expect(readAccountToken(secret({ data }))?.token).toBeUndefined();
  });

  const others: [string, Described][] = [
    ["is of another type", { type: "Opaque" }],
    ["names no account", { account: undefined }],
  ];
  it.each(others)("is none where it %s", (_, described) => {
    expect(readAccountToken(secret({ ...described, data: { token: base64("x") } }))).toBeUndefined();
  });
});

it("finds those of the agent's account among all Secrets, whatever they are called", () => {
  const all = [
    secret({ name: "cattle-token-a" }),
    secret({ name: "default-token-b", account: "default" }),
    secret({ name: "made-by-hand", account: "cattle" }),
    secret({ name: "cattle-credentials-c", type: "Opaque" }),
  ];
  expect(agentTokensIn(all).map(({ name }) => name)).toEqual(["cattle-token-a", "made-by-hand"]);
});
