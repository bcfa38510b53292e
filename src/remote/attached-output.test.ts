import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { attachedOutput } from "./attached-output.ts";

/** As Docker's and Podman's API documentation describes a frame. */
const frame = (type: 1 | 2, text: string): Buffer =>
  Buffer.concat([
    Buffer.from([type, 0, 0, 0, 0, 0, Math.floor(text.length / 256), text.length % 256]),
    Buffer.from(text),
  ]);

async function read(chunks: readonly Buffer[]): Promise<{ stdout: string; complaints: string }> {
  const { stdout, complaints } = attachedOutput(Readable.from(chunks));
  let text = "";
  for await (const chunk of stdout) text += chunk.toString();
  return { stdout: text, complaints: complaints() };
}

describe("both outputs of a container", () => {
  const long = "x".repeat(700);
  const all = Buffer.concat([frame(1, "one "), frame(2, "tar: gone\n"), frame(1, long), frame(1, " end")]);
  const whole = { stdout: `one ${long} end`, complaints: "tar: gone" };

  const rows: [string, readonly Buffer[], object][] = [
    ["are told apart when they come at once", [all], whole],
    ["and byte by byte", [...all].map((byte) => Buffer.from([byte])), whole],
    ["and cut within a header", [all.subarray(0, 7), all.subarray(7, 15), all.subarray(15)], whole],
    [
      "end where the connection ends within a frame",
      [all.subarray(0, all.length - 1)],
      { ...whole, stdout: `one ${long}` },
    ],
    ["are empty when nothing was said", [], { stdout: "", complaints: "" }],
  ];
  it.each(rows)("%s", async (_, chunks, expected) => {
    expect(await read(chunks)).toEqual(expected);
  });

  it("keep only the beginning of endless complaints", async () => {
    const { complaints } = await read(Array.from({ length: 100 }, () => frame(2, long)));
    expect(complaints.length).toBeGreaterThan(700);
    expect(complaints.length).toBeLessThan(6000);
  });
});
