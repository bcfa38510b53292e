/** How Rancher reaches a cluster's API: through the tunnel, with the CA and the token that its cluster object holds. */
import type { ClusterClient, KubeObject } from "../cluster-client.ts";
import { textOf } from "./account-secret.ts";
import type { Ask } from "./apply.ts";
import { recordOf } from "./norman.ts";
import { core } from "./resources.ts";
import type { Session } from "./session-registry.ts";
import type { TunnelRequest } from "./tunnel.ts";

/** Where Rancher ≥ 2.6.7 keeps the tokens of clusters; before, they stand in the status. */
export const TOKEN_NAMESPACE = "cattle-global-data";

export interface ClusterAccess {
  /** PEM. */
  readonly ca: string;
  readonly token: string;
}

export async function accessTo(cluster: KubeObject, client: ClusterClient): Promise<ClusterAccess> {
  const status = recordOf(cluster.status);
  return {
    ca: Buffer.from(String(status.caCert ?? ""), "base64").toString(),
    token: await heldToken(status, client),
  };
}

async function heldToken(status: Readonly<Record<string, unknown>>, client: ClusterClient): Promise<string> {
  const { serviceAccountToken, serviceAccountTokenSecret: name } = status;
  if (typeof name !== "string" || name === "") return String(serviceAccountToken ?? "");
  return textOf(await client.get(core("secrets", TOKEN_NAMESPACE), name), "credential") ?? "";
}

/** The request as Rancher's own: with what it verifies the API server with, and who it is. */
export function asRancher(request: TunnelRequest, { ca, token }: ClusterAccess): TunnelRequest {
  return { ...request, ca, headers: { ...request.headers, authorization: `Bearer ${token || "none"}` } };
}

/** Rancher's own questions to a cluster. */
export function askerOf(session: Session, access: ClusterAccess): Ask {
  return (request, signal) => session.ask(asRancher(request, access), signal);
}
