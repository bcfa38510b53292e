/** What a container writes, as the engine sends it over an attached connection: both outputs in one stream of frames. */
import type { Readable } from "node:stream";

/** Type of output, three zero bytes, length of what follows as a big-endian number. */
const HEADER_BYTES = 8;
const STDOUT = 1;

/** People need the first words; a program that complains of every file must not fill the memory. */
const MOST_COMPLAINTS = 4096;

export interface AttachedOutput {
  /** What it writes to its standard output. */
  readonly stdout: AsyncIterable<Buffer>;
  /** What it has written to its standard error so far: the beginning of it. */
  readonly complaints: () => string;
}

/** Takes the frames apart. A connection that ends within a frame ends the output; its reader has to notice. */
export function attachedOutput(connection: Readable): AttachedOutput {
  let said = "";
  async function* stdout(): AsyncGenerator<Buffer> {
    for await (const { type, content } of framesOf(connection)) {
      if (type === STDOUT) yield content;
      else if (said.length < MOST_COMPLAINTS) said += content.toString("utf8");
    }
  }
  return { stdout: stdout(), complaints: () => said.trim() };
}

async function* framesOf(connection: Readable): AsyncGenerator<{ type: number | undefined; content: Buffer }> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of connection) {
    rest = Buffer.concat([rest, chunk]);
    for (let end = endOfFrame(rest); end <= rest.length; end = endOfFrame(rest)) {
      yield { type: rest[0], content: rest.subarray(HEADER_BYTES, end) };
      rest = rest.subarray(end);
    }
  }
}

/** Where the first frame ends, which may be later than what there is. */
function endOfFrame(bytes: Buffer): number {
  return bytes.length < HEADER_BYTES ? Number.POSITIVE_INFINITY : HEADER_BYTES + bytes.readUInt32BE(4);
}
