import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { explainPin, pinOf, pinOfFile, settingValueOf } from "./pin.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";

describe("the value that Rancher stores for cacerts.pem", () => {
  it.each([
    ["a plain file", `${CERTIFICATE}\n`, CERTIFICATE],
    ["blank lines around", `\n\n ${CERTIFICATE}\n\t\n`, CERTIFICATE],
    ["Windows line ends stay inside", `# CA\r\n${CERTIFICATE}\r\n`, `# CA\r\n${CERTIFICATE}`],
    ["a byte order mark stays, unlike in JavaScript's trim", `\ufeff${CERTIFICATE}\n`, `\ufeff${CERTIFICATE}`],
    ["a next-line character goes, unlike in JavaScript's trim", `${CERTIFICATE}\n\u0085`, CERTIFICATE],
    ["a no-break space goes", `\u00a0${CERTIFICATE}\u3000`, CERTIFICATE],
    ["a zero-width space stays", `${CERTIFICATE}\u200b`, `${CERTIFICATE}\u200b`],
    ["nothing but white space is nothing", " \r\n", ""],
  ])("%s", (_, file, value) => {
    expect(settingValueOf(file)).toBe(value);
  });

  it("reads bytes as UTF-8 and keeps their byte order mark", () => {
    expect(settingValueOf(Buffer.from([0xef, 0xbb, 0xbf, 0x41, 0x0a]))).toBe("\ufeffA");
  });
});

describe("the pin of a served value", () => {
  it.each([
    ["a value without newline gets one", CERTIFICATE, sha256(`${CERTIFICATE}\n`)],
    ["a value with a newline is hashed as it is", `${CERTIFICATE}\n`, sha256(`${CERTIFICATE}\n`)],
    ["two newlines are not one", `${CERTIFICATE}\n\n`, sha256(`${CERTIFICATE}\n\n`)],
    ["an empty setting has no pin", "", ""],
  ])("%s", (_, value, pin) => {
    expect(pinOf(value)).toBe(pin);
  });

  it("a known value has a known pin", () => {
    // printf 'farrier\n' | sha256sum
    expect(pinOf("farrier")).toBe("1b94c3fcd713c1191dd6487e375a9e6ef0661f07a2b3677a21841a1c5f54ee5d");
  });

  it("the pin after a start with a file ignores the file's outer white space", () => {
    expect(pinOfFile(`\n${CERTIFICATE}\n\n\n`)).toBe(sha256(`${CERTIFICATE}\n`));
  });
});

describe("a pin is explained by the bundle that it was made from", () => {
  const crlf = CERTIFICATE.replaceAll("\n", "\r\n");
  it.each([
    ["as served, without newline", sha256(`${CERTIFICATE}\n`), CERTIFICATE, "served"],
    ["as served, in upper case", sha256(`${CERTIFICATE}\n`).toUpperCase(), CERTIFICATE, "served"],
    ["as served, with white space around the pin", ` ${sha256(`${CERTIFICATE}\n`)}\n`, CERTIFICATE, "served"],
    ["as served, with two newlines", sha256(`${CERTIFICATE}\n\n`), `${CERTIFICATE}\n\n`, "served"],
    ["trimmed plus newline", sha256(`${CERTIFICATE}\n`), `${CERTIFICATE}\n\n`, "trimmed-newline"],
    [
      "what run.sh hashes of a value with a newline",
      sha256(`${CERTIFICATE}\n\n`),
      `${CERTIFICATE}\n`,
      "double-newline",
    ],
    ["the value's own bytes", sha256(` ${CERTIFICATE}`), ` ${CERTIFICATE}`, "as-written"],
    ["trimmed, no newline", sha256(CERTIFICATE), `${CERTIFICATE}\n`, "trimmed"],
    ["Unix line ends of a Windows file", sha256(`${CERTIFICATE}\n`), `${crlf}\r\n`, "line-ends"],
    ["Windows line ends of a Unix file", sha256(`${crlf}\n`), `${CERTIFICATE}\n`, "line-ends"],
    ["without the byte order mark", sha256(`${CERTIFICATE}\n`), `\ufeff${CERTIFICATE}`, "byte-order-mark"],
    ["no pin at all", "", CERTIFICATE, "empty"],
    ["another bundle", sha256("other\n"), CERTIFICATE, "unknown"],
  ])("%s", (_, pin, content, kind) => {
    expect(explainPin(pin, content).kind).toBe(kind);
  });
});
