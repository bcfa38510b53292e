/** Puts another certificate in front of Rancher, as somebody would who does not use the product. */
import type { Sandbox } from "../../src/sandbox/sandbox.ts";

const SECRETS = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };

/** `certificate` (leaf first) and `key` are PEM. */
export async function presentInstead(
  { management }: Pick<Sandbox, "management">,
  { certificate, key }: { readonly certificate: string; readonly key: string },
): Promise<void> {
  const encoded = (text: string): string => Buffer.from(text, "utf8").toString("base64");
  const body = { data: { "tls.crt": encoded(certificate), "tls.key": encoded(key) } };
  await management.patch(SECRETS, "tls-rancher-ingress", { type: "merge", body });
}
