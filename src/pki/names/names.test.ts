import { describe, expect, it } from "vitest";
import { isDomainName } from "./domain-name.ts";
import { ipText, parseIp, sameIp } from "./ip-address.ts";
import { parseMailbox } from "./mailbox.ts";
import { parseUri } from "./uri.ts";

// The verdicts are those of Go 1.26: net.ParseIP, net/url.Parse and crypto/x509.

describe("an IP address", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["0.0.0.0", "0.0.0.0"],
    ["::", "::"],
    ["::1", "::1"],
    ["2001:0DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:1:1:1:1:0:1", "2001:db8:1:1:1:1:0:1"],
    ["1::", "1::"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["64:ff9b::192.0.2.1", "64:ff9b::c000:201"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["0:0:1:2:3:4:5:6", "::1:2:3:4:5:6"],
    ["1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7"],
    ["::192.0.2.1", "::c000:201"],
    ["1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201"],
    ["255.255.255.255", "255.255.255.255"],
  ])("%s is %s", (text, canonical) => {
    expect(ipText(parseIp(text) ?? new Uint8Array())).toBe(canonical);
  });

  it.each([
    "",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.4:80",
    "::1%eth0",
    "1:2:3:4:5:6:7",
    "1::2::3",
    "1:2:3:4:5:6:7::8:9",
    "12345::",
    "::g",
    ":1::",
    "1.2.3.4::",
    "[::1]",
    " ::1",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8",
    "1::192.0.2.1:5",
    "1:2:3:4:5:6:7:192.0.2.1",
    "::192.0.2.256",
    "::1.2.3",
    ":",
    ":::",
    "1:2:3:4:5:6:7:",
  ])("%j is none", (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  it("is the same mapped into IPv6", () => {
    const plain = Uint8Array.of(192, 0, 2, 1);
    const mapped = Uint8Array.of(...Array<number>(10).fill(0), 255, 255, 192, 0, 2, 1);
    expect(sameIp(plain, mapped)).toBe(true);
    expect(sameIp(mapped, plain)).toBe(true);
    expect(sameIp(plain, Uint8Array.of(192, 0, 2, 2))).toBe(false);
    expect(sameIp(plain, Uint8Array.of(...Array<number>(12).fill(0), 192, 0, 2, 1))).toBe(false);
    expect(sameIp(plain, Uint8Array.of(...Array<number>(10).fill(0), 255, 0, 192, 0, 2, 1))).toBe(false);
    expect(sameIp(plain, Uint8Array.of(...Array<number>(9).fill(0), 1, 255, 255, 192, 0, 2, 1))).toBe(false);
  });
});

describe("a domain name", () => {
  it.each<[string, "name" | "constraint", boolean]>([
    ["example.com", "name", true],
    ["*.example.com", "name", true],
    ["", "name", true],
    ["example.com.", "name", false],
    ["a..b", "name", false],
    [".example.com", "name", false],
    [".example.com", "constraint", true],
    ["..example.com", "constraint", false],
    ["a b", "name", false],
    ["a".repeat(64), "name", true],
  ])("%j as a %s: %s", (text, use, valid) => {
    expect(isDomainName(text, use)).toBe(valid);
  });
});

describe("a mailbox", () => {
  it.each([
    ["a@example.com", "a", "example.com"],
    ["a.b+c@example.com", "a.b+c", "example.com"],
    ['"a b"@example.com', "a b", "example.com"],
    ['"a\\"b"@example.com', 'a"b', "example.com"],
    ["a\\@b@example.com", "a@b", "example.com"],
    ["a@", "a", ""],
  ])("%s", (text, local, domain) => {
    expect(parseMailbox(text)).toEqual({ local, domain });
  });

  it.each([
    "",
    "@example.com",
    "a",
    ".a@example.com",
    "a.@example.com",
    "a..b@example.com",
    "a b@example.com",
    '"a@example.com',
    '"a\n"@x',
    "a@b..c",
    "a@b.",
    "a\\",
  ])("%j is none", (text) => {
    expect(parseMailbox(text)).toBeUndefined();
  });
});

describe("a URI", () => {
  it.each([
    ["https://example.com/", "example.com"],
    ["https://user:secret@example.com:8443/x?y#z", "example.com:8443"],
    ["spiffe://example.com/ns/a", "example.com"],
    ["https://[2001:db8::1]:443/", "[2001:db8::1]:443"],
    ["https://[fe80::1%25eth0]/", "[fe80::1%eth0]"],
    ["urn:example:a", ""],
    ["mailto:a@example.com", ""],
    ["//example.com/x", "example.com"],
    ["///x", ""],
    ["/x/y", ""],
    ["x/y:z", ""],
    ["*", ""],
    ["", ""],
    ["x://a:b:1/", "a:b:1"],
    ["https:///x", ""],
  ])("%s has the host %j", (text, host) => {
    expect(parseUri(text)?.host).toBe(host);
  });

  it.each([
    "https://exa mple.com/",
    "https://example.com:8a/",
    "http://a:b:1/",
    "https://ex%41mple.com/",
    "https://example.com/%zz",
    "https://example.com/#%z",
    "https://[::1/",
    "https://[192.0.2.1]/",
    "https://[fe80::1%25]/",
    "https://a[::1]/",
    "https://us er@example.com/",
    "https://exa\u0001mple.com/",
    ":x",
    "1a:b",
    "a b:c",
  ])("%j is none", (text) => {
    expect(parseUri(text)).toBeUndefined();
  });
});
