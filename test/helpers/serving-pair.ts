/** Puts another certificate in front of Rancher, as somebody would who does not use the product. */
import type { Sandbox } from "../../src/sandbox/sandbox.ts";

interface Pair {
  /** PEM, leaf first. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
}

type Estate = Pick<Sandbox, "management">;

export async function presentInstead(estate: Estate, pair: Pair): Promise<void> {
  await write(estate, pair, { namespace: "cattle-system", name: "tls-rancher-ingress" });
}

/** The same where a load balancer ends TLS (scenario: `tls.source: external`). */
export async function presentAtLoadBalancer(estate: Estate, pair: Pair): Promise<void> {
  await write(estate, pair, { namespace: "load-balancer", name: "certificate" });
}

async function write({ management }: Estate, { certificate, key }: Pair, place: { namespace: string; name: string }) {
  const encoded = (text: string): string => Buffer.from(text, "utf8").toString("base64");
  const body = { data: { "tls.crt": encoded(certificate), "tls.key": encoded(key) } };
  const secrets = { group: "", version: "v1", resource: "secrets", namespace: place.namespace };
  await management.patch(secrets, place.name, { type: "merge", body });
}
