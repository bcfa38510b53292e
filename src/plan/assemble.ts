/** The planner: an estate and a goal → a plan. Pure: the same inputs give the same bytes. */
import { FarrierError } from "../errors.ts";
import type { Cluster } from "../estate/cluster.ts";
import type { Estate } from "../estate/estate.ts";
import type { NodeAgentBefore } from "../estate/node-agent.ts";
import type { Finding } from "../findings.ts";
import { unionBundle } from "../pki/bundle.ts";
import { factsOf, hostnameOf, leafFingerprint, sameCertificates, verification } from "./chain.ts";
import { type Classification, classify } from "./classify.ts";
import { alertsOf, pointsOfNoReturn } from "./consequences.ts";
import { namedBackup } from "./estate-backup.ts";
import { estimate } from "./estimate.ts";
import { plannedClusterOf, underFlagDay, withoutBundle } from "./methods.ts";
import { nodeAgentsBefore } from "./node-agent-steps.ts";
import { DEFAULT_OPTIONS, type PlanOptions } from "./options.ts";
import type { Basis, Plan, PlannedCluster, PlannedEndpoints } from "./plan.ts";
import { presentBundle } from "./present-bundle.ts";
import { type PlanRelease, releaseBack, releaseForward, valuesOfChange } from "./release.ts";
import { type Route, routeOf } from "./route.ts";
import { stagesOf } from "./stages.ts";
import { refuseStrictAgents } from "./strict-agents.ts";
import { anchorsOf, goalOf, usesSystemStore } from "./system-store.ts";

/** An encrypted file in the rotation's directory, and the digest of its ciphertext. */
export interface SealedFile {
  readonly file: string;
  readonly sha256: string;
}

export interface PlanInput {
  readonly estate: Estate;
  readonly direction: "forward" | "rollback";
  /** The rotation's id: see `rotationIdOf`. */
  readonly rotation: string;
  readonly now: Date;
  readonly findings: readonly Finding[];
  readonly goal: {
    /**
     * What agents shall trust in the end. Forward: the content of a person's file, which is written canonically; left
     * out when the bundle shall not change. Rollback: the bytes of the beginning, which are written as they are. Empty
     * where Rancher shall serve no bundle, and agents trust their system's own store.
     */
    readonly bundle?: string;
    /** `tls.crt`: leaf first. */
    readonly chain: string;
    /** The encrypted file with the goal's chain and key; absent where a person puts the certificate in place. */
    readonly sealed?: SealedFile;
  };
  /** The encrypted file with the chain and key that are in place now. */
  readonly current: { readonly sealed?: SealedFile };
  /** Rollback: the union that was served on the way forth. */
  readonly both?: string;
  /** Rollback: `minReadySeconds` of each agent before the way forth. One that is not named was not touched by it. */
  readonly minReadySecondsBefore?: Readonly<Record<string, number>>;
  /** By cluster id: how its node agents were updated before the rotation, where it is known otherwise than by looking. */
  readonly nodeAgentsBefore?: Readonly<Record<string, readonly NodeAgentBefore[]>>;
  /** Rollback: the encrypted file with Secret `tls-ca`, where the way forth has taken it away. */
  readonly trustSecretSaved?: SealedFile;
  /** Rollback: the changes of the release on the way forth. */
  readonly release?: PlanRelease;
  /** The authorized endpoints that may stand in for tunnels. */
  readonly endpoints?: PlannedEndpoints;
  /** Public roots, PEM: needed where Rancher serves no bundle at the beginning or at the end. */
  readonly publicRoots?: string;
  /** Until when the target must verify: see `classify`. */
  readonly horizon?: Date;
  /** Forward: the person asks for the flag day. */
  readonly replace?: boolean;
  readonly options?: Partial<PlanOptions>;
}

/**
 * Makes the plan. A rollback is planned by the same code: its goal is the beginning, and its start is whatever the
 * estate has come to.
 *
 * @throws FarrierError `plan.*` where a forward change has no procedure (see `classify`), or where a rollback would
 *   present a certificate that agents refuse
 */
export function assemblePlan(input: PlanInput): Plan {
  const { estate, goal, direction } = input;
  const options = { ...DEFAULT_OPTIONS, ...input.options };
  const classification = direction === "forward" ? classifyForward(input) : undefined;
  const route = routeOf({
    estate,
    bundle: goalBundle(input),
    chain: goal.chain,
    ignoreText: direction === "forward",
    replace: classification?.procedure === "replace",
    publicRoots: { known: input.publicRoots ?? "", at: input.now },
    ...(input.both === undefined ? {} : { both: input.both }),
  });
  if (direction === "rollback") refuseDeadEnd(input, route);
  const members = estate.clusters
    .toSorted((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)))
    .map((live) => ({ live, planned: memberOf(live, input, { options, route }) }));
  const head = headOf(input, route, options);
  refuseWithoutRelease(head, route);
  const bundleMade = input.release?.changes.some(({ name }) => name === "private-ca") ?? false;
  const stages = stagesOf({ context: head, route, clusters: members, options, bundleMade });
  const clusters = members.map(({ planned }) => planned);
  return {
    ...head,
    plannedAt: input.now.toISOString(),
    procedure: procedureOf(route),
    why: [...(classification?.why ?? rollbackReasons(route))],
    clusters,
    ...(input.endpoints === undefined ? {} : { endpoints: input.endpoints }),
    stages,
    findings: input.findings.map(({ code, severity, target, sentence, hint }) => ({
      code,
      severity,
      target,
      sentence,
      hint,
    })),
    estimate: estimate(stages, clusters.length, options.armingMinReadySeconds),
    alerts: alertsOf(stages),
    pointsOfNoReturn: pointsOfNoReturn(stages, head.serving, head.epochs),
    basis: basisOf(estate, clusters),
  };
}

/** Rancher stops serving a bundle by an upgrade of its release, and by nothing else. */
function refuseWithoutRelease({ direction, release }: PlanHead, route: Route): void {
  if (!dropsBundle(route)) return;
  const change = direction === "forward" ? "no-private-ca" : "as-before";
  if (valuesOfChange(release, change).length > 0) return;
  throw new FarrierError(
    "plan.no-procedure",
    "Rancher is to serve no bundle in the end, and no value of its Helm release would bring that about.",
    { hint: "Look at helm get values: privateCA and ingress.tls.source are not what the rotation has left." },
  );
}

/** In the end, agents verify with their system's own store. */
function dropsBundle({ epochs, narrowTo }: Route): boolean {
  const last = epochs.at(-1);
  return narrowTo !== undefined && last !== undefined && usesSystemStore(last);
}

/** A certificate that has ended since, or that a flag day replaced: the gate before it would hold for ever. */
function refuseDeadEnd({ estate, goal, now }: PlanInput, { epochs, switchUnder }: Route): void {
  if (goal.bundle === "") refuseStrictAgents(estate);
  const under = epochs.find(({ name }) => name === switchUnder);
  if (under === undefined) return;
  const hostname = hostnameOf(estate.identity.serverUrl);
  const { accepted, why } = verification({ chain: goal.chain, bundle: anchorsOf(under), hostname, at: now });
  if (accepted) return;
  throw new FarrierError("plan.target-refused", `Agents refuse the certificate that a rollback leads to: ${why}`, {
    hint: "Nothing leads back to it. Plan a rotation to a certificate that works, or leave the estate as it is.",
  });
}

function procedureOf({ epochs, replaceTo }: Route): Plan["procedure"] {
  if (replaceTo !== undefined) return "replace";
  return epochs.length === 1 ? "renew" : "overlap";
}

function classifyForward({ estate, goal, now, horizon, publicRoots, replace = false }: PlanInput): Classification {
  const target = { chain: goal.chain, ...(goal.bundle === undefined ? {} : { bundle: goal.bundle }) };
  return classify({
    estate,
    target,
    now,
    replace,
    ...(horizon === undefined ? {} : { horizon }),
    ...(publicRoots === undefined ? {} : { publicRoots }),
  });
}

/** `tls-ca` stays byte for byte as it is where the person's file has the same certificates in other words: so do pins. */
function goalBundle({ estate, goal, direction }: PlanInput): string {
  const present = presentBundle(estate).bundle;
  if (goal.bundle === undefined) return present;
  if (direction === "rollback" || goal.bundle === "") return goal.bundle;
  return sameCertificates(present, goal.bundle) ? present : unionBundle(goal.bundle, "");
}

type PlanHead = Pick<
  Plan,
  | "format"
  | "rotation"
  | "direction"
  | "estate"
  | "rancher"
  | "estateBackup"
  | "release"
  | "epochs"
  | "serving"
  | "armingMinReadySeconds"
>;

function headOf(input: PlanInput, route: Route, options: PlanOptions): PlanHead {
  const { estate, goal, rotation, direction, current } = input;
  const release =
    direction === "forward" ? releaseForward(estate, goalOf(goal)) : releaseBack(estate, input.release, goalOf(goal));
  const { namespace, deployment, version } = estate.installation;
  const { chain } = estate.serving;
  const backup = direction === "forward" ? plannedBackup(options, rotation) : undefined;
  return {
    format: "farrier.plan/v1",
    rotation,
    direction,
    estate: { ...estate.identity, rancherVersion: version },
    rancher: {
      namespace,
      deployment,
      servingSecret: estate.serving.secret?.name ?? "tls-rancher-ingress",
      trustSecret: estate.trust.secret?.name ?? "tls-ca",
      ...(input.trustSecretSaved === undefined ? {} : { trustSecretSaved: input.trustSecretSaved }),
      ...(estate.installation.tlsSource === "external" ? { terminator: "external" as const } : {}),
    },
    ...(release === undefined ? {} : { release }),
    ...(backup === undefined ? {} : { estateBackup: backup }),
    epochs: [...route.epochs],
    serving: {
      current: servingOf(chain, current.sealed),
      target: servingOf(goal.chain, goal.sealed),
    },
    armingMinReadySeconds: options.armingMinReadySeconds,
  };
}

function servingOf(chain: string, sealed: SealedFile | undefined): Plan["serving"]["target"] {
  return { chain, certificates: factsOf(chain), ...(sealed === undefined ? {} : { sealed }) };
}

function plannedBackup({ estateBackup }: PlanOptions, rotation: string): Plan["estateBackup"] {
  return estateBackup === undefined ? undefined : namedBackup(estateBackup, rotation);
}

function memberOf(
  live: Cluster,
  input: PlanInput,
  { options, route }: { readonly options: PlanOptions; readonly route: Route },
): PlannedCluster {
  const planned = plannedMember(live, input, options);
  if (route.replaceTo === "target") return underFlagDay(planned, live);
  return dropsBundle(route) ? withoutBundle(planned) : planned;
}

function plannedMember(live: Cluster, input: PlanInput, options: PlanOptions): PlannedCluster {
  const wanted = options.methods[live.id];
  const before = input.minReadySecondsBefore?.[live.id];
  const observed = live.agent?.minReadySeconds ?? 0;
  return plannedClusterOf(live, {
    ...(wanted === undefined ? {} : { wanted }),
    acceptUnarmed: options.acceptUnarmed.includes(live.id),
    minReadySecondsBefore: before ?? observed,
    nodeAgentsBefore: input.nodeAgentsBefore?.[live.id] ?? nodeAgentsBefore(live),
  });
}

function rollbackReasons({ repair, widenTo, switchUnder, narrowTo }: Route): string[] {
  return [
    "The way back to where the rotation began, from where the estate is now.",
    ...(repair ? ["Rancher's Secret does not hold what Rancher serves; that is put in order first."] : []),
    ...(widenTo === undefined
      ? []
      : ["What is served now lacks an authority of the beginning: both are served first."]),
    switchUnder === undefined
      ? "The certificate of the beginning is still presented."
      : "The certificate of the beginning is presented again once every agent has started with a bundle that verifies it.",
    narrowTo === undefined
      ? "The bundle of the beginning is served."
      : "Then the bundle of the beginning is served again.",
  ];
}

/** The facts of which `apply` sees whether they still hold. */
function basisOf(estate: Estate, clusters: readonly PlannedCluster[]): Basis {
  const pins = new Map(estate.clusters.map(({ id, agent }) => [id, agent?.pin ?? ""]));
  return {
    servedPin: presentBundle(estate).pin,
    servingFingerprint: leafFingerprint(estate.serving.chain),
    rancherVersion: estate.installation.version,
    clusters: clusters.map(({ id, method }) => ({ id, pin: pins.get(id) ?? "", method })),
  };
}
