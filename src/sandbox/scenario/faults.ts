import { z } from "zod";
import { clausesOf, whatItMustBe } from "../../errors/value-errors.ts";
import { FarrierError } from "../../errors.ts";

const cluster = z.string().min(1).describe("id or display name of a cluster");
const seconds = z.number().positive().describe("seconds of sandbox time");

/**
 * What can go wrong in an estate. Those with a duration end by themselves; those without it stay. A fault in a
 * scenario is there when the estate has come up (`drifted`, `owned-secret` and `token-expires` are built into it).
 */
export const faultSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("offline"), cluster, seconds: seconds.optional() }),
  z.strictObject({ kind: z.literal("disconnect"), cluster }),
  z.strictObject({ kind: z.literal("flapping"), cluster, everySeconds: seconds }),
  z.strictObject({ kind: z.literal("half-open"), cluster, seconds: seconds.optional() }),
  z.strictObject({ kind: z.literal("slow"), cluster, latencyMs: z.number().min(0) }),
  z.strictObject({ kind: z.literal("restart-agent"), cluster }),
  z.strictObject({ kind: z.literal("random-restarts"), everySeconds: seconds }),
  z.strictObject({ kind: z.literal("redeploy"), cluster }),
  z.strictObject({ kind: z.literal("random-redeploys"), everySeconds: seconds }),
  z.strictObject({ kind: z.literal("restart-rancher") }),
  z.strictObject({ kind: z.literal("forbidden"), cluster }),
  /** Rancher refuses the token everything about it, its tunnel too. */
  z.strictObject({ kind: z.literal("hidden"), cluster }),
  /** The token sees that it is there, and its API server refuses the account everything. */
  z.strictObject({ kind: z.literal("no-rights"), cluster }),
  z.strictObject({
    kind: z.literal("renewed-cluster"),
    cluster,
    /** Its service-account key is another one: every token of before is refused. */
    serviceAccountKey: z.boolean().default(true),
    /** Its API server's certificate comes from another CA. */
    ca: z.boolean().default(false),
    /** Whether `ca.crt` in the Secrets of tokens is brought up to date: kube-controller-manager was restarted with it. */
    secretsFollow: z.boolean().default(true),
    /** Its agents lose their lease and start anew, or never notice. */
    agent: z.enum(["restarts", "stays"]).default("restarts"),
    /** Whether Rancher takes over what its agents report from then on. */
    reported: z.boolean().default(true),
    /** Logs and shells go on with what Rancher's processes held until they are restarted (seen in Rancher 2.1). */
    staleStreams: z
      .array(z.enum(["log", "exec"]))
      .readonly()
      .default([]),
  }),
  /**
   * Its clock is ahead (behind, where negative). Where its API server has just renewed its certificate by a clock that is
   * two hours ahead or more, that is not valid yet to everybody else.
   */
  z.strictObject({
    kind: z.literal("clock-ahead"),
    cluster,
    minutes: z.number(),
    renewed: z.boolean().default(true),
  }),
  /** Its authorized endpoint does not answer any more. */
  z.strictObject({ kind: z.literal("endpoint-away"), cluster }),
  z.strictObject({ kind: z.literal("image-missing"), cluster }),
  z.strictObject({ kind: z.literal("node-full"), cluster }),
  /** Agents that start on the node end at once, as where its disk is full; those that run go on. */
  z.strictObject({ kind: z.literal("node-broken"), cluster, node: z.string(), mended: z.boolean().default(false) }),
  z.strictObject({ kind: z.literal("stale-rancher") }),
  z.strictObject({ kind: z.literal("setting-delay"), seconds }),
  z.strictObject({ kind: z.literal("ingress-late"), seconds }),
  z.strictObject({ kind: z.literal("drifted"), cluster, pin: z.enum(["other", "trailing-newline"]).default("other") }),
  z.strictObject({
    kind: z.literal("owned-secret"),
    secret: z.enum(["tls-ca", "tls-rancher-ingress"]),
    tool: z.enum(["argocd", "flux", "external-secrets", "cert-manager"]),
    putsBackAfterSeconds: seconds.optional(),
  }),
  z.strictObject({ kind: z.literal("token-expires"), minutes: z.number() }),
  z.strictObject({
    kind: z.literal("api-errors"),
    target: z.string().min(1).describe("rancher, management, or a cluster"),
    rate: z.number().min(0).max(1),
    statuses: z.array(z.union([z.literal(409), z.literal(429), z.literal(500), z.literal(503), z.literal(504)])).min(1),
  }),
]);

export type Fault = z.infer<typeof faultSchema>;

/** @throws FarrierError `input.invalid` that names everything that is wrong with it */
export function parseFault(input: unknown): Fault {
  const parsed = faultSchema.safeParse(input, { error: whatItMustBe });
  if (parsed.success) return parsed.data;
  throw new FarrierError("input.invalid", `The fault is not valid: ${clausesOf(parsed.error, "the fault")}.`);
}
