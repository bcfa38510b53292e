/** Looking at the certificate that an address presents. Nothing is sent, and what is seen is judged elsewhere. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { connect, createSecureContext, type DetailedPeerCertificate } from "node:tls";

export interface Presented {
  /** An IP address. */
  readonly address: string;
  /** SHA-256 of each certificate, leaf first, lower-case hex; empty when the handshake failed. */
  readonly fingerprints: readonly string[];
  /** Certificates in DER, in the same order. */
  readonly certificates: readonly Uint8Array[];
  readonly error?: string;
}

const HANDSHAKE_MS = 10_000;

/** All addresses of a host name; the address itself for an IP. Throws what the resolver throws. */
export async function addressesOf(hostname: string): Promise<string[]> {
  const bare = hostname.replace(/^\[|\]$/g, "");
  if (isIP(bare) !== 0) return [bare];
  const found = await lookup(bare, { all: true });
  return [...new Set(found.map(({ address }) => address))];
}

/**
 * One entry for each address of the URL's host. A loopback address that refuses is left out where another answers:
 * `localhost` has an IPv6 address whether or not anybody listens there.
 */
export async function presentedBy(server: URL): Promise<Presented[]> {
  const addresses = await addressesOf(server.hostname);
  const seen = await Promise.all(addresses.map((address) => handshake(server, address)));
  const answered = seen.some(({ error }) => error === undefined);
  return seen.filter(({ error, address }) => !(answered && error === "ECONNREFUSED" && isLoopback(address)));
}

function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}

/** The chain that one address presents for the server's name, over a connection of its own. */
export async function handshake(server: URL, address: string): Promise<Presented> {
  const hostname = server.hostname.replace(/^\[|\]$/g, "");
  return await new Promise((resolve) => {
    const socket = connect({
      host: address,
      port: server.port === "" ? 443 : Number(server.port),
      ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
      // Only looked at: the chain is judged by the agents' rules, and nothing is ever sent over this connection.
      rejectUnauthorized: false,
      // An empty store, so that the chain is what was sent and nothing of this machine's is added to it.
      secureContext: createSecureContext({ ca: [] }),
      ALPNProtocols: ["http/1.1"],
    });
    const settle = (result: Omit<Presented, "address">): void => {
      socket.destroy();
      resolve({ address, ...result });
    };
    socket.setTimeout(HANDSHAKE_MS, () => settle({ fingerprints: [], certificates: [], error: "timeout" }));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      settle({ fingerprints: [], certificates: [], error: error.code ?? error.message });
    });
    socket.once("secureConnect", () => settle(chainOf(socket.getPeerCertificate(true))));
  });
}

function chainOf(leaf: DetailedPeerCertificate): Omit<Presented, "address"> {
  const fingerprints: string[] = [];
  const certificates: Uint8Array[] = [];
  // A self-signed certificate is its own issuer; the chain ends there.
  for (let current: DetailedPeerCertificate | undefined = leaf; current?.raw !== undefined; ) {
    const fingerprint = current.fingerprint256.replaceAll(":", "").toLowerCase();
    if (fingerprints.includes(fingerprint)) break;
    fingerprints.push(fingerprint);
    certificates.push(current.raw);
    current = current.issuerCertificate;
  }
  return { fingerprints, certificates };
}
