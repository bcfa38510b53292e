import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { redactedLine } from "./redacted-text.ts";

/** Of the kinds that occur; none of them was ever in use. */
const JWT = `eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.${"eyJpc3MiOiJr".repeat(5)}.${"Ab1-_x".repeat(20)}`;
const RANCHER = "fk5jt9bzkq7pd4ncvxw2ms8hr6lg5t9bzkq7pd4ncvxw2ms8hr6lgq";
const PIN = "b1946ac92492d2347c6235b4d2611184b1946ac92492d2347c6235b4d2611184";

describe("what may be a secret is not shown", () => {
  test.each<[string, string, string]>([
    ["a service account's token", `token is ${JWT} here`, "token is [redacted] here"],
    ["a header", `Authorization: Bearer ${JWT}`, "Authorization: Bearer [redacted]"],
    ["a header of a short value", "Authorization: Basic YTpi, sent", "Authorization: Basic [redacted], sent"],
    ["Rancher's registration token in its environment", "INFO: CATTLE_TOKEN=short", "INFO: CATTLE_TOKEN=[redacted]"],
    ["an API token by its name", `token-abcde:${RANCHER}`, "token-abcde:[redacted]"],
    ["a registration token in a path", `/v3/import/${RANCHER}_c-abc12.yaml`, "[redacted]"],
    [
      "what the agent tells of its token",
      'msg="Connecting to wss://rancher/v3/connect/register with token starting with fk5j"',
      'msg="Connecting to wss://rancher/v3/connect/register with token starting with [redacted]"',
    ],
    ["a password in JSON", '{"password":"a,b"}', '{"password":"[redacted],b"}'],
    [
      "a quoted password in a message",
      'msg="password=\\"hunter2\\" is wrong"',
      'msg="password=\\"[redacted]\\" is wrong"',
    ],
    ["a user in a URL", "proxy http://anna:hunter2@proxy:3128", "proxy http://[redacted]@proxy:3128"],
    ["a line of a key", `${"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC".repeat(2)}`, "[redacted]"],
  ])("%s", (_name, line, shown) => {
    expect(redactedLine(line)).toBe(shown);
  });

  test("a random token, whatever stands around it", () => {
    const alphabet = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"];
    const key = fc.array(fc.constantFrom(...alphabet), { minLength: 40, maxLength: 80 }).map((parts) => parts.join(""));
    const around = fc.constantFrom("", " ", '"', "token ", "=", ":", "/", "?x=", "(", "a.", "-");
    fc.assert(
      fc.property(key, around, around, (secret, before, after) => {
        const shown = redactedLine(`level=info msg=${before}${secret}${after}`);
        for (let at = 0; at + 12 <= secret.length; at += 1) expect(shown).not.toContain(secret.slice(at, at + 12));
      }),
    );
  });
});

describe("what tells the reason stays", () => {
  test.each<[string]>([
    [`ERROR: Configured cacerts checksum (${PIN}) does not match given --ca-checksum (${PIN})`],
    [
      'level=error msg="Failed to dial steve aggregation server: tls: failed to verify certificate: x509: certificate signed by unknown authority"',
    ],
    ["INFO: Value from https://rancher.example.com/v3/settings/cacerts is an x509 certificate"],
    ["looking up cattle-system/cattle ca/token: failed to find service account"],
    ["pod cattle-cluster-agent-7d9f8c6b5d-x2x4z uid cf492c33-dac1-46e2-8c3d-ad401131b050"],
    ["using trusted certificate authorities within: /etc/kubernetes/ssl/certs/serverca"],
  ])("%s", (line) => {
    expect(redactedLine(line)).toBe(line);
  });

  test("a terminal obeys nothing of it", () => {
    expect(redactedLine("\u001b[31mred\u001b[0m \u001b]0;title\u0007a\rb\u0000c\u202ed")).toBe("red a b c d");
  });

  test("a long line is cut", () => {
    const shown = redactedLine("word ".repeat(200));
    expect(shown).toHaveLength(301);
    expect(shown).toMatch(/^word .*…$/);
  });

  test("so is an endless one, in no time, and no part of the word in which it is cut is left", () => {
    expect(redactedLine(`token=${"a".repeat(1_000_000)}`)).toBe("");
    const secrets = `${RANCHER} `.repeat(40);
    expect(redactedLine(secrets.slice(0, 1_990) + RANCHER)).not.toContain("fk5jt9b");
  });
});
