/** Bearer tokens of service accounts (JSON Web Tokens): what one says of itself, without believing it. */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { Secret } from "./secret.ts";

export interface TokenClaims {
  /** The first 16 hex digits of the token's SHA-256. */
  readonly fingerprint: string;
  /** Claim `sub`; empty where it has none, or is no JSON Web Token. */
  readonly subject: string;
  readonly accountUid?: string;
  readonly secret?: string;
  /** ISO 8601. */
  readonly expiresAt?: string;
}

const LEGACY = "kubernetes.io/serviceaccount";

/** Seconds from 1970 to the last time that JavaScript can tell (ECMA-262, 21.4.1.1); a claim may say anything. */
const LATEST = 8.64e12;

/** Both forms: tokens in Secrets have flat claims, those of the TokenRequest API an object (KEP-1205). */
const claimsSchema = z.object({
  sub: z.string().catch(""),
  exp: z.number().min(-LATEST).max(LATEST).optional().catch(undefined),
  [`${LEGACY}/secret.name`]: z.string().optional().catch(undefined),
  [`${LEGACY}/service-account.uid`]: z.string().optional().catch(undefined),
  "kubernetes.io": z
    .object({ serviceaccount: z.object({ uid: z.string() }) })
    .optional()
    .catch(undefined),
});

/** Never throws: a text that is no token has a fingerprint and says nothing. */
export function claimsOf(token: Secret): TokenClaims {
  const text = token.reveal();
  const fingerprint = createHash("sha256").update(text).digest("hex").slice(0, 16);
  const parsed = claimsSchema.safeParse(payloadOf(text));
  if (!parsed.success) return { fingerprint, subject: "" };
  const { sub: subject, exp, "kubernetes.io": bound, ...claims } = parsed.data;
  const accountUid = claims[`${LEGACY}/service-account.uid`] ?? bound?.serviceaccount.uid;
  const secret = claims[`${LEGACY}/secret.name`];
  return {
    fingerprint,
    subject,
    ...(accountUid === undefined ? {} : { accountUid }),
    ...(secret === undefined ? {} : { secret }),
    ...(exp === undefined ? {} : { expiresAt: new Date(exp * 1000).toISOString() }),
  };
}

function payloadOf(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
