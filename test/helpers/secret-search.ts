/** Looks for a secret in whatever form somebody could still read it back from. */
import { createPrivateKey } from "node:crypto";

/** A secret and the texts of which each one alone gives a part of it away. */
export interface Canary {
  readonly name: string;
  readonly traces: readonly string[];
}

/** A password or the secret part of a token. */
export function textCanary(name: string, text: string): Canary {
  return { name, traces: [...new Set([text, ...encodings(Buffer.from(text))])] };
}

/**
 * An EC key in PKCS#8 PEM. Only its private number counts: the public half is in the certificate. Found are the number
 * itself (as hex or base64, which is what a DER file or a JWK amounts to), the lines of the PEM text that hold it, and
 * these lines once and twice more in base64, as Secrets and their copies hold them.
 */
export function keyCanary(name: string, pem: string): Canary {
  const { d } = createPrivateKey(pem).export({ format: "jwk" });
  if (d === undefined) throw new Error(`${name} is no EC key`);
  const number = Buffer.from(d, "base64url");
  const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
  const at = der.indexOf(number);
  // The base64 digits of the body that depend on the number alone, as pieces of lines of 64.
  const [from, to] = [Math.ceil(at / 3) * 4, Math.floor((at + number.length) / 3) * 4];
  const body = der.toString("base64");
  const pieces = [body.slice(from, Math.ceil(from / 64) * 64), body.slice(Math.ceil(from / 64) * 64, to)];
  const lines = pieces.filter((piece) => piece.length >= SHORTEST);
  const once = lines.flatMap((line) => base64Forms(Buffer.from(line)));
  const twice = once.flatMap((text) => base64Forms(Buffer.from(text)));
  return { name, traces: [...new Set([...encodings(number), ...lines, ...once, ...twice])] };
}

/** Shorter traces could be there by chance. */
const SHORTEST = 12;

/** The names of the canaries of which something can be read in the text, or in it without its line breaks. */
export function readableIn(content: string | Buffer, canaries: readonly Canary[]): string[] {
  const text = typeof content === "string" ? content : content.toString("latin1");
  const joined = text.replaceAll(/\\r|\\n|\s/g, "");
  return canaries
    .filter(({ traces }) => traces.some((trace) => text.includes(trace) || joined.includes(trace)))
    .map(({ name }) => name);
}

function encodings(bytes: Buffer): string[] {
  const plain = [bytes.toString("latin1"), bytes.toString("hex"), bytes.toString("hex").toUpperCase()];
  const forms = base64Forms(bytes);
  const urls = forms.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"));
  return [...plain, ...forms, ...urls, ...forms.flatMap((form) => base64Forms(Buffer.from(form)))];
}

/** The base64 digits that stand for these bytes wherever they begin, without those that the neighbours have a share in. */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64");
    const whole = Math.floor(((shift + bytes.length) * 8) / 6);
    return text.slice(Math.ceil((shift * 8) / 6), whole);
  });
}
