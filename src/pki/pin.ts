/**
 * Pins: what `CATTLE_CA_CHECKSUM` holds. Rancher's server computes them as hex(sha256(value, plus "\n" if it lacks one))
 * from the setting `cacerts` (pkg/systemtemplate/import.go, unchanged since 2.0).
 */
import { createHash } from "node:crypto";

// Go's unicode.IsSpace. JavaScript's trim() also takes U+FEFF (Go keeps it) and leaves U+0085 (Go takes it).
const GO_SPACE = "\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const OUTER_SPACE = new RegExp(`^[${GO_SPACE}]+|[${GO_SPACE}]+$`, "g");

/** What Rancher stores in the setting `cacerts` for a mounted `cacerts.pem`: Go's `strings.TrimSpace` of it. */
export function settingValueOf(fileContent: string | Uint8Array): string {
  return textOf(fileContent).replace(OUTER_SPACE, "");
}

/**
 * The pin of a value that Rancher serves, as its server computes it: lower-case hex; empty for an empty value.
 * The present pin is always taken from the served value, never from a tidied bundle.
 */
export function pinOf(servedValue: string | Uint8Array): string {
  const text = textOf(servedValue);
  return text === "" ? "" : sha256(text.endsWith("\n") ? text : `${text}\n`);
}

/** The pin that agents will have once Rancher has started with this `cacerts.pem`. */
export function pinOfFile(fileContent: string | Uint8Array): string {
  return pinOf(settingValueOf(fileContent));
}

/** How a pin came to be, if it belongs to a bundle at all. */
export interface PinExplanation {
  readonly kind:
    | "served"
    | "trimmed-newline"
    | "double-newline"
    | "as-written"
    | "trimmed"
    | "line-ends"
    | "byte-order-mark"
    | "empty"
    | "unknown";
  readonly sentence: string;
}

interface Variant extends PinExplanation {
  readonly text: string;
}

/**
 * Says which known variant of a bundle a pin is the hash of; the first that fits, most regular first.
 *
 * @param pin as found in an agent's environment; upper case and outer space are forgiven
 * @param content the served value, or the file that somebody hashed
 */
export function explainPin(pin: string, content: string | Uint8Array): PinExplanation {
  const wanted = pin.trim().toLowerCase();
  if (wanted === "") {
    return { kind: "empty", sentence: "There is no pin: the agent does not compare the bundle." };
  }
  const found = variantsOf(textOf(content)).find((variant) => sha256(variant.text) === wanted);
  return found === undefined
    ? { kind: "unknown", sentence: "The pin belongs to another bundle." }
    : { kind: found.kind, sentence: found.sentence };
}

function variantsOf(text: string): Variant[] {
  const trimmed = settingValueOf(text);
  const unixLines = settingValueOf(text.replaceAll("\r\n", "\n"));
  const withoutMark = settingValueOf(text.replace(/^\ufeff/, ""));
  return [
    {
      kind: "served",
      text: text.endsWith("\n") ? text : `${text}\n`,
      sentence: "The pin is that of the bundle as it is served.",
    },
    {
      kind: "trimmed-newline",
      text: `${trimmed}\n`,
      sentence: "The pin is that of the bundle without outer white space plus one newline.",
    },
    {
      kind: "double-newline",
      text: `${text}\n`,
      sentence: "The pin is that of the bundle with one newline more than is served, as `jq -r` writes it.",
    },
    {
      kind: "as-written",
      text,
      sentence: "The pin is that of the bundle exactly as written, without a newline added.",
    },
    {
      kind: "trimmed",
      text: trimmed,
      sentence: "The pin is that of the bundle without outer white space and without the newline at its end.",
    },
    {
      kind: "line-ends",
      text: `${unixLines}\n`,
      sentence: "The pin is that of the bundle with Unix line ends; the bundle has Windows line ends (CRLF).",
    },
    {
      kind: "line-ends",
      text: `${unixLines.replaceAll("\n", "\r\n")}\n`,
      sentence: "The pin is that of the bundle with Windows line ends (CRLF).",
    },
    {
      kind: "byte-order-mark",
      text: `${withoutMark}\n`,
      sentence: "The pin is that of the bundle without the byte order mark at its start.",
    },
  ];
}

/** Keeps a byte order mark, as Go does. */
function textOf(content: string | Uint8Array): string {
  return typeof content === "string" ? content : new TextDecoder("utf-8", { ignoreBOM: true }).decode(content);
}

function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}
