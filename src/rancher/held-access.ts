/** What Rancher holds to reach a cluster's API: `status.caCert`, and the token in a Secret or in the status itself. */
import { z } from "zod";
import type { Api } from "../kubernetes/api.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { secrets } from "../kubernetes/resource.ts";
import { readSecret } from "../kubernetes/secret.ts";
import { Secret } from "../pki/secret.ts";

/** Where Rancher ≥ 2.6.7 (2.5.16) keeps the tokens of clusters, in Secrets `cluster-serviceaccounttoken-…`. */
export const TOKEN_NAMESPACE = "cattle-global-data";
/** The key of such a Secret. */
export const TOKEN_KEY = "credential";

const statusSchema = z.object({
  status: z
    .object({
      apiEndpoint: z.string().default(""),
      caCert: z.string().default(""),
      serviceAccountToken: z.string().default(""),
      serviceAccountTokenSecret: z.string().default(""),
    })
    .prefault({}),
});

/** The CA of a cluster, PEM; empty where Rancher holds none. @param cluster the object of the management cluster */
export function readHeldCa(cluster: KubeObject): string {
  return Buffer.from(statusSchema.parse(cluster).status.caCert, "base64").toString("utf8");
}

export interface HeldByRancher {
  readonly apiEndpoint: string;
  /** `status.caCert` as it is: base64 of PEM. */
  readonly caCert: string;
  /** PEM; empty where nothing is held. */
  readonly caPem: string;
  /** Where the token is; `none` where Rancher holds none. */
  readonly storage: { readonly kind: "secret"; readonly name: string } | { readonly kind: "status" | "none" };
  readonly token: Secret | undefined;
}

/** @param cluster the object of the management cluster. @throws ApiError */
export async function readHeldAccess(management: Api, cluster: KubeObject): Promise<HeldByRancher> {
  const { status } = statusSchema.parse(cluster);
  const { apiEndpoint, caCert } = status;
  const caPem = Buffer.from(caCert, "base64").toString("utf8");
  const common = { apiEndpoint, caCert, caPem };
  const name = status.serviceAccountTokenSecret;
  if (name !== "") {
    const secret = await management.get(secrets(TOKEN_NAMESPACE), name);
    const value = secret === undefined ? undefined : readSecret(secret)?.value(TOKEN_KEY)?.toString("utf8");
    return { ...common, storage: { kind: "secret", name }, token: tokenOf(value) };
  }
  const kind = status.serviceAccountToken === "" ? "none" : "status";
  return { ...common, storage: { kind }, token: tokenOf(status.serviceAccountToken) };
}

/**
 * Whether the token of this cluster belongs into its status. Where Rancher holds none, its version tells: Rancher ≥ 2.6.7
 * (2.5.16) keeps tokens in Secrets, since everybody who sees a cluster sees its status.
 * @param version as the estate's installation says it: `v2.15.1`, `v2.15-head`
 */
export function isTokenInStatus(cluster: KubeObject, version: string): boolean {
  const { serviceAccountToken, serviceAccountTokenSecret } = statusSchema.parse(cluster).status;
  if (serviceAccountTokenSecret !== "") return false;
  return serviceAccountToken !== "" || !hasTokenSecrets(version);
}

/** The first patch with Secrets for tokens, by minor version; none before, and every one after. */
const FIRST_PATCH: Readonly<Record<string, number>> = { "5": 16, "6": 7 };

function hasTokenSecrets(version: string): boolean {
  const [, major, minor = "", patch = "Infinity"] = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(version) ?? [];
  return major !== "2" || Number(minor) > 6 || Number(patch) >= (FIRST_PATCH[minor] ?? Number.POSITIVE_INFINITY);
}

function tokenOf(value: string | undefined): Secret | undefined {
  return value === undefined || value === "" ? undefined : Secret.of(value);
}
