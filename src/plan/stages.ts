/** A route over an estate → stages in order, each with its gate, waves and steps. */
import { alignedWith } from "../estate/agent-state.ts";
import { estateBackupSteps } from "./estate-backup-steps.ts";
import { canStraddle, needsReapplying, needsRedeploying } from "./methods.ts";
import {
  type Member,
  nodeArmSteps,
  nodeRollSteps,
  nodeSettleSteps,
  nodesMisaligned,
  nodesUnsettled,
  nodeWave,
} from "./node-agent-steps.ts";
import type { PlanOptions } from "./options.ts";
import type { Epoch, EpochName, Stage, Step } from "./plan.ts";
import { epochNamed, finalEpoch } from "./reading.ts";
import { valuesOfChange } from "./release.ts";
import type { Route } from "./route.ts";
import { armAgent } from "./steps/arm-agent.ts";
import type { StepContext } from "./steps/context.ts";
import { deleteCertificate } from "./steps/delete-certificate.ts";
import { presentCertificate } from "./steps/present-certificate.ts";
import { proveDecryption } from "./steps/prove-decryption.ts";
import { proveTrust } from "./steps/prove-trust.ts";
import { reapplyAgent } from "./steps/reapply-agent.ts";
import { redeployAgent } from "./steps/redeploy-agent.ts";
import { removeBundle } from "./steps/remove-bundle.ts";
import { replaceCertificate } from "./steps/replace-certificate.ts";
import { restartAgent } from "./steps/restart-agent.ts";
import { restartRancher } from "./steps/restart-rancher.ts";
import { rollAgent } from "./steps/roll-agent.ts";
import { saveObjects } from "./steps/save-objects.ts";
import { serveBundle } from "./steps/serve-bundle.ts";
import { settleAgent } from "./steps/settle-agent.ts";
import { upgradeRelease } from "./steps/upgrade-release.ts";
import { usesSystemStore } from "./system-store.ts";
import { canaryOf, onceWave, strictWave, wavesOf } from "./waves.ts";

export interface StagesInput {
  readonly context: StepContext;
  readonly route: Route;
  /** Sorted by id, each with its line of the plan. */
  readonly clusters: readonly Member[];
  readonly options: PlanOptions;
  /** The rotation made Secret `tls-ca`: a rollback takes it away. */
  readonly bundleMade?: boolean;
}

/** The stages of design's overlap, renew and replace, forth and back; a stage that would have nothing to do is left out. */
export function stagesOf(input: StagesInput): Stage[] {
  const { route } = input;
  const stages: (Stage | undefined)[] = [
    backupStage(input),
    route.repair ? repairStage(input) : undefined,
    // Agents that are cut off cannot be aligned with what they refuse.
    route.replaceTo === undefined ? alignStage(input) : credentialsStage(input),
  ];
  if (route.widenTo !== undefined) stages.push(...moveStages(input, route.widenTo, "widen"));
  if (route.switchUnder !== undefined) stages.push(switchStage(input, route.switchUnder));
  if (route.replaceTo !== undefined) stages.push(...replaceStages(input, route.replaceTo));
  if (route.narrowTo !== undefined) stages.push(...moveStages(input, route.narrowTo, "narrow"));
  stages.push(releaseStage(input));
  return [...stages.filter((stage) => stage !== undefined), ...endStages(input)];
}

function backupStage({ context }: StagesInput): Stage {
  const { direction, estateBackup } = context;
  const steps = direction === "forward" ? [saveObjects(context)] : [];
  steps.push(...estateBackupSteps(estateBackup));
  const waves = [...steps, proveDecryption()].map((step, index) => strictWave(`backup/wave-${index + 1}`, [step]));
  return {
    id: "backup",
    kind: "backup",
    says: "Save what the plan touches, and prove that it can be put back.",
    gate: "nothing",
    waves,
  };
}

/** Somebody was stopped between writing the Secret and restarting Rancher. */
function repairStage({ context }: StagesInput): Stage {
  const epoch = epochNamed(context, "current");
  return {
    id: "widen@current",
    kind: "widen",
    epoch: "current",
    says: "Bring Rancher and its Secret to one bundle: a change was begun and not finished.",
    gate: "all-armed",
    gateEpoch: "current",
    waves: [strictWave("widen@current/once", [serveBundle(context, epoch)])],
  };
}

/** Agents that are missing or cannot start, or carry another pin than the served one: armed for a bundle that will not come, or never moved. */
function alignStage(input: StagesInput): Stage | undefined {
  const current = epochNamed(input.context, "current");
  const missing = input.clusters
    .filter(({ live, planned }) => needsReapplying(live, planned))
    .map(({ live, planned }) => reapplyAgent(input.context, { ...planned, ...lackOf(live) }, current));
  const lacking = input.clusters
    .filter(({ live, planned }) => needsRedeploying(live, planned))
    .map(({ planned }) => redeployAgent(input.context, planned, current));
  const first = new Set([...missing, ...lacking].map(({ target }) => target));
  const misaligned = rollSteps(
    input,
    current,
    ({ live, planned }) => live.agent !== undefined && !alignedWith(live.agent, current.pin) && !first.has(planned.id),
  );
  const nodes = nodeRollSteps(
    input.context,
    input.clusters.filter((member) => nodesMisaligned(member, current)),
    current,
  );
  const steps = [...missing, ...lacking, ...misaligned, ...nodes];
  return steps.length === 0 ? undefined : spreadStage(input, current, steps);
}

/** Before a flag day, as long as their tunnels live: after it, who cannot start is reached by nobody. */
function credentialsStage(input: StagesInput): Stage | undefined {
  const current = epochNamed(input.context, "current");
  const steps = input.clusters
    .filter(({ live, planned }) => needsRedeploying(live, planned))
    .map(({ planned }) => redeployAgent(input.context, planned, current));
  return steps.length === 0 ? undefined : spreadStage(input, current, steps);
}

function lackOf({ missingCredentials }: Member["live"]): { readonly missingCredentials?: string } {
  return missingCredentials === undefined ? {} : { missingCredentials };
}

function spreadStage({ options }: StagesInput, epoch: Epoch, steps: readonly Step[]): Stage {
  const id = `spread@${epoch.name}`;
  return {
    id,
    kind: "spread",
    epoch: epoch.name,
    says: usesSystemStore(epoch)
      ? "Agents that Rancher redeploys start without a pin; the others have done so."
      : "Every agent starts with the bundle that is served, and with that alone.",
    gate: "bundle-served",
    gateEpoch: epoch.name,
    waves: spreadWaves(id, steps, options),
  };
}

/** Armed agents roll by themselves, all at once; redeploying is Farrier's doing and goes in waves behind them. */
function spreadWaves(id: string, steps: readonly Step[], options: PlanOptions): Stage["waves"] {
  const nodes = steps.filter(({ kind }) => kind === "roll-node-agents");
  const redeployed = steps.filter(({ kind }) => kind === "redeploy-agent");
  const rolling = steps.filter((step) => !nodes.includes(step) && !redeployed.includes(step));
  return [...onceWave(id, rolling, options), ...wavesOf(id, redeployed, options), ...nodeWave(id, nodes, options)];
}

function moveStages(input: StagesInput, name: EpochName, kind: "widen" | "narrow"): Stage[] {
  const { context, options, route } = input;
  const epoch = epochNamed(context, name);
  const armable = input.clusters.filter(({ planned }) => planned.method === "patch" && planned.reach !== "none");
  const armId = `arm@${name}`;
  const unpinned = usesSystemStore(epoch);
  const arm: Stage = {
    id: armId,
    kind: "arm",
    epoch: name,
    says: unpinned
      ? "Every agent lets go of its pin, and shows that it accepts the certificate with its system's own store: until its new pod does, the old one serves on."
      : "Every agent straddles the served bundle and the next one: whichever is served, one of its pods starts.",
    ...armGate(route, kind),
    waves: [
      ...wavesOf(
        armId,
        armable.map(({ planned }) => (unpinned ? rollAgent : armAgent)(context, planned, epoch)),
        options,
      ),
      ...nodeWave(
        armId,
        unpinned ? nodeRollSteps(context, armable, epoch) : nodeArmSteps(context, input.clusters, epoch),
        options,
      ),
    ],
  };
  const serve: Stage = {
    id: kind,
    kind,
    epoch: name,
    says: servingSays(kind, unpinned),
    gate: "all-armed",
    gateEpoch: name,
    waves: [strictWave(`${kind}/once`, [servingStep(input, epoch, kind)])],
  };
  // Whoever has let go of its pin is there already; whom Rancher redeploys gets what it serves, and no earlier.
  const isBehind = ({ planned }: Member): boolean => !unpinned || planned.method === "redeploy";
  const spread = spreadStage(input, epoch, [
    ...rollSteps(input, epoch, isBehind),
    ...nodeRollSteps(context, input.clusters.filter(isBehind), epoch),
  ]);
  const rest = kind === "narrow" && context.direction === "forward" ? [restStage(options)] : [];
  // Arm and spread stay even without steps: their gates count, and clusters may come later.
  return [arm, ...rest, serve, spread];
}

function servingSays(kind: "widen" | "narrow", unpinned: boolean): string {
  if (kind === "widen") return "Rancher serves the wider bundle.";
  return unpinned
    ? "Rancher serves no bundle; the private authority is dropped."
    : "Rancher serves the target bundle; the old authority is dropped.";
}

/** Where a bundle is mounted for the first time, or no more, the release is upgraded: that restarts Rancher by itself. */
function servingStep({ context }: StagesInput, epoch: Epoch, kind: "widen" | "narrow"): Step {
  if (usesSystemStore(epoch)) {
    return upgradeRelease(context, context.direction === "forward" ? "no-private-ca" : "as-before", epoch);
  }
  const mounts = kind === "widen" && valuesOfChange(context.release, "private-ca").length > 0;
  return mounts ? upgradeRelease(context, "private-ca", epoch) : serveBundle(context, epoch);
}

/**
 * What must be so before agents are armed. Before the first move it is the backup. Before the second it is that the
 * switch was proved, or, where there was none, that every agent has started with what is served: an agent that still
 * holds older pods would roll back to those instead of straddling.
 */
function armGate(route: Route, kind: "widen" | "narrow"): Pick<Stage, "gate" | "gateEpoch"> {
  if (kind === "widen") return { gate: "backup-verified" };
  if (route.switchUnder !== undefined) return { gate: "switch-proved" };
  return { gate: "all-started", gateEpoch: route.widenTo ?? "current" };
}

function restStage(options: PlanOptions): Stage {
  return {
    id: "rest",
    kind: "rest",
    says: "Rest with both authorities trusted. Kubeconfigs that people download now outlast the change.",
    gate: "nothing",
    waves: [],
    rest: options.rest,
  };
}

function switchStage(input: StagesInput, under: EpochName): Stage {
  const { context, options } = input;
  const epoch = epochNamed(context, under);
  const restarts = input.clusters
    .filter(({ planned }) => planned.method !== "none" && planned.reach === "rancher")
    .map(({ planned }) => restartAgent(context, planned, epoch));
  const canary = canaryOf(restarts, options);
  const isHandedOver = context.rancher.terminator === "external";
  return {
    id: "switch",
    kind: "switch",
    says: isHandedOver
      ? "A person gives the target certificate to what ends TLS before Rancher; a canary and then everybody dial again."
      : "Rancher presents the target certificate; a canary and then everybody dial again.",
    gate: isHandedOver ? "handed-over" : "all-started",
    gateEpoch: under,
    waves: [
      ...(isHandedOver
        ? []
        : [strictWave("switch/wave-1", [...disowningSteps(context, epoch), presentCertificate(context)])]),
      ...(canary.length === 0 ? [] : [{ ...strictWave("switch/canary", canary), canary: true }]),
      strictWave("switch/wave-2", [restartRancher(context)]),
    ],
  };
}

/**
 * The flag day. Who can be armed is armed before it, and comes back by itself; the others are moved after it, by
 * whichever way reaches them.
 */
function replaceStages(input: StagesInput, name: EpochName): Stage[] {
  const { context, options } = input;
  const epoch = epochNamed(context, name);
  const moves = name !== "current";
  const patched = input.clusters.filter(({ planned }) => planned.method === "patch" && planned.reach !== "none");
  const armId = `arm@${name}`;
  const arms = patched
    .filter(({ live, planned }) => canStraddle(live, needsRedeploying(live, planned)))
    .map(({ planned }) => armAgent(context, planned, epoch));
  const arm: Stage = {
    id: armId,
    kind: "arm",
    epoch: name,
    says: "Every agent that can be armed waits for the target bundle: it comes back by itself after the flag day.",
    gate: "backup-verified",
    waves: [
      ...wavesOf(armId, arms, options),
      ...nodeWave(armId, nodeArmSteps(context, input.clusters, epoch), options),
    ],
  };
  const replace: Stage = {
    id: "replace",
    kind: "replace",
    epoch: name,
    says: moves
      ? "The flag day: certificate and bundle are replaced at once. Every cluster is cut off until its agent has the new pin."
      : "The flag day: the certificate is replaced at once, under the bundle that agents hold.",
    gate: moves ? "prepared" : "backup-verified",
    ...(moves ? { gateEpoch: name } : {}),
    waves: [strictWave("replace/once", [replaceCertificate(context, epoch)])],
  };
  const missing = patched.filter(({ live, planned }) => needsReapplying(live, planned));
  const made = missing.map(({ live, planned }) => reapplyAgent(context, { ...planned, ...lackOf(live) }, epoch));
  if (!moves) return made.length === 0 ? [replace] : [replace, spreadStage(input, epoch, made)];
  const rolls = patched
    .filter((member) => !missing.includes(member))
    .map(({ planned }) => rollAgent(context, planned, epoch));
  return [arm, replace, spreadStage(input, epoch, [...made, ...rolls, ...nodeRollSteps(context, patched, epoch)])];
}

/** Where cert-manager makes the certificate, it must stop before another one is written, or it would put its own back. */
function disowningSteps(context: StepContext, epoch: Epoch): Step[] {
  if (valuesOfChange(context.release, "own-certificate").length === 0) return [];
  return [upgradeRelease(context, "own-certificate", epoch), deleteCertificate(context)];
}

/** The release has the values of the beginning again (in a rollback), and the Secret that nothing mounts is gone. */
function releaseStage({ context, bundleMade, route }: StagesInput): Stage | undefined {
  const final = finalEpoch(context);
  const unpinned = usesSystemStore(final) && route.narrowTo !== undefined;
  // Where Rancher serves none, narrowing has given it those values.
  const back = valuesOfChange(context.release, "as-before").length > 0 && !unpinned;
  const removes = bundleMade === true || unpinned;
  if (!back && !removes) return undefined;
  const steps = [
    ...(back ? [upgradeRelease(context, "as-before", final)] : []),
    ...(removes ? [removeBundle(context)] : []),
  ];
  return {
    id: "release",
    kind: "release",
    epoch: final.name,
    says: back
      ? "The Helm release gets the values that it had in the beginning."
      : "The Secret with the bundle goes: no pod of Rancher mounts it, and no agent asks for it.",
    gate: "all-started",
    gateEpoch: final.name,
    waves: [strictWave("release/once", steps)],
  };
}

/** A canary's restart raises `minReadySeconds` by whatever method it is moved, and may have ended before it was seen back. */
function isUnsettled({ live, planned }: Member): boolean {
  return live.agent?.minReadySeconds !== planned.minReadySecondsBefore;
}

function endStages(input: StagesInput): Stage[] {
  const { context, options } = input;
  const final = finalEpoch(context);
  const { widenTo, narrowTo, replaceTo } = input.route;
  const moved = widenTo !== undefined || narrowTo !== undefined || replaceTo !== undefined;
  const rolled = new Set(
    rollSteps(input, epochNamed(context, "current"), misaligned(context)).map(({ target }) => target),
  );
  const settle = input.clusters
    .filter(({ planned }) => planned.reach !== "none")
    .filter((member) =>
      member.planned.method === "patch"
        ? moved || rolled.has(member.planned.id) || isUnsettled(member)
        : isUnsettled(member) && member.live.agent?.minReadySeconds === context.armingMinReadySeconds,
    )
    .map(({ planned }) => settleAgent(context, planned, planned.minReadySecondsBefore));
  const settleNodes = nodeSettleSteps(
    context,
    input.clusters.filter(
      (member) => moved || nodesUnsettled(member) || nodesMisaligned(member, epochNamed(context, "current")),
    ),
  );
  const settleStage: Stage = {
    id: "settle",
    kind: "settle",
    says: "Put minReadySeconds and update strategies back as they were.",
    gate: "all-started",
    gateEpoch: final.name,
    waves: [...onceWave("settle", settle, options), ...nodeWave("settle", settleNodes, options)],
  };
  const prove: Stage = {
    id: "prove",
    kind: "prove",
    epoch: final.name,
    says: "Show what every consumer trusts now, and by which evidence.",
    gate: "nothing",
    waves: [strictWave("prove/once", [proveTrust(context, final)])],
  };
  return settle.length + settleNodes.length === 0 && !moved ? [prove] : [settleStage, prove];
}

function misaligned(context: StepContext): (member: Member) => boolean {
  const { pin } = epochNamed(context, "current");
  return ({ live }) => live.agent !== undefined && !alignedWith(live.agent, pin);
}

function rollSteps(input: StagesInput, epoch: Epoch, wanted: (member: Member) => boolean = () => true): Step[] {
  return input.clusters
    .filter((member) => member.planned.reach !== "none" && member.planned.method !== "none" && wanted(member))
    .map(({ planned }) =>
      planned.method === "redeploy"
        ? redeployAgent(input.context, planned, epoch)
        : rollAgent(input.context, planned, epoch),
    );
}
