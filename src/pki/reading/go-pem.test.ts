import { describe, expect, it } from "vitest";
import { goPemBlocks } from "./go-pem.ts";

const block = (body = "AAAA", type = "CERTIFICATE") => `-----BEGIN ${type}-----\n${body}\n-----END ${type}-----\n`;
const seen = (content: string | Uint8Array) =>
  goPemBlocks(content).map(({ type, bytes }) => `${type} ${Buffer.from(bytes).toString("hex")}`);

describe("blocks that Go finds", () => {
  it.each<[string, string, readonly string[]]>([
    ["one after the other", block() + block("BBBB"), ["CERTIFICATE 000000", "CERTIFICATE 041041"]],
    ["any type", block("AAAA", "X Y"), ["X Y 000000"]],
    ["with text around", `text\n${block()}text\n`, ["CERTIFICATE 000000"]],
    ["with Windows line ends", block().replaceAll("\n", "\r\n"), ["CERTIFICATE 000000"]],
    [
      "with spaces and tabs in the body and at line ends",
      "-----BEGIN CERTIFICATE----- \t\nA A\tAA\n-----END CERTIFICATE----- \n",
      ["CERTIFICATE 000000"],
    ],
    ["without a newline at the end", block().trimEnd(), ["CERTIFICATE 000000"]],
    ["empty ones", "-----BEGIN X-----\n-----END X-----\n", ["X "]],
    ["the last BEGIN counts", `-----BEGIN CERTIFICATE-----\n${block()}`, ["CERTIFICATE 000000"]],
    ["after one that is not base64", block("!!!!") + block(), ["CERTIFICATE 000000"]],
    [
      "after one that ends as another type",
      `-----BEGIN X-----\nAAAA\n-----END Y-----\n${block()}`,
      ["CERTIFICATE 000000"],
    ],
    ["with trailing bits that are not zero", block("AB=="), ["CERTIFICATE 00"]],
  ])("%s", (_, content, expected) => {
    expect(seen(content)).toEqual(expected);
  });
});

describe("blocks that Go does not find", () => {
  it.each<[string, string | Uint8Array, readonly string[]]>([
    ["the first after a byte order mark", `\ufeff${block()}${block("BBBB")}`, ["CERTIFICATE 041041"]],
    ["an indented one", `  ${block()}`, []],
    ["both of two that are glued together", block().trimEnd() + block("BBBB"), []],
    ["one whose END line goes on", `${block().trimEnd()} x\n`, []],
    ["one without END", "-----BEGIN CERTIFICATE-----\nAAAA\n", []],
    ["one without padding", block("AAA"), []],
    ["one with old Mac line ends", block().replaceAll("\n", "\r"), []],
    ["one with a lone carriage return at the end of the file", `${block().trimEnd()}\r`, []],
    ["nothing", "", []],
    ["bytes", Uint8Array.of(0, 255, 10), []],
  ])("%s", (_, content, expected) => {
    expect(seen(content)).toEqual(expected);
  });

  it("lines with a colon at the start of a block are headers", () => {
    expect(goPemBlocks(block("Proc-Type: 4,ENCRYPTED\n\nAAAA"))).toMatchObject([
      { type: "CERTIFICATE", hasHeaders: true },
    ]);
    expect(goPemBlocks(block())).toMatchObject([{ hasHeaders: false }]);
  });
});
