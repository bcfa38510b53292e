/** The last look: what every consumer trusts now, by which evidence; and Farrier's own mark is taken away. */
import { z } from "zod";
import { trustMatrix } from "../../estate/trust-matrix.ts";
import { deployments } from "../../kubernetes/resource.ts";
import { isInForce } from "../../plan/gates/hold.ts";
import { RESTARTED_BY } from "../rancher-pods.ts";
import { epochOf, erased, type Verification } from "../step-action.ts";

const beforeSchema = z.object({ mark: z.string().optional() });

export const proveTrust = erased<z.infer<typeof beforeSchema>>({
  before: beforeSchema,
  deadlineSeconds: 600,

  async observe({ management, plan }) {
    const rancher = await management.get(deployments(plan.rancher.namespace), plan.rancher.deployment);
    const mark = rancher?.metadata.annotations?.[RESTARTED_BY];
    return { kind: "todo", before: mark === undefined ? {} : { mark } };
  },

  async apply({ management, plan }, before) {
    if (before.mark === undefined) return;
    await management.patch(deployments(plan.rancher.namespace), plan.rancher.deployment, {
      kind: "merge",
      body: { metadata: { annotations: { [RESTARTED_BY]: null } } },
    });
  },

  async verify(context): Promise<Verification> {
    const estate = await context.observeEstate();
    const epoch = epochOf(context);
    const rows = trustMatrix(estate, [epoch], {
      now: context.now(),
      minReadySeconds: context.plan.armingMinReadySeconds,
    });
    const waived = new Set(
      context.waivers.filter((waiver) => isInForce(waiver, context.now())).map(({ clusterId }) => clusterId),
    );
    const gating = rows.filter(({ consumer }) => consumer.gating && !waived.has(consumer.clusterId));
    const unproved = gating.filter(({ cells }) => cells[0]?.state !== "started");
    if (unproved.length > 0) {
      const why = `no evidence that these trust the bundle: ${unproved.map(({ consumer }) => consumer.id).join(", ")}`;
      return {
        kind: "blocked",
        by: { why, hint: "farrier status names what is missing; waive what is to be left behind." },
      };
    }
    return { kind: "verified", evidence: gating.flatMap(({ cells }) => cells[0]?.evidence ?? []) };
  },
});
