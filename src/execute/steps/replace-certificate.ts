/**
 * The flag day: certificate and bundle are written, and Rancher is restarted once after both. In between nobody can
 * connect, so the whole is one unit: what was begun is completed whatever any gate says then.
 */
import { z } from "zod";
import { erased, type Observation, type StepContext, type Verification } from "../step-action.ts";
import { certificateWatch, isCertificateWritten, isPresented, presentCertificate } from "./present-certificate.ts";
import { isBundleWritten, serveBundle } from "./serve-bundle.ts";

/** What each half found before; absent for a half that had nothing to do. */
const beforeSchema = z
  .object({
    present: z.unknown(),
    serve: z.unknown(),
    /** The Secret held the target certificate already: that it does shows nothing of ours. */
    certificateWasThere: z.boolean(),
  })
  .partial();
type Before = z.infer<typeof beforeSchema>;

/** Kept back from the wait for the certificate, for looking once more. */
const SPARE_MS = 10_000;

export const replaceCertificate = erased<Before>({
  before: beforeSchema,
  deadlineSeconds: 1200,

  async observe(context): Promise<Observation<Before>> {
    const before: Before = {};
    for (const [half, action] of halvesOf(context)) {
      const found = await action.observe(context);
      if (found.kind === "blocked") return found;
      if (found.kind === "todo") before[half] = found.before;
    }
    if (Object.keys(before).length === 0) return { kind: "done", evidence: [] };
    return { kind: "todo", before: { ...before, certificateWasThere: await isCertificateWritten(context) } };
  },

  async apply(context, before) {
    if (!(await isReplacementBegun(context, before))) await context.requireOpenGate();
    const begun: StepContext = { ...context, requireOpenGate: async () => {} };
    for (const [half, action] of halvesOf(context)) {
      if (before[half] !== undefined) await action.apply(begun, before[half]);
    }
  },

  async verify(context, before): Promise<Verification> {
    const spoilt = await certificateWatch(context);
    const isShown = await isPresented(context, context.remainingMs() - SPARE_MS, spoilt);
    const putBack = await spoilt();
    if (putBack !== undefined) return { kind: "blocked", by: putBack };
    if (!isShown) {
      return {
        kind: "blocked",
        by: {
          why: "the target certificate is written, and not presented on every address of the server's name",
          hint: "Find out what ends TLS in front of Rancher, give it the certificate, then apply again: agents wait for it.",
        },
      };
    }
    // From here on Rancher is known by what agents accept, and by nothing else.
    context.world.rancher.trustLeaf(undefined);
    if (before.serve === undefined) return { kind: "verified", evidence: [] };
    return await serveBundle.verify(context, before.serve);
  },
});

/** The certificate first: Rancher's restart, which ends every connection, then needs to come only once. */
function halvesOf({ step }: StepContext) {
  const present = ["present", presentCertificate] as const;
  const serve = ["serve", serveBundle] as const;
  return step.epoch === "current" ? [present] : [present, serve];
}

/** Whether one of the Secrets was written, since which going back would help nobody. @param before what the journal holds */
export async function isReplacementBegun(
  context: Pick<StepContext, "management" | "plan" | "step">,
  before: unknown,
): Promise<boolean> {
  const { certificateWasThere = false } = beforeSchema.parse(before);
  if (!certificateWasThere && (await isCertificateWritten(context))) return true;
  return context.step.epoch !== "current" && (await isBundleWritten(context));
}
