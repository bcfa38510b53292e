/**
 * Changes values of the Helm release that Rancher belongs to, with the chart that it was installed from. All values that
 * were given are kept, sealed, before: whatever becomes of the release, what is given next is made from those.
 */
import { z } from "zod";
import { FarrierError } from "../../errors.ts";
import { GivenValues, type Values } from "../../helm/given-values.ts";
import type { StoredRelease } from "../../helm/stored-releases.ts";
import { upgradeRelease as runUpgrade, upgradeByHand } from "../../helm/upgrade.ts";
import { readDeployment } from "../../kubernetes/deployment.ts";
import { deployments } from "../../kubernetes/resource.ts";
import { TRUST_KEY } from "../../observe/trust.ts";
import type { Secret } from "../../pki/secret.ts";
import { type PlannedValue, type ReleaseChangeName, valuesOfChange } from "../../plan/release.ts";
import { usesSystemStore } from "../../plan/system-store.ts";
import { isRollingOut, trustSecretOf } from "../../rancher/installation.ts";
import { awaitRancher, deleteRancherPod, rancherShape } from "../rancher-pods.ts";
import { descriptionOf, isOurs, plannedRelease, presentRelease, settledRelease } from "../release.ts";
import { givenFor, hasValues, wantedOf } from "../release-values.ts";
import { putBackBySomebody, putSecretValues, type SecretChange } from "../secret-change.ts";
import { renewedUntilServed, STALE_HINT } from "../stale-rancher.ts";
import { conflict, epochOf, erased, type StepContext, type Verification } from "../step-action.ts";
import { unsealSecret } from "../trust-secret.ts";
import { bundleValues, isBundleWritten, writtenBundle } from "./serve-bundle.ts";

const beforeSchema = z.object({
  revision: z.number().int(),
  /** All values that were given, sealed: they may hold passwords. */
  values: z.object({ file: z.string(), sha256: z.string() }),
  /** What `tls-ca` held, if there was one although nothing mounted it. */
  bundle: z.string().optional(),
});
type Before = z.infer<typeof beforeSchema>;

export const upgradeRelease = erased<Before>({
  before: beforeSchema,
  deadlineSeconds: 1800,

  async observe(context) {
    const release = await presentRelease(context);
    if (isDone(release, changesOf(context)) && (await isMountedAsWanted(context))) {
      return { kind: "done", evidence: [] };
    }
    const values = await context.vault.seal("release-values", release.values.reveal());
    const bundle = await writtenBundle(context);
    const before = { revision: release.revision, values, ...(bundle === undefined ? {} : { bundle }) };
    return { kind: "todo", before };
  },

  async apply(context, before) {
    if (changeOf(context) === "private-ca") await writeBundle(context, before);
    const begun = await isUpgradeBegun(context);
    const changes = changesOf(context);
    const kept = valuesIn(await context.vault.unseal(before.values));
    const values = kept.with(givenFor(await presentRelease(context), changes));
    const release = await settledRelease(context, values);
    // Somebody may have run the command by hand.
    if (isDone(release, changes)) return;
    if (release.revision !== before.revision && !isOurs(context, release, values))
      throw changedRevision(release, before);
    // Half upgraded is worse than either: what was begun is completed whatever the gate says now.
    if (!begun) await context.requireOpenGate();
    await context.requireLock();
    const { world, signal } = context;
    try {
      await runUpgrade(world.helm, { release, values, description: descriptionOf(context), signal });
    } catch (error) {
      throw withCommand(error, context, release);
    }
  },

  async verify(context): Promise<Verification> {
    const release = await presentRelease(context);
    const { namespace, name, status } = release;
    if (!isDone(release, changesOf(context))) {
      const why = `Helm release ${namespace}/${name} is ${status} and does not have the values that it was given`;
      return { kind: "blocked", by: { why, hint: `Look at helm -n ${namespace} history ${name}.` } };
    }
    await awaitRollout(context);
    return changeOf(context) === "own-certificate" ? { kind: "verified", evidence: [] } : await verifyServed(context);
  },
});

/** Whether the release was touched already: from then on Rancher restarts with another bundle, and that is completed. */
export async function isUpgradeBegun(context: Pick<StepContext, "management" | "plan" | "step">): Promise<boolean> {
  const release = await presentRelease(context);
  return release.description === descriptionOf(context) || hasValues(release, changesOf(context));
}

function changeOf({ step }: Pick<StepContext, "step">): ReleaseChangeName {
  if (step.change !== undefined) return step.change;
  throw new FarrierError("internal.unexpected", `Step ${step.id} names no change.`);
}

function changesOf(context: Pick<StepContext, "plan" | "step">): readonly PlannedValue[] {
  return valuesOfChange(plannedRelease(context.plan), changeOf(context));
}

function isDone(release: StoredRelease, changes: readonly PlannedValue[]): boolean {
  return release.status === "deployed" && hasValues(release, changes);
}

/** Another revision than the one that was seen, and neither ours nor with our values: whose values are those? */
function changedRevision({ namespace, name, revision }: StoredRelease, before: Before): FarrierError {
  return conflict(`Helm release ${namespace}/${name}`, `it is at revision ${revision} now, not at ${before.revision}`);
}

function valuesIn(sealed: Secret): GivenValues {
  // Sealed by this step: what `GivenValues.reveal` gave.
  return GivenValues.of(z.record(z.string(), z.json()).parse(JSON.parse(sealed.reveal())) as Values);
}

/** The Secret comes first: pods that mount one which is not there wait for it for ever. Nothing mounts it yet. */
async function writeBundle(context: StepContext, before: Before): Promise<void> {
  const { management, plan, vault } = context;
  const { namespace, trustSecret: name, trustSecretSaved: saved } = plan.rancher;
  const change: SecretChange = {
    namespace,
    name,
    values: bundleValues(epochOf(context)),
    expected: (values) => values[TRUST_KEY] === before.bundle,
  };
  await putSecretValues(management, change, saved === undefined ? undefined : await unsealSecret(vault, saved));
}

/** What the chart's Deployment mounts, where the change is about that. */
async function isMountedAsWanted(context: StepContext): Promise<boolean> {
  const { management, plan } = context;
  const mounts = changeOf(context) === "private-ca";
  if (!mounts && !usesSystemStore(epochOf(context))) return true;
  const object = await management.get(deployments(plan.rancher.namespace), plan.rancher.deployment);
  const deployment = object === undefined ? undefined : readDeployment(object);
  return deployment !== undefined && (trustSecretOf(deployment) !== undefined) === mounts;
}

/** Helm does not wait for pods: the Deployment's controller says when they are the new ones. */
async function awaitRollout({ management, plan, remainingMs, signal }: StepContext): Promise<void> {
  const { namespace, deployment: name } = plan.rancher;
  await management.watchUntil(
    deployments(namespace),
    { name },
    ([object]) => {
      const deployment = object === undefined ? undefined : readDeployment(object);
      return deployment === undefined || isRollingOut(deployment) ? undefined : true;
    },
    { deadlineMs: remainingMs(), signal },
  );
}

async function verifyServed(context: StepContext): Promise<Verification> {
  const mounts = changeOf(context) === "private-ca";
  const shape = await rancherShape(context);
  const { bundle } = epochOf(context);
  const spoilt = async (): Promise<boolean> => mounts && !(await isBundleWritten(context));
  const isServed = await renewedUntilServed(context, { bundle, shape, spoilt }, async (pod) => {
    await deleteRancherPod(context, pod);
    await awaitRancher(context, shape, ({ uid }) => uid !== pod.uid);
  });
  const { namespace, trustSecret: name } = context.plan.rancher;
  const values = bundleValues(epochOf(context));
  const putBack = mounts ? await putBackBySomebody(context.management, { namespace, name, values }) : undefined;
  if (putBack !== undefined) return { kind: "blocked", by: putBack };
  if (isServed) return { kind: "verified", evidence: [] };
  const why = "Rancher does not serve the bundle that its release was upgraded for, although its pods are new";
  return { kind: "blocked", by: { why, hint: STALE_HINT } };
}

/** Without helm, or where it fails, a person can do the same by hand; the step then finds it done. */
function withCommand(error: unknown, context: StepContext, release: StoredRelease): unknown {
  if (!(error instanceof FarrierError) || !error.code.startsWith("helm.")) return error;
  const byHand = changesOf(context).map((change) => ({ path: change.path, to: wantedOf(change) }));
  const command = upgradeByHand(release, byHand, context.world.helm);
  return new FarrierError(error.code, error.message, { hint: `${error.hint} By hand: ${command}`, cause: error });
}
