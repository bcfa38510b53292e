/** Random mixtures of what stands in PEM files, read by Go and by Farrier: what agents find in a bundle is what we find. */
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { goPemBlocks } from "../../src/pki/reading/go-pem.ts";
import { askGo, goIsInstalled } from "./go-program.ts";
import { Random } from "./random.ts";

const COUNT = Number(process.env.FARRIER_DIFFERENTIAL_CASES ?? 20_000);
/** Fixed, so that every run is the same one; any other number looks at other texts. */
const SEED = Number(process.env.FARRIER_DIFFERENTIAL_SEED ?? 20260501);

const hasGo = goIsInstalled();
if (!hasGo) {
  process.stderr.write(`Left out: ${COUNT} random PEM texts read by Go and by Farrier, because go is not installed.\n`);
}

const answerSchema = z.object({
  id: z.number(),
  blocks: z.array(z.object({ type: z.string(), hasHeaders: z.boolean(), bytes: z.string() })),
});

const WHOLE = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----";
const PIECES = [
  WHOLE,
  WHOLE,
  WHOLE,
  WHOLE,
  "-----BEGIN CERTIFICATE-----",
  "-----BEGIN CERTIFICATE-----",
  "-----END CERTIFICATE-----",
  "-----END CERTIFICATE-----",
  "-----BEGIN X-----",
  "-----END X-----",
  "-----BEGIN -----",
  "-----END -----",
  "-----BEGIN CERTIFICATE",
  "-----END CERTIFICATE----",
  "-----BEGIN CERTIFICATE-----AQID",
  "----",
  "AQID",
  "AQ==",
  "AR==",
  "AQI",
  "AQID=",
  "A QI\tD",
  "====",
  "Proc-Type: 4,ENCRYPTED",
  "Bag Attributes",
  "    friendlyName: root",
  ": ",
  "subject=CN = Root",
  "#",
  "\u00fc",
  "",
];
const ENDS = ["\n", "\n", "\n", "\n", "\n", "\n", "\r\n", "\r\n", " \n", "\t\r\n", "\r", " ", "", "\n\n"];

function textOf(random: Random): Buffer {
  const start = random.chance(0.1) ? random.pick(["\ufeff", " ", "\n", "\r\n"]) : "";
  const lines = Array.from({ length: 1 + random.below(9) }, () => `${random.pick(PIECES)}${random.pick(ENDS)}`);
  return Buffer.from(start + lines.join(""));
}

describe.skipIf(!hasGo)(`${COUNT} random PEM texts (seed ${SEED})`, () => {
  it("hold the same blocks for Farrier as for the agents' Go code", async () => {
    const random = new Random(SEED);
    const texts = Array.from({ length: COUNT }, () => textOf(random));
    const answers = await askGo(
      "./pem",
      texts.map((bytes, id) => ({ id, bytes: bytes.toString("base64") })),
    );
    const go = answers.map((answer) => answerSchema.parse(answer));
    expect(go.map(({ id }) => id)).toEqual(texts.map((_, id) => id));
    const ours = texts.map((bytes) =>
      goPemBlocks(bytes).map(({ type, hasHeaders, bytes: content }) => {
        // Go's own texts are UTF-8, ours are bytes: a type is compared as bytes.
        return {
          type: Buffer.from(type, "latin1").toString(),
          hasHeaders,
          bytes: Buffer.from(content).toString("base64"),
        };
      }),
    );
    const differing = go.flatMap(({ id, blocks }) => {
      const same = JSON.stringify(blocks) === JSON.stringify(ours[id]);
      return same
        ? []
        : [
            `${JSON.stringify(texts[id]?.toString())}\n  Go ${JSON.stringify(blocks)}\n  Farrier ${JSON.stringify(ours[id])}`,
          ];
    });
    expect(differing.slice(0, 5)).toEqual([]);
    // The comparison means something only while texts with, without and with several blocks are frequent.
    const counts = go.map(({ blocks }) => blocks.length);
    expect(counts.filter((count) => count === 0).length / COUNT).toBeGreaterThan(0.1);
    expect(counts.filter((count) => count === 1).length / COUNT).toBeGreaterThan(0.1);
    expect(counts.filter((count) => count > 1).length / COUNT).toBeGreaterThan(0.05);
    expect(go.some(({ blocks }) => blocks.some(({ hasHeaders }) => hasHeaders))).toBe(true);
  });
});
