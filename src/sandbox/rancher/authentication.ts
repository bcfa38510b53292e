import { createHash, timingSafeEqual } from "node:crypto";
import type { ClusterClient, KubeObject } from "../cluster-client.ts";
import { TOKENS } from "./resources.ts";

/** Who asks, by which token. */
export interface Caller {
  /** The user's ID, such as `user-wfjvt`: what Rancher impersonates in the clusters. */
  readonly userId: string;
  readonly token: KubeObject;
}

const BEARER = /^Bearer (token-[a-z0-9]+|kubeconfig-[a-z0-9-]+):(\S+)$/i;

/** The caller of a request, by `Authorization: Bearer token-xxxxx:<secret>`; undefined for everything else. */
export async function authenticate(
  authorization: string | undefined,
  client: ClusterClient,
  now: Date,
): Promise<Caller | undefined> {
  const match = BEARER.exec(basicAsBearer(authorization) || (authorization ?? ""));
  const [, name = "", secret = ""] = match ?? [];
  if (name === "") return undefined;
  const token = await client.get(TOKENS, name);
  if (token === undefined || typeof token.userId !== "string") return undefined;
  if (!sameText(hashedToken(secret), String(token.token))) return undefined;
  const expiresAt = typeof token.expiresAt === "string" ? token.expiresAt : "";
  if (expiresAt !== "" && Date.parse(expiresAt) <= now.getTime()) return undefined;
  return { userId: token.userId, token };
}

/** How the secret of a token is stored. */
export function hashedToken(secret: string): string {
  return `$3:1:${createHash("sha256").update(secret).digest("base64url")}`;
}

function basicAsBearer(authorization: string | undefined): string {
  const match = /^Basic (\S+)$/i.exec(authorization ?? "");
  return match === null ? "" : `Bearer ${Buffer.from(match[1] ?? "", "base64").toString()}`;
}

function sameText(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
