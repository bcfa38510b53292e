import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { afterFirstBytes } from "./first-bytes.ts";

let server: Server;
let client: Socket;
let first: Buffer[];

beforeEach(async () => {
  first = [];
  server = createServer((socket) => afterFirstBytes(socket, () => first.push(socket.read())));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A listening TCP server always has an address with a port.
  client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  await once(client, "connect");
});

afterEach(async () => {
  client.destroy();
  server.close();
  await once(server, "close");
});

test("what the client says first is still there to be read", async () => {
  client.write("hello");
  await expect.poll(() => first.map(String)).toEqual(["hello"]);
});

test("the connection of a client that leaves without a word is closed, and nobody is told of it", async () => {
  client.end();
  client.resume();
  await once(client, "close");
  expect(first).toEqual([]);
});
