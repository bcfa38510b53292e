/** Does a certificate hold for a host? Go's `VerifyHostname`: only subject alternative names count. */
import { type Finding, finding } from "../../findings.ts";
import { asciiLowerCase } from "../names/domain-name.ts";
import { ipText, parseIp, sameIp } from "../names/ip-address.ts";
import type { X509 } from "../x509/parse.ts";

/** @param hostname a DNS name, or an IP address with or without brackets */
export function hostnameFault(leaf: X509, hostname: string, place: string): Finding | undefined {
  if (holdsFor(leaf, hostname)) {
    return undefined;
  }
  const names = [...leaf.names.dns, ...leaf.names.ip.map(ipText)];
  if (names.length > 0) {
    return finding("chain.hostname", place, `The certificate is for ${listed(names)}, not for ${hostname}.`);
  }
  const common = leaf.subject.parts.flat().find(({ oid }) => oid === "2.5.4.3")?.value;
  return finding(
    "chain.no-alternative-names",
    place,
    common === undefined
      ? `The certificate has no subject alternative name, so it holds for no host, and not for ${hostname}.`
      : `The certificate names ${common} only as its common name, which Go ignores; it holds for no host, and not for ${hostname}.`,
  );
}

function listed(names: readonly string[]): string {
  return names.length <= 5 ? names.join(", ") : `${names.slice(0, 5).join(", ")} and ${names.length - 5} more`;
}

function holdsFor(leaf: X509, hostname: string): boolean {
  const bare = /^\[.+\]$/.test(hostname) ? hostname.slice(1, -1) : hostname;
  const ip = parseIp(bare);
  if (ip !== undefined) {
    return leaf.names.ip.some((candidate) => sameIp(candidate, ip));
  }
  const wanted = asciiLowerCase(hostname);
  return leaf.names.dns.some((pattern) =>
    isHostname(wanted, "name") && isHostname(pattern, "pattern")
      ? matches(asciiLowerCase(pattern), wanted.replace(/\.$/, ""))
      : matchesExactly(asciiLowerCase(pattern), wanted),
  );
}

/** Go's `validHostname`: underscores are let pass, a wildcard only as the whole first label of a pattern. */
function isHostname(host: string, use: "name" | "pattern"): boolean {
  const text = use === "name" ? host.replace(/\.$/, "") : host;
  if (text === "*") {
    return false;
  }
  return text
    .split(".")
    .every(
      (label, index) =>
        (use === "pattern" && index === 0 && label === "*") || /^[A-Za-z0-9_][-A-Za-z0-9_]*$/.test(label),
    );
}

/** A wildcard stands for exactly one label. */
function matches(pattern: string, host: string): boolean {
  const wanted = pattern.split(".");
  const labels = host.split(".");
  return (
    wanted.length === labels.length &&
    wanted.every((label, index) => (index === 0 && label === "*") || label === labels[index])
  );
}

function matchesExactly(pattern: string, host: string): boolean {
  return pattern !== "" && pattern !== "." && pattern === host;
}
