/**
 * Makes a missing agent, or the missing Secret that it registers with, anew from Rancher's registration manifest, over a
 * way past the tunnel. What is there already is left alone, features, tolerations and resources included; what a
 * registration leaves out is added; and Rancher itself redeploys the agent as soon as the tunnel is up.
 */
import { z } from "zod";
import { ApiError } from "../../kubernetes/api-error.ts";
import type { KubeObject } from "../../kubernetes/object.ts";
import { managementClusters } from "../../kubernetes/resource.ts";
import { missingCredentials } from "../../observe/credentials.ts";
import {
  completedDeployment,
  manifestObjects,
  registrationToken,
  renamedCredentials,
  resourceOf,
} from "../../rancher/registration.ts";
import { awaitStarted } from "../agent-started.ts";
import { forceDeploy } from "../redeploy.ts";
import { epochOf, erased, type StepContext } from "../step-action.ts";

/** Nothing was there, or all but the Secret of this name; then also the pin and `minReadySeconds` that were. */
const beforeSchema = z.object({
  missing: z.literal(true),
  agent: z.object({ credentials: z.string(), pin: z.string(), minReadySeconds: z.number().int() }).exactOptional(),
});
type Before = z.infer<typeof beforeSchema>;

export const reapplyAgent = erased<Before>({
  before: beforeSchema,
  deadlineSeconds: 600,

  async observe(context) {
    const agent = await context.agent.lookAtDeployment();
    if (agent === undefined) return { kind: "todo", before: { missing: true } };
    const credentials = await missingCredentials(context.downstream(context.step.target), agent);
    if (credentials === undefined) return { kind: "done", evidence: [] };
    const { pin, minReadySeconds } = agent;
    return { kind: "todo", before: { missing: true, agent: { credentials, pin, minReadySeconds } } };
  },

  async apply(context, { agent }) {
    const { management, world, step } = context;
    const [token, cluster] = await Promise.all([
      registrationToken(management, step.target),
      management.get(managementClusters, step.target),
    ]);
    const objects = manifestObjects(await world.rancher.registrationManifest(token, step.target, context.signal));
    for (const object of objects) {
      if (object.kind === "Deployment") await createMissing(context, completedDeployment(object, cluster));
      else await createMissing(context, agent === undefined ? object : renamedCredentials(object, agent.credentials));
    }
    if (agent !== undefined) await givePin(context, agent);
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

/** An agent that was cut off for long may pin what is served no more. */
async function givePin(context: StepContext, before: NonNullable<Before["agent"]>): Promise<void> {
  const { pin } = epochOf(context);
  if (before.pin === pin) return;
  const minReadySeconds = Math.max(before.minReadySeconds, context.plan.armingMinReadySeconds);
  await context.agent.change({ pin, minReadySeconds, expectedPins: [before.pin, pin] });
}

async function createMissing(context: StepContext, object: KubeObject): Promise<void> {
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
