import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PlainStream } from "./plain-stream.ts";

let server: Server;
let stream: PlainStream;
let far: Socket;

beforeEach(async () => {
  server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection");
  stream = new PlainStream(address());
  [far] = await accepted;
});

afterEach(async () => {
  stream.destroy();
  far.destroy();
  if (server.listening) server.close();
});

/** A listening TCP server always has an address with a port. */
function address() {
  const { port } = server.address() as AddressInfo;
  return { host: "127.0.0.1", port };
}

const LARGE = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => index % 251));

test("whatever is sent arrives at the other end, and its end", async () => {
  stream.end(LARGE);
  expect((await buffer(far)).equals(LARGE)).toBe(true);
});

test("whatever the other end sends is read, however late its reader begins", async () => {
  far.end(LARGE);
  await once(stream, "readable");
  expect((await buffer(stream)).equals(LARGE)).toBe(true);
});

test("several at the same time do not get what is another's", async () => {
  const accepted = once(server, "connection");
  const other = new PlainStream(address());
  const [otherFar] = await accepted;
  for (let part = 0; part < 100; part += 1) {
    far.write("a".repeat(1000));
    otherFar.write("b".repeat(1000));
  }
  far.end();
  otherFar.end();
  const texts = await Promise.all([buffer(stream), buffer(other)]);
  expect(texts.map(String)).toEqual(["a".repeat(100_000), "b".repeat(100_000)]);
});

test("where nobody listens it says so as a socket does", async () => {
  const nobody = address();
  server.close();
  const [error] = await once(new PlainStream(nobody), "error");
  expect(error).toMatchObject({ code: "ECONNREFUSED" });
});

test("a connection that breaks breaks the stream, and one that is given up is closed at the other end", async () => {
  const broken = once(stream, "error");
  far.resetAndDestroy();
  expect((await broken)[0]).toMatchObject({ code: "ECONNRESET" });
  const accepted = once(server, "connection");
  const second = new PlainStream(address());
  const [peer] = await accepted;
  const gone = once(peer, "close");
  peer.on("error", () => {}).resume();
  second.destroy();
  await gone;
  expect(peer.destroyed).toBe(true);
});
