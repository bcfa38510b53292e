/**
 * The part of Go's `net/url.Parse` (1.26) that decides whether a URI in a certificate is one, and what its host is:
 * Go refuses the whole certificate when a URI name cannot be parsed. Text holds one byte per character.
 */
import { parseIp } from "./ip-address.ts";

export interface Uri {
  readonly text: string;
  /** Host with port and brackets as written, unescaped; empty where there is none. */
  readonly host: string;
}

const HOST_CHARACTERS = /^[!"$&'()*+,\-.0-9:;<=>A-Z[\]_a-z~\u0080-\u00ff%]*$/;
const USER_CHARACTERS = /^[-A-Za-z0-9._:~!$&'()*+,;=%@]*$/;

/** Undefined where Go refuses the text. */
export function parseUri(text: string): Uri | undefined {
  const [address = "", ...fragments] = text.split("#");
  if (hasControlCharacter(address) || !isEscaped(fragments.join("#"))) {
    return undefined;
  }
  const scheme = /^[A-Za-z][A-Za-z0-9+\-.]*(?=:)/.exec(address)?.[0] ?? "";
  if (address.startsWith(":")) {
    return undefined;
  }
  const [rest = ""] = (scheme === "" ? address : address.slice(scheme.length + 1)).split("?");
  const host = address === "*" ? "" : hostOf(scheme.toLowerCase(), rest);
  return host === undefined ? undefined : { text, host };
}

function hostOf(scheme: string, rest: string): string | undefined {
  if (!rest.startsWith("/")) {
    return scheme !== "" || isRelativePath(rest) ? "" : undefined;
  }
  if (rest.startsWith("//") && (scheme !== "" || !rest.startsWith("///"))) {
    return authorityHost(scheme, rest.slice(2));
  }
  return isEscaped(rest) ? "" : undefined;
}

/** The first segment may not have a colon: it would look like a scheme (RFC 3986 §4.2). */
function isRelativePath(rest: string): boolean {
  return isEscaped(rest) && !/^[^/]*:/.test(rest);
}

function authorityHost(scheme: string, rest: string): string | undefined {
  const slash = rest.indexOf("/");
  const authority = slash === -1 ? rest : rest.slice(0, slash);
  const path = slash === -1 ? "" : rest.slice(slash);
  const at = authority.lastIndexOf("@");
  const user = at === -1 ? "" : authority.slice(0, at);
  if (!USER_CHARACTERS.test(user) || !isEscaped(user) || !isEscaped(path)) {
    return undefined;
  }
  return parseHost(scheme, authority.slice(at + 1));
}

function hasControlCharacter(text: string): boolean {
  return [...text].some((character) => character < " " || character === "\u007f");
}

function parseHost(scheme: string, host: string): string | undefined {
  const bracket = host.lastIndexOf("[");
  if (bracket > 0) {
    return undefined;
  }
  if (bracket === 0) {
    return parseLiteral(host);
  }
  const first = host.indexOf(":");
  if (first !== -1) {
    const strict = scheme === "http" || scheme === "https";
    if (!isPort(host.slice(strict ? first : host.lastIndexOf(":")))) {
      return undefined;
    }
  }
  return unescapeHost(host);
}

/** `[v6]`, `[v6%25zone]`, with an optional port. */
function parseLiteral(host: string): string | undefined {
  const close = host.lastIndexOf("]");
  if (close === -1 || !isPort(host.slice(close + 1))) {
    return undefined;
  }
  const inside = host.slice(1, close);
  const zone = inside.indexOf("%25");
  const address = unescapeHost(zone === -1 ? inside : inside.slice(0, zone));
  const zoneText = zone === -1 ? "" : unescapeZone(inside.slice(zone));
  if (address === undefined || zoneText === undefined || zoneText === "%") {
    return undefined;
  }
  // A mapped IPv4 address (::ffff:…) counts as IPv6 here; a plain one may not be in brackets.
  const valid = address.includes(":") && parseIp(address) !== undefined;
  return valid ? `[${address}${zoneText}]${host.slice(close + 1)}` : undefined;
}

function isPort(text: string): boolean {
  return /^(:\d*)?$/.test(text);
}

function isEscaped(text: string): boolean {
  return !/%(?![0-9a-fA-F]{2})/.test(text);
}

/** In a host only bytes above 0x7f may be escaped, and the percent sign itself. */
function unescapeHost(text: string): string | undefined {
  if (!isEscaped(text) || !HOST_CHARACTERS.test(text) || /%(?!25)[0-7]/.test(text)) {
    return undefined;
  }
  return unescaped(text);
}

function unescapeZone(text: string): string | undefined {
  if (!isEscaped(text) || !HOST_CHARACTERS.test(text)) {
    return undefined;
  }
  const plain = unescaped(text);
  const escapes = text.match(/%[0-9a-fA-F]{2}/g) ?? [];
  const allowed = escapes.every((sequence) => {
    const character = unescaped(sequence);
    return sequence === "%25" || character === " " || /^[!"$&'()*+,\-.0-9:;<=>A-Z[\]_a-z~]$/.test(character);
  });
  return allowed ? plain : undefined;
}

function unescaped(text: string): string {
  return text.replace(/%([0-9a-fA-F]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
