import { describe, expect, test } from "vitest";
import { withoutKeys } from "./without-keys.ts";

const CERTIFICATE = "# ours\r\n-----BEGIN CERTIFICATE-----\r\nAQID\r\n-----END CERTIFICATE-----\r\n";
const block = (kind: string) => `-----BEGIN ${kind}-----\nc2VjcmV0\n-----END ${kind}-----\n`;

describe("a text without its private keys", () => {
  const rows: readonly (readonly [name: string, text: string, left: string])[] = [
    ["that has none, byte for byte", CERTIFICATE, CERTIFICATE],
    ["after the certificate", CERTIFICATE + block("PRIVATE KEY"), CERTIFICATE],
    ["before it", block("EC PRIVATE KEY") + CERTIFICATE, CERTIFICATE],
    ["on both sides", block("RSA PRIVATE KEY") + CERTIFICATE + block("ENCRYPTED PRIVATE KEY"), CERTIFICATE],
    ["on one line", `${CERTIFICATE}-----BEGIN PRIVATE KEY-----c2VjcmV0-----END PRIVATE KEY-----`, CERTIFICATE],
    ["with Windows line ends", block("PRIVATE KEY").replaceAll("\n", "\r\n") + CERTIFICATE, CERTIFICATE],
    ["cut off", `${CERTIFICATE}-----BEGIN PRIVATE KEY-----\nc2Vjcm`, CERTIFICATE],
    ["and public keys stay", block("PUBLIC KEY"), block("PUBLIC KEY")],
  ];
  test.each(rows)("%s", (_name, text, left) => {
    expect(withoutKeys(text)).toBe(left);
  });
});
