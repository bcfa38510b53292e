/**
 * Writes the target certificate and key where the ingress takes them from, and proves on every address of the
 * server's name that it is presented. If it is not, the old one is written back.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { sealServingPair, unsealServingPair } from "../../backup/serving-pair.ts";
import type { Sealed } from "../../backup/vault.ts";
import { withoutKeys } from "../../pki/reading/without-keys.ts";
import { Secret } from "../../pki/secret.ts";
import { sealedPair } from "../../plan/reading.ts";
import { pauseFor } from "../pause-for.ts";
import { changeSecret, putBackBySomebody, readSecretValues } from "../secret-change.ts";
import { erased, type Obstruction, type StepContext } from "../step-action.ts";

const CHAIN_KEY = "tls.crt";
const PRIVATE_KEY = "tls.key";

const beforeSchema = z.object({
  /** The pair that was presented, sealed. */
  sealed: z.object({ file: z.string(), sha256: z.string() }),
  /** SHA-256 of `tls.crt` as it was. */
  chainDigest: z.string(),
});
type Before = z.infer<typeof beforeSchema>;

/** Several ingress replicas answer behind one address: so many handshakes in a row must show the certificate. */
const IN_ROW = 8;
const PAUSE_MS = 100;

export const presentCertificate = erased<Before>({
  before: beforeSchema,
  deadlineSeconds: 300,

  async observe(context) {
    const { management, plan } = context;
    const place = `${plan.rancher.namespace}/${plan.rancher.servingSecret}`;
    const values = await readSecretValues(management, plan.rancher.namespace, plan.rancher.servingSecret);
    const [chain, key] = [values?.[CHAIN_KEY], values?.[PRIVATE_KEY]];
    if (chain === undefined || key === undefined) {
      return {
        kind: "blocked",
        by: { why: `Secret ${place} holds no certificate with its key`, hint: "Make a new plan." },
      };
    }
    if (isTarget(context, chain) && (await isPresented(context, 0))) return { kind: "done", evidence: [] };
    const sealed = await sealServingPair(context.vault, "serving-before", { chain, key: Secret.of(key) });
    return { kind: "todo", before: { sealed, chainDigest: digest(chain) } };
  },

  async apply(context, before) {
    const pair = await unsealServingPair(context.vault, sealedPair(context.plan, "target"));
    await context.requireOpenGate();
    await write(context, pair, (chain) => digest(chain) === before.chainDigest);
  },

  async verify(context) {
    const spoilt = await certificateWatch(context);
    const isShown = await isPresented(context, context.remainingMs() - 10_000, spoilt);
    const putBack = await spoilt();
    if (putBack !== undefined) return { kind: "blocked", by: putBack };
    if (isShown) return { kind: "verified", evidence: [] };
    return {
      kind: "blocked",
      by: {
        why: "the certificate is not presented on every address of the server's name; the old one was written back",
        hint: "Find out what ends TLS in front of Rancher: a load balancer with a certificate of its own, or an ingress that does not follow its Secret.",
      },
    };
  },

  async putBack(context, before) {
    await presentAgain(context, before.sealed);
  },
});

const PRESENT_STEP = "rancher/present-certificate";

/** Undoes the switch by one write, because what came after it failed. Where a person has switched, only they can. */
export async function undoSwitch(context: StepContext): Promise<void> {
  if (context.plan.rancher.terminator === "external") return;
  const known = context.run.steps[PRESENT_STEP];
  const journalled = beforeSchema.safeParse(known?.before ?? known?.original);
  await presentAgain(context, journalled.success ? journalled.data.sealed : sealedPair(context.plan, "current"));
}

/** What has become of the certificate where the switch is undone, for the end of a sentence. */
export function afterUndoing({ plan }: Pick<StepContext, "plan">): string {
  return plan.rancher.terminator === "external"
    ? "give what ends TLS the old certificate again"
    : "the old certificate was written back";
}

async function presentAgain(context: StepContext, sealed: Sealed): Promise<void> {
  const pair = await unsealServingPair(context.vault, sealed);
  await write(context, pair, (chain) => isTarget(context, chain));
}

async function write(
  context: StepContext,
  pair: { readonly chain: string; readonly key: Secret },
  expected: (chain: string) => boolean,
): Promise<void> {
  const { management, plan } = context;
  await changeSecret(management, {
    namespace: plan.rancher.namespace,
    name: plan.rancher.servingSecret,
    values: { [CHAIN_KEY]: pair.chain, [PRIVATE_KEY]: pair.key.reveal() },
    expected: (values) => expected(values[CHAIN_KEY] ?? ""),
  });
}

/** What says whether somebody has put another certificate into the Secret since the target was written. */
export async function certificateWatch({
  management,
  plan,
  vault,
}: StepContext): Promise<() => Promise<Obstruction | undefined>> {
  const { namespace, servingSecret: name } = plan.rancher;
  const { chain } = await unsealServingPair(vault, sealedPair(plan, "target"));
  return () => putBackBySomebody(management, { namespace, name, values: { [CHAIN_KEY]: chain } });
}

/** Whether the Secret holds the target certificate already. */
export async function isCertificateWritten({
  management,
  plan,
}: Pick<StepContext, "management" | "plan">): Promise<boolean> {
  const values = await readSecretValues(management, plan.rancher.namespace, plan.rancher.servingSecret);
  return withoutKeys(values?.[CHAIN_KEY] ?? "") === plan.serving.target.chain;
}

/**
 * Looks at every address until all of them have shown the target often enough in a row, or the time is over, or waiting
 * has lost its sense.
 */
export async function isPresented(
  context: StepContext,
  patienceMs: number,
  spoilt?: () => Promise<Obstruction | undefined>,
): Promise<boolean> {
  const leaf = context.plan.serving.target.certificates[0]?.fingerprint;
  const end = Date.now() + patienceMs;
  for (let inRow = 0; inRow < IN_ROW; ) {
    context.signal.throwIfAborted();
    const seen = await context.world.rancher.presented();
    inRow = seen.length > 0 && seen.every(({ fingerprints }) => fingerprints[0] === leaf) ? inRow + 1 : 0;
    if (inRow === 0 && (Date.now() > end || (await spoilt?.()) !== undefined)) return false;
    if (inRow === 0) await pauseFor(PAUSE_MS, context.signal);
  }
  return true;
}

/** Plans hold chains without the keys that people put beside them. */
function isTarget({ plan }: StepContext, chain: string): boolean {
  return withoutKeys(chain) === plan.serving.target.chain;
}

function digest(chain: string): string {
  return createHash("sha256").update(chain, "utf8").digest("hex");
}
