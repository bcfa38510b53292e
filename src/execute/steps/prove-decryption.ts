/** Proves, before anything changes, that every sealed file can be opened by the person who would need to. */
import { z } from "zod";
import { unsealServingPair } from "../../backup/serving-pair.ts";
import { withoutKeys } from "../../pki/reading/without-keys.ts";
import { erased, type StepContext } from "../step-action.ts";
import { savedSchema } from "./save-objects.ts";

export const proveDecryption = erased<Record<string, never>>({
  before: z.strictObject({}),
  deadlineSeconds: 120,

  async observe() {
    return { kind: "todo", before: {} };
  },

  async apply() {
    // Reading is all there is to it.
  },

  async verify(context) {
    const { current, target } = context.plan.serving;
    for (const serving of [current, target]) {
      if (serving.sealed === undefined) continue;
      const pair = await unsealServingPair(context.vault, serving.sealed);
      if (withoutKeys(pair.chain) !== serving.chain) {
        const why = `${serving.sealed.file} holds another certificate than the plan names`;
        return { kind: "blocked", by: { why, hint: "The plan or its backups were edited: make a new plan." } };
      }
    }
    await context.vault.prove(savedObjects(context));
    return { kind: "verified", evidence: [] };
  },
});

function savedObjects(context: StepContext) {
  return Object.values(context.run.steps).flatMap(({ before }) => {
    const saved = savedSchema.safeParse(before);
    return saved.success ? [saved.data.sealed] : [];
  });
}
