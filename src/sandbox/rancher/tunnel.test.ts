import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import WebSocket, { WebSocketServer } from "ws";
import { serveTunnel, type TunnelHandler, type TunnelRequest, type TunnelResponse, tunnelOver } from "./tunnel.ts";

/** Both ends of a tunnel over a real connection. */

let server: WebSocketServer;
let agentSide: WebSocket;
let ask: (request: TunnelRequest, signal: AbortSignal) => Promise<TunnelResponse>;

beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
});

afterEach(async () => {
  agentSide.terminate();
  server.close();
  await once(server, "close");
});

async function open(handler: TunnelHandler): Promise<void> {
  // A listening TCP server always has an address with a port.
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, "connection");
  agentSide = new WebSocket(`ws://127.0.0.1:${port}`);
  serveTunnel(agentSide, handler);
  const [[socket]] = await Promise.all([accepted, once(agentSide, "open")]);
  ask = tunnelOver(socket);
}

const get = (path: string): TunnelRequest => ({ method: "GET", path, headers: {}, body: new Uint8Array() });
const never = () => new AbortController().signal;

async function text(response: TunnelResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const each of texts) yield Buffer.from(each);
}

describe("a request through the tunnel", () => {
  test("arrives as it was sent, body and all, and is answered in pieces", async () => {
    await open(async ({ method, path, headers, body }) => ({
      status: 201,
      headers: { "content-type": "text/plain" },
      body: pieces(`${method} ${path} `, `${headers["x-name"]} `, Buffer.from(body).toString()),
    }));
    const request = { method: "PUT", path: "/a?b=c", headers: { "x-name": "é" }, body: Buffer.from("größe") };
    const response = await ask(request, never());
    expect(response).toMatchObject({ status: 201, headers: { "content-type": "text/plain" } });
    expect(await text(response)).toBe("PUT /a?b=c é größe");
  });

  test("many at the same time each get their own answer", async () => {
    await open(async ({ path }) => ({ status: 200, headers: {}, body: pieces(path) }));
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => text(await ask(get(`/${index}`), never()))),
    );
    expect(answers).toEqual(Array.from({ length: 50 }, (_, index) => `/${index}`));
  });

  test("a large answer arrives whole", async () => {
    const large = "x".repeat(3_000_000);
    await open(async () => ({ status: 200, headers: {}, body: pieces(large) }));
    expect(await text(await ask(get("/"), never()))).toHaveLength(large.length);
  });

  test("a watch is read while it goes on, and ends on the other side when its reader leaves", async () => {
    const { promise: ended, resolve: onEnd } = Promise.withResolvers<void>();
    async function* watch(signal: AbortSignal): AsyncGenerator<Uint8Array> {
      yield Buffer.from("first");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      onEnd();
    }
    await open(async (_request, signal) => ({ status: 200, headers: {}, body: watch(signal) }));
    const response = await ask(get("/watch"), never());
    for await (const chunk of response.body) {
      expect(Buffer.from(chunk).toString()).toBe("first");
      break;
    }
    await expect(ended).resolves.toBeUndefined();
  });

  test("that its sender gives up ends on the other side", async () => {
    const { promise: ended, resolve: onEnd } = Promise.withResolvers<void>();
    await open(async (_request, signal) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      onEnd();
      throw new Error("aborted");
    });
    const controller = new AbortController();
    const asked = ask(get("/"), controller.signal);
    asked.catch(() => {});
    controller.abort();
    await expect(asked).rejects.toThrow("cancelled");
    await expect(ended).resolves.toBeUndefined();
  });
});

describe("what goes wrong", () => {
  test("the handler's error reaches the asking side", async () => {
    await open(() => Promise.reject(new Error("connection reset by peer")));
    await expect(ask(get("/"), never())).rejects.toThrow("connection reset by peer");
  });

  test("a connection that breaks fails what is under way, in Rancher's words", async () => {
    await open(() => new Promise(() => {}));
    const asked = ask(get("/"), never());
    asked.catch(() => {});
    agentSide.terminate();
    await expect(asked).rejects.toThrow("cluster agent disconnected");
    await expect(ask(get("/"), never())).rejects.toThrow("cluster agent disconnected");
  });

  test("a stream that breaks off fails its reader", async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("first");
      await new Promise(() => {});
    }
    await open(async () => ({ status: 200, headers: {}, body: endless() }));
    const response = await ask(get("/"), never());
    const read = text(response);
    read.catch(() => {});
    agentSide.terminate();
    await expect(read).rejects.toThrow("cluster agent disconnected");
  });
});
