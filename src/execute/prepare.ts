/** Makes a rotation: its directory, its vault with the keys that later steps need, and its plan. */

import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { inNewDirectory } from "../backup/new-directory.ts";
import type { IdentityChoice, OwnerIdentity } from "../backup/owner-identity.ts";
import { sealServingPair } from "../backup/serving-pair.ts";
import { Vault } from "../backup/vault.ts";
import { commandWord } from "../errors/command-word.ts";
import { FarrierError } from "../errors.ts";
import type { Estate } from "../estate/estate.ts";
import type { Finding } from "../findings.ts";
import { minReadySecondsBefore, nodeAgentsBefore } from "../journal/before-arming.ts";
import { offerEndpoints, withdrawEndpoints } from "../observe/endpoint-way.ts";
import { observeEstate } from "../observe/observe-estate.ts";
import { requireToken, type World } from "../observe/world.ts";
import { readCertificates } from "../pki/reading/read-certificates.ts";
import { Secret } from "../pki/secret.ts";
import { assemblePlan, type PlanInput, type SealedFile } from "../plan/assemble.ts";
import type { PlanOptions } from "../plan/options.ts";
import type { Plan, PlannedEndpoints } from "../plan/plan.ts";
import { rotationIdOf } from "../plan/plan-file.ts";
import { giveStoredEndpoints, sealEndpoints, usableEndpoints } from "./endpoints.ts";
import { readLock } from "./lock.ts";
import { isFinished, openRotation, PLAN_FILE, type Rotation, writePlan } from "./rotation.ts";
import { readSecretValues } from "./secret-change.ts";
import { savedBundle } from "./steps/remove-bundle.ts";

export interface NewRotation {
  readonly directory: string;
  readonly world: World;
  readonly estate: Estate;
  readonly target: {
    /** `tls.crt`: leaf first, PEM. */
    readonly chain: string;
    /** `tls.key`, PEM, unencrypted; needed unless a person gives it to what ends TLS before the cluster. */
    readonly key?: Secret;
    /** The trust bundle that agents shall end with; left out when it shall not change, empty for their system's own store. */
    readonly bundle?: string;
  };
  readonly findings: readonly Finding[];
  /** Kubeconfigs of authorized endpoints, by cluster id, as they were made for the look at the estate. */
  readonly endpoints?: ReadonlyMap<string, Secret>;
  readonly options?: Partial<PlanOptions>;
  readonly horizon?: Date;
  /** The person asks for the flag day. */
  readonly replace?: boolean;
  readonly identity?: IdentityChoice;
  /** age recipients instead of the owner's identity. */
  readonly recipients?: readonly string[];
  readonly now: Date;
}

/**
 * Seals the target's key and today's, plans, and writes `plan.json`. Nothing of the estate is changed.
 * @returns the plan, and the owner's identity when it was used, so that its path can be shown
 * @throws FarrierError `input.usage` where the key is needed and was not given; `rotation.exists`, `rotation.unwritable`, `backup.*`, `plan.*`, `api.*`
 */
export async function prepareRotation(input: NewRotation): Promise<{ plan: Plan; owner?: OwnerIdentity }> {
  const { directory } = input;
  if (existsSync(join(directory, PLAN_FILE))) {
    throw new FarrierError("rotation.exists", `${directory} already holds a rotation.`);
  }
  const target = { ...input.target, chain: chainOf(input.target.chain) };
  const wanted = { ...input, target };
  const pairs = await pairsToSeal(input, target);
  // What cannot be planned must leave no directory behind.
  const unsealed = { file: "", sha256: "" };
  assemblePlan(planInput(wanted, pairs === undefined ? {} : { target: unsealed, current: unsealed }));
  return await inNewDirectory(directory, async () => {
    const { vault, owner } = await Vault.create(directory, { ...input.identity, recipients: input.recipients });
    const sealed =
      pairs === undefined
        ? {}
        : {
            target: await sealServingPair(vault, "serving-target", pairs.target),
            current: await sealServingPair(vault, "serving-current", pairs.current),
          };
    const endpoints = await sealEndpoints(vault, usableEndpoints(input.estate, input.endpoints ?? new Map()));
    const plan = assemblePlan({ ...planInput(wanted, sealed), ...(endpoints === undefined ? {} : { endpoints }) });
    await writePlan(directory, PLAN_FILE, plan);
    return owner === undefined ? { plan } : { plan, owner };
  });
}

interface Pair {
  readonly chain: string;
  readonly key: Secret;
}

/** Where a person changes the certificate, Farrier needs no key, and keeps none. */
async function pairsToSeal(
  { world, estate, target: { key } }: NewRotation,
  { chain }: Pick<Pair, "chain">,
): Promise<{ readonly target: Pair; readonly current: Pair } | undefined> {
  if (estate.installation.tlsSource === "external") return undefined;
  const current = await servingPairNow(world, estate);
  if (key !== undefined) return { target: { chain, key }, current };
  throw new FarrierError("input.usage", "The target's key is needed: the certificate is in a Secret of the cluster.", {
    hint: "Give --key. It can be left out only where TLS ends before the cluster (the chart's tls: external).",
  });
}

interface SealedPairs {
  readonly target?: SealedFile;
  readonly current?: SealedFile;
}

function planInput(
  { world, estate, target, findings, options, horizon, replace, now }: NewRotation,
  sealed: SealedPairs,
): PlanInput {
  const { chain, bundle } = target;
  const goal = { chain, ...(bundle === undefined ? {} : { bundle }) };
  return {
    estate,
    direction: "forward",
    rotation: rotationIdOf({
      identity: estate.identity,
      targetChain: chain,
      ...(bundle === undefined ? {} : { bundle }),
      at: now,
    }),
    now,
    findings,
    goal: { ...goal, ...sealedIn(sealed.target) },
    current: sealedIn(sealed.current),
    ...(options === undefined ? {} : { options }),
    ...(horizon === undefined ? {} : { horizon }),
    publicRoots: world.publicRoots,
    replace: replace ?? false,
  };
}

/** The certificates alone, in the file's order: people keep keys, comments and byte order marks beside them. */
function chainOf(file: string): string {
  const { certificates } = readCertificates(file, "The target certificate");
  return certificates.map(({ pem }) => pem).join("");
}

function sealedIn(sealed: SealedFile | undefined): { readonly sealed?: SealedFile } {
  return sealed === undefined ? {} : { sealed };
}

async function servingPairNow(world: World, estate: Estate): Promise<Pair> {
  const name = estate.serving.secret?.name ?? "tls-rancher-ingress";
  const values = await readSecretValues(world.management, world.namespace, name);
  const [chain, key] = [values?.["tls.crt"], values?.["tls.key"]];
  if (chain === undefined || key === undefined) {
    throw new FarrierError(
      "plan.no-procedure",
      `Secret ${world.namespace}/${name} holds no serving certificate with its key.`,
    );
  }
  return { chain, key: Secret.of(key) };
}

export interface RollbackRequest {
  readonly directory: string;
  readonly world: World;
  readonly identity?: IdentityChoice;
  readonly options?: Partial<PlanOptions>;
  readonly now: Date;
}

/**
 * Plans the way back from wherever the estate is to where the rotation began, and stores it as `rollback-<n>.json`.
 * A rollback that was begun and is not finished is gone on with.
 * @throws FarrierError `rotation.held` when nothing was applied yet; `plan.*`, `api.*`
 */
export async function prepareRollback(request: RollbackRequest): Promise<{ plan: Plan; file: string }> {
  const rotation = await openRotation(request.directory);
  const current = rotation.state?.current;
  if (current === undefined) {
    await refuseLostJournal(rotation, request.world);
    throw new FarrierError("rotation.held", "Nothing of this rotation was applied: there is nothing to roll back.", {
      hint: "Remove its directory if it is not needed.",
    });
  }
  if (current.direction === "rollback" && current.finished === undefined) {
    return { plan: rotation.plan, file: rotation.planFile };
  }
  if (rotation.firstPlan.procedure === "refresh") {
    throw new FarrierError(
      "plan.no-procedure",
      "A refresh has no way back: what it removed was refused by its cluster.",
      {
        hint: `farrier restore ${commandWord(request.directory)} --diff shows what Rancher held before, and puts it back where you want it.`,
      },
    );
  }
  await requireToken(request.world);
  return await withEndpoints(rotation, request, async (endpointsFor) => {
    const estate = await observeEstate(request.world, { now: () => request.now, concurrency: 50 });
    const input = rollbackInput(rotation, estate, request);
    const endpoints = await endpointsFor(estate);
    const plan = assemblePlan({ ...input, ...(endpoints === undefined ? {} : { endpoints }) });
    const file = await nextRollbackFile(request.directory);
    await writePlan(request.directory, file, plan);
    return { plan, file };
  });
}

/** Endpoints stand in on the way back as on the way forth. Those of a plan that was finished have no tokens any more. */
async function withEndpoints<T extends { readonly plan: Plan }>(
  rotation: Rotation,
  { directory, world, identity = {} }: RollbackRequest,
  prepare: (endpointsFor: (estate: Estate) => Promise<PlannedEndpoints | undefined>) => Promise<T>,
): Promise<T> {
  const { endpoints } = rotation.firstPlan;
  const seal = async (kubeconfigs: ReadonlyMap<string, Secret>) =>
    await sealEndpoints(await Vault.open(directory, identity), kubeconfigs);
  if (endpoints === undefined || !isFinished(rotation)) {
    const stored = giveStoredEndpoints(rotation, world, identity);
    return await prepare(async () => (isRenewed(rotation) ? await seal(await stored.all()) : endpoints));
  }
  const made = await offerEndpoints(world, { only: endpoints.clusters, rotation: rotation.firstPlan.rotation });
  let kept: readonly string[] = [];
  try {
    const prepared = await prepare((estate) => seal(usableEndpoints(estate, made)));
    kept = prepared.plan.endpoints?.clusters ?? [];
    return prepared;
  } finally {
    // The rotation of which they would be is planned all the same; what is left ends as its other tokens do.
    await withdrawEndpoints(world, new Map([...made].filter(([id]) => !kept.includes(id))));
  }
}

/**
 * Where the journal is empty: was it lost? The estate knows whether the rotation was ever applied.
 * @throws FarrierError `journal.head-differs`
 */
export async function refuseLostJournal({ plan, journal }: Rotation, world: World): Promise<void> {
  const lock = await readLock(world.management, plan.rancher.namespace);
  if (lock === undefined || lock.rotation !== plan.rotation || lock.journalLength <= journal.head.seq) return;
  throw new FarrierError(
    "journal.head-differs",
    `The estate has seen ${lock.journalLength} entries of this rotation's journal; this directory's has ${journal.head.seq}.`,
  );
}

function rollbackInput(
  { firstPlan, state }: Rotation,
  estate: Estate,
  { world, now, options }: RollbackRequest,
): PlanInput {
  const { current, target } = firstPlan.serving;
  const [start] = firstPlan.epochs;
  const both = firstPlan.epochs.find(({ name }) => name === "both");
  const removed = (state?.plans ?? []).map(({ steps }) => savedBundle(steps["rancher/remove-bundle"]?.before));
  const trustSecretSaved = removed.findLast((saved) => saved !== undefined);
  if (start === undefined) throw new FarrierError("plan.invalid", "The plan has no epochs.");
  return {
    estate,
    direction: "rollback",
    rotation: firstPlan.rotation,
    now,
    findings: [],
    goal: { bundle: start.bundle, chain: current.chain, ...sealedIn(current.sealed) },
    current: sealedIn(estate.serving.chain === target.chain ? target.sealed : current.sealed),
    ...(both === undefined ? {} : { both: both.bundle }),
    ...(trustSecretSaved === undefined ? {} : { trustSecretSaved }),
    publicRoots: [world.publicRoots, ...firstPlan.epochs.map(({ systemRoots = "" }) => systemRoots)].join("\n"),
    ...(firstPlan.release === undefined ? {} : { release: firstPlan.release }),
    minReadySecondsBefore: Object.fromEntries(
      estate.clusters.flatMap(({ id }) => {
        const before = minReadySecondsBefore(firstPlan, state?.plans ?? [], id);
        return before === undefined ? [] : [[id, before]];
      }),
    ),
    nodeAgentsBefore: Object.fromEntries(
      estate.clusters.flatMap(({ id }) => {
        const before = nodeAgentsBefore(firstPlan, state?.plans ?? [], id);
        return before.length === 0 ? [] : [[id, before]];
      }),
    ),
    options: { ...acceptedRisks(firstPlan), ...options, armingMinReadySeconds: firstPlan.armingMinReadySeconds },
  };
}

function isRenewed({ state }: Rotation): boolean {
  return Object.keys(state?.current.endpoints ?? {}).length > 0;
}

/** Whoever has accepted that a cluster is unarmed on the way forth has accepted it for the way back. */
function acceptedRisks({ clusters }: Plan): Pick<PlanOptions, "methods" | "acceptUnarmed"> {
  const acceptUnarmed = clusters.filter(({ unarmedAccepted }) => unarmedAccepted).map(({ id }) => id);
  return { acceptUnarmed, methods: Object.fromEntries(acceptUnarmed.map((id) => [id, "redeploy"])) };
}

async function nextRollbackFile(directory: string): Promise<string> {
  const present = new Set(await readdir(directory));
  for (let number = 1; ; number++) {
    if (!present.has(`rollback-${number}.json`)) return `rollback-${number}.json`;
  }
}
