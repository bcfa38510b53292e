/** Whom the transport talks to. The other side is the runtime's TLS server, which counts what it is sent. */
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:tls";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type TlsMaterial, Transport } from "../../src/kubernetes/transport.ts";
import { type Authority, createRoot } from "../../src/pki/issuing/authority.ts";
import { type IssuedServing, issueServing } from "../../src/pki/issuing/serving.ts";
import { leafOf } from "../helpers/estate-facts.ts";

const HOST = "127.0.0.1";
const ASKED = { server: "the server", what: "answer" };
const REQUEST = { method: "GET", path: "/", headers: { authorization: "Bearer t0ken" } } as const;
const DAY_MS = 86_400_000;

/** Ends TLS with the pair of the moment, and keeps every byte that it is sent, be it a whole request or not. */
class Listener {
  received = "";
  readonly #server: Server;
  #open = 0;
  #idle: (() => void)[] = [];

  constructor() {
    this.#server = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (data) => {
        this.received += data.toString("latin1");
        socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
      });
    });
    this.#server.on("connection", (socket) => {
      this.#open++;
      socket.on("close", () => {
        if (--this.#open === 0) for (const done of this.#idle.splice(0)) done();
      });
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, HOST, resolve));
  }

  present(pair: { readonly cert: string; readonly key: string }): void {
    this.#server.setSecureContext(pair);
    this.received = "";
  }

  get origin(): string {
    // A server that listens on a port has such an address.
    return `https://${HOST}:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Everything that was sent has come in: no connection is left. */
  async rest(): Promise<void> {
    if (this.#open > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const listener = new Listener();
let ours: Authority;
let theirs: Authority;
let certificates: Record<"good" | "renewed" | "expired" | "foreign" | "elsewhere", IssuedServing>;

beforeAll(async () => {
  const now = new Date();
  const longAgo = new Date(now.getTime() - 30 * DAY_MS);
  [ours, theirs] = await Promise.all([
    createRoot({ commonName: "Ours", now: longAgo }),
    createRoot({ commonName: "Theirs", now: longAgo }),
  ]);
  const good = await issueServing(ours, { hostnames: [HOST], now, days: 30 });
  certificates = {
    good,
    renewed: await issueServing(theirs, { hostnames: [HOST], now, days: 30, key: good.key }),
    expired: await issueServing(ours, { hostnames: [HOST], now: longAgo, days: 1 }),
    foreign: await issueServing(theirs, { hostnames: [HOST], now, days: 30 }),
    elsewhere: await issueServing(ours, { hostnames: ["elsewhere.example.test"], now, days: 30 }),
  };
  await listener.start();
});
afterAll(() => listener.stop());

type Name = keyof typeof certificates;
const present = (name: Name, more: readonly Name[] = []): void => {
  const chain = [name, ...more].map((one) => certificates[one].certificatePem).join("");
  listener.present({ cert: chain, key: certificates[name].keyPem });
};
const fingerprint = (name: Name): string => leafOf(certificates[name].certificatePem);

/** The three ways in which a request goes out. */
const WAYS = {
  "over the pool": (transport: Transport) => transport.send(ASKED, REQUEST),
  "over a connection of its own": (transport: Transport) => transport.sendFresh(ASKED, REQUEST),
  "as a stream": async (transport: Transport) => {
    const { status, body } = await transport.stream(ASKED, REQUEST);
    return { status, body: await body.text() };
  },
};

interface Row {
  readonly name: string;
  readonly presents: Name;
  /** Sent after the leaf, as a chain. */
  readonly chain?: readonly Name[];
  /** Known by its fingerprint. */
  readonly leaf?: Name;
}

async function ask(way: keyof typeof WAYS, leaf: Name | undefined) {
  const tls: TlsMaterial = { ca: ours.certificatePem, ...(leaf === undefined ? {} : { leaf: fingerprint(leaf) }) };
  const transport = new Transport({ origin: listener.origin, tls: () => tls });
  try {
    return await WAYS[way](transport);
  } finally {
    await transport.close();
  }
}

describe.each(Object.keys(WAYS) as (keyof typeof WAYS)[])("a request %s", (way) => {
  const answered: Row[] = [
    { name: "of the authority that is trusted", presents: "good" },
    { name: "of the authority that is trusted, although another is known", presents: "good", leaf: "foreign" },
    { name: "that has expired, and is known", presents: "expired", leaf: "expired" },
    { name: "of another authority that is known", presents: "foreign", leaf: "foreign" },
    { name: "for another name that is known", presents: "elsewhere", leaf: "elsewhere" },
  ];
  it.each(answered)("is answered by a certificate $name", async ({ presents, leaf }) => {
    present(presents);
    expect(await ask(way, leaf)).toMatchObject({ status: 200, body: "ok" });
    expect(listener.received).toContain("t0ken");
  });

  const refused: Row[] = [
    { name: "of another authority", presents: "foreign" },
    { name: "that has expired", presents: "expired" },
    { name: "for another name", presents: "elsewhere" },
    { name: "of another authority where an expired one is known", presents: "foreign", leaf: "expired" },
    { name: "that has expired where another is known", presents: "expired", leaf: "foreign" },
    { name: "for another name where another is known", presents: "elsewhere", leaf: "foreign" },
    { name: "that has the key of the one that is known, and is another", presents: "renewed", leaf: "good" },
    {
      name: "that only brings the one that is known along in its chain",
      presents: "foreign",
      chain: ["expired"],
      leaf: "expired",
    },
  ];
  it.each(refused)("is not sent to a certificate $name", async ({ presents, chain, leaf }) => {
    present(presents, chain);
    await expect(ask(way, leaf)).rejects.toMatchObject({ code: "api.untrusted", kind: "permanent" });
    await listener.rest();
    expect(listener.received).toBe("");
  });
});

describe("a certificate that is known", () => {
  let tls: TlsMaterial;
  let transport: Transport;
  beforeEach(() => {
    tls = { ca: ours.certificatePem, leaf: fingerprint("expired") };
    transport = new Transport({ origin: listener.origin, tls: () => tls });
    present("expired");
    return () => transport.close();
  });

  it.each(["over the pool", "over a connection of its own"] as const)(
    "is refused again %s once it is not to be known any more",
    async (way) => {
      expect(await WAYS[way](transport)).toMatchObject({ status: 200 });
      tls = { ca: ours.certificatePem };
      await listener.rest();
      present("expired");
      await expect(WAYS[way](transport)).rejects.toMatchObject({ code: "api.untrusted" });
      await listener.rest();
      expect(listener.received).toBe("");
    },
  );
});
