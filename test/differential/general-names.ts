/** Names for subjectAltName and name constraints (RFC 5280 §4.2.1.6): sound, sloppy, impossible. */
import { constructed, type DerNode, objectIdentifier, primitive, sequence } from "./der-tree.ts";

const EMAIL = 0x81;
const DNS = 0x82;
const URI = 0x86;
const IP = 0x87;

export const dns = (name: string): DerNode => primitive(DNS, name);
const email = (name: string): DerNode => primitive(EMAIL, name);
const uri = (name: string): DerNode => primitive(URI, name);
const ip = (...octets: number[]): DerNode => primitive(IP, octets);
const directory = (commonName: string): DerNode =>
  constructed(0xa4, sequence(constructed(0x31, sequence(objectIdentifier("2.5.4.3"), primitive(0x0c, commonName)))));
const V6 = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];

/** For subjectAltName. */
export const ALTERNATIVE_NAMES: readonly DerNode[] = [
  ...["rancher.example.com", "RANCHER.Example.com", "rancher.example.com.", "*.example.com", "*.EXAMPLE.com"].map(dns),
  ...["r*.example.com", "rancher.*.com", "*.*.example.com", "*", "*.com", "*.", "*.rancher.example.com"].map(dns),
  ...["example.com", "a.rancher.example.com", "", ".", ".example.com", "a..example.com", "-a.example.com"].map(dns),
  ...[
    "under_score.example.com",
    "rancher.example.com\0.evil.org",
    "caf\xe9.example.com",
    "xn--caf-dma.example.com",
  ].map(dns),
  ...["10.0.0.7", "2001:db8::7", "a b.example.com", "rancher.example.com:443", "_.example.com", "evil.org"].map(dns),
  ip(10, 0, 0, 7),
  ip(10, 0, 0, 8),
  ip(127, 0, 0, 1),
  ip(10, 0, 0),
  ip(10, 0, 0, 7, 0),
  ip(),
  ip(...V6),
  ip(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 7),
  ...["root@example.com", "root@rancher.example.com", "root", '"a b"@example.com', "a@b@c", "", "root@caf\xe9"].map(
    email,
  ),
  ...["https://rancher.example.com/x", "https://10.0.0.7/", "spiffe://example.com/a", "no scheme", "http://[::1]/"].map(
    uri,
  ),
  ...["https://exa mple.com/", "://", "https://a.example.com:port/", "urn:uuid:1", "%zz", "https:///path", "h\xe9"].map(
    uri,
  ),
  directory("rancher.example.com"),
  constructed(0xa0, objectIdentifier("1.2.3"), constructed(0xa0, primitive(0x0c, "other"))),
  primitive(0x88, [0x2a, 0x03]),
  primitive(0x83, []),
  primitive(0x89, []),
  primitive(0x0c, "rancher.example.com"),
  constructed(0xa2, primitive(0x16, "rancher.example.com")),
];

/** For permitted and excluded subtrees. */
export const CONSTRAINTS: readonly DerNode[] = [
  ...["example.com", ".example.com", "EXAMPLE.com", "rancher.example.com", "", ".", "com", "org", "ample.com"].map(dns),
  ...["*.example.com", "example.com.", "a..com", "wild.example.com", ".wild.example.com", "caf\xe9", "under_score"].map(
    dns,
  ),
  ip(10, 0, 0, 0, 255, 0, 0, 0),
  ip(10, 0, 0, 7, 255, 255, 255, 255),
  ip(0, 0, 0, 0, 0, 0, 0, 0),
  ip(192, 168, 0, 0, 255, 255, 0, 0),
  ip(10, 0, 0, 0, 255, 0, 255, 0),
  ip(10, 1, 2, 3, 255, 0, 0, 0),
  ip(10, 0, 0, 0, 255, 0, 0),
  ip(10, 0, 0, 0),
  ip(...V6.slice(0, 8), ...new Uint8Array(8), ...new Uint8Array(8).fill(255), ...new Uint8Array(8)),
  ip(...new Uint8Array(32)),
  ...["example.com", ".example.com", "root@example.com", "", "@", "root@", "EXAMPLE.com", ".", "a b"].map(email),
  ...["example.com", ".example.com", "10.0.0.7", "", ".", "https://example.com", "EXAMPLE.com", "caf\xe9"].map(uri),
  directory("x"),
  directory("rancher.example.com"),
  primitive(0x88, [0x2a, 0x03]),
  constructed(0xa0, objectIdentifier("1.2.3"), constructed(0xa0, primitive(0x0c, "other"))),
];
