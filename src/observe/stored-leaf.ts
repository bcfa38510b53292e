/** Which certificate Rancher is meant to present: what the management cluster holds of it. */
import type { Api } from "../kubernetes/api.ts";
import { ingresses, secrets } from "../kubernetes/resource.ts";
import { readSecret } from "../kubernetes/secret.ts";
import { agentsPool } from "../pki/agents-pool.ts";
import { readIngress } from "../rancher/installation.ts";

/** Where Rancher's own Deployment is, or would be. */
export interface ServerPlace {
  readonly namespace: string;
  readonly name: string;
}

/**
 * SHA-256 of the leaf in the serving Secret, lower-case hex; undefined where there is none. Rancher is known by it even
 * when its chain has expired. Throws an `ApiError` when the management cluster does not answer.
 */
export async function storedLeaf(management: Api, server: ServerPlace): Promise<string | undefined> {
  const { name, namespace } = server;
  const ingress = await management.get(ingresses(namespace), name);
  // The chart's default name, where no ingress names another.
  const secretName = (ingress === undefined ? undefined : readIngress(ingress)?.servingSecret) ?? "tls-rancher-ingress";
  const object = await management.get(secrets(namespace), secretName);
  const chain = object === undefined ? undefined : readSecret(object)?.value("tls.crt")?.toString("utf8");
  return chain === undefined ? undefined : agentsPool(chain).anchors[0]?.fingerprint;
}
