/**
 * Makes a missing agent anew from Rancher's registration manifest, over a way past the tunnel. What is there already is
 * left alone; what a registration leaves out is added; and Rancher itself redeploys it as soon as the tunnel is up.
 */
import { z } from "zod";
import { ApiError } from "../../kubernetes/api-error.ts";
import { managementClusters } from "../../kubernetes/resource.ts";
import { completedDeployment, manifestObjects, registrationToken, resourceOf } from "../../rancher/registration.ts";
import { awaitStarted } from "../agent-started.ts";
import { forceDeploy } from "../redeploy.ts";
import { epochOf, erased, type StepContext } from "../step-action.ts";

/** Nothing was there. */
const beforeSchema = z.object({ missing: z.literal(true) });

export const reapplyAgent = erased<z.infer<typeof beforeSchema>>({
  before: beforeSchema,
  deadlineSeconds: 600,

  async observe(context) {
    const agent = await context.agent.lookAtDeployment();
    return agent === undefined ? { kind: "todo", before: { missing: true } } : { kind: "done", evidence: [] };
  },

  async apply(context) {
    const { management, world, step } = context;
    const [token, cluster] = await Promise.all([
      registrationToken(management, step.target),
      management.get(managementClusters, step.target),
    ]);
    const objects = manifestObjects(await world.rancher.registrationManifest(token, step.target, context.signal));
    for (const object of objects) {
      await createMissing(context, object.kind === "Deployment" ? completedDeployment(object, cluster) : object);
    }
  },

  async verify(context) {
    const { pin } = epochOf(context);
    const started = await awaitStarted(context, pin);
    if (started.kind === "blocked") return started;
    // Seen on a real Rancher: without its own redeploy the agent lacks what only that gives it.
    await forceDeploy(context);
    return await awaitStarted(context, pin);
  },
});

async function createMissing(context: StepContext, object: Parameters<typeof resourceOf>[0]): Promise<void> {
  const api = context.downstream(context.step.target);
  const resource = resourceOf(object);
  if ((await api.get(resource, object.metadata.name)) !== undefined) return;
  try {
    await api.create(resource, object);
  } catch (error) {
    // Somebody else has made it in the same moment.
    if (!(error instanceof ApiError && error.reason === "AlreadyExists")) throw error;
  }
}
