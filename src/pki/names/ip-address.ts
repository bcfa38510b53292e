/** IP addresses in text and bytes, as Go's `net.ParseIP` and `net.IP` see them. */

/** Four or sixteen bytes; undefined where Go's `net.ParseIP` finds no address (zones, leading zeros, ports). */
export function parseIp(text: string): Uint8Array | undefined {
  return text.includes(":") ? parseV6(text) : parseV4(text);
}

function parseV4(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  const valid = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  return valid ? Uint8Array.from(parts, Number) : undefined;
}

function parseV6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) {
    return undefined;
  }
  const [head, tail] = halves.map((half, index) => groups(half, index === halves.length - 1));
  if (head === undefined || (halves.length === 2 && tail === undefined)) {
    return undefined;
  }
  const missing = 16 - head.length - (tail?.length ?? 0);
  if (halves.length === 1 ? missing !== 0 : missing < 2) {
    return undefined;
  }
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...(tail ?? [])]);
}

/** The bytes of groups between colons; the very last may be a dotted IPv4 address. */
function groups(half: string, mayEndInV4: boolean): number[] | undefined {
  const bytes: number[] = [];
  const parts = half === "" ? [] : half.split(":");
  for (const [index, part] of parts.entries()) {
    const v4 = mayEndInV4 && index === parts.length - 1 && part.includes(".") ? parseV4(part) : undefined;
    if (v4 !== undefined) {
      bytes.push(...v4);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      const value = Number.parseInt(part, 16);
      bytes.push(value >> 8, value & 0xff);
    } else {
      return undefined;
    }
  }
  return bytes;
}

/** The IPv4 bytes of an address that is written as IPv6 (`::ffff:192.0.2.1`); other addresses unchanged. */
function unmapped(ip: Uint8Array): Uint8Array {
  const mapped =
    ip.length === 16 && ip.subarray(0, 10).every((byte) => byte === 0) && ip[10] === 0xff && ip[11] === 0xff;
  return mapped ? ip.subarray(12) : ip;
}

/** Go's `net.IP.Equal`: an IPv4 address equals the same address mapped into IPv6. */
export function sameIp(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(unmapped(a)).equals(unmapped(b));
}

/** Text of four or sixteen bytes, IPv6 in its canonical short form (RFC 5952). */
export function ipText(ip: Uint8Array): string {
  const bytes = unmapped(ip);
  if (bytes.length === 4) {
    return bytes.join(".");
  }
  const words: string[] = [];
  for (let index = 0; index < bytes.length; index += 2) {
    words.push((((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0)).toString(16));
  }
  return shortened(words);
}

function shortened(words: readonly string[]): string {
  let best = { start: 0, length: 1 };
  for (let start = 0; start < words.length; start += 1) {
    let length = 0;
    while (words[start + length] === "0") {
      length += 1;
    }
    if (length > best.length) {
      best = { start, length };
    }
  }
  if (best.length === 1) {
    return words.join(":");
  }
  return `${words.slice(0, best.start).join(":")}::${words.slice(best.start + best.length).join(":")}`;
}
