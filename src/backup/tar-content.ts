/** What is in a tar archive, and whether it is whole. */
import { Readable } from "node:stream";
import { createTarDecoder } from "modern-tar";

export interface TarContent {
  readonly files: number;
  /** Of all files together, unpacked. */
  readonly bytes: number;
}

/**
 * Reads an archive to its end. Nothing is unpacked, and nothing is kept in memory.
 * @throws Error when it is cut off anywhere, its end mark included, or a header's checksum is wrong
 */
export async function readTar(archive: Readable): Promise<TarContent> {
  const chunks: ReadableStream<Uint8Array> = Readable.toWeb(archive);
  let files = 0;
  let bytes = 0;
  for await (const { header, body } of chunks.pipeThrough(createTarDecoder({ strict: true }))) {
    if (header.type === "file" || header.type === undefined) files += 1;
    for await (const chunk of body) bytes += chunk.length;
  }
  return { files, bytes };
}
