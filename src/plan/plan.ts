/**
 * The plan: plain data made by a pure function, versioned, and all that `apply` takes.
 * The same inputs give the same bytes. It holds certificates and digests, never keys, tokens or passwords.
 */
import { z } from "zod";
import { reachSchema } from "../estate/cluster.ts";
import { certificateFactsSchema } from "../estate/estate.ts";
import { nodeAgentBeforeSchema } from "../estate/node-agent.ts";
import { plannedBackupSchema, rancherContainerPlaceSchema, sshNodeSchema } from "./estate-backup.ts";
import { comparisonSchema } from "./refresh/comparison.ts";
import { planReleaseSchema, releaseChangeNameSchema } from "./release.ts";

/**
 * - `renew`: the target chain verifies under the bytes that agents hold: only the serving certificate changes.
 * - `overlap`: current → both → target.
 * - `replace`: current → target at once, the documented flag day: only where agents refuse what is presented already.
 * - `refresh`: Rancher's certificate and bundle stay; clusters whose own CA or service-account key has changed are made
 *   known to Rancher again.
 */
export const procedureSchema = z.enum(["renew", "overlap", "replace", "refresh"]);
export type Procedure = z.infer<typeof procedureSchema>;

/**
 * The bundles through which the estate passes, in order. `current` is what Rancher serves when the plan is made; in a
 * rollback `target` is the bundle of the beginning. A plan that leaves the bundle alone has `current` only, and one that
 * needs no union has no `both`.
 */
export const epochNameSchema = z.enum(["current", "both", "target"]);
export type EpochName = z.infer<typeof epochNameSchema>;

export const epochSchema = z.object({
  name: epochNameSchema,
  /**
   * What Secret `tls-ca` holds in this epoch under `cacerts.pem`, byte for byte. Empty where Rancher serves no bundle, and
   * agents trust their system's own store.
   */
  bundle: z.string(),
  /** SHA-256 of the served bytes and one newline: `CATTLE_CA_CHECKSUM`. Empty without a bundle. */
  pin: z.string(),
  /** Without a bundle: the public roots at which the epoch's certificate ends, PEM. */
  systemRoots: z.string().exactOptional(),
  certificates: z.array(certificateFactsSchema),
});
export type Epoch = z.infer<typeof epochSchema>;

/** A serving certificate without its key; `sealed` names the encrypted file that holds chain and key, where a step needs it. */
export const servingPlanSchema = z.object({
  /** Leaf first, PEM: what `tls.crt` will hold. */
  chain: z.string(),
  certificates: z.array(certificateFactsSchema),
  sealed: z.object({ file: z.string(), sha256: z.string() }).exactOptional(),
});

export const stageKindSchema = z.enum([
  "backup",
  "arm",
  "widen",
  "spread",
  "switch",
  "rest",
  "narrow",
  "replace",
  "release",
  "settle",
  "prove",
  "refresh",
]);

/**
 * What a stage asks of the live estate before it is entered:
 * - `nothing`
 * - `backup-verified`: what was saved can be decrypted.
 * - `all-armed`: every unwaived gating consumer is armed for (or already started with) the epoch.
 * - `prepared`: every cluster that the plan arms is armed, the others were named in the plan as cut off; and the target
 *   chain verifies under the epoch.
 * - `bundle-served`: every replica of Rancher serves the epoch's bundle.
 * - `all-started`: every unwaived gating consumer has *started* evidence for the epoch, and the chain that is about
 *   to be presented verifies under it.
 * - `handed-over`: the same, and every address presents the target certificate, which a person has put in place there.
 * - `switch-proved`: the certificate is presented on every address, and sessions that began afterwards work.
 */
export const gateKindSchema = z.enum([
  "nothing",
  "backup-verified",
  "all-armed",
  "prepared",
  "bundle-served",
  "all-started",
  "handed-over",
  "switch-proved",
]);

/** What a step does; `src/plan/steps/` declares each, `src/execute/steps/` carries it out. */
export const stepKindSchema = z.enum([
  "save-objects",
  "back-up-estate",
  "save-snapshot",
  "request-snapshot",
  "copy-container",
  "prove-decryption",
  "arm-agent",
  "serve-bundle",
  "roll-agent",
  "redeploy-agent",
  "reapply-agent",
  "present-certificate",
  "replace-certificate",
  "restart-agent",
  "restart-rancher",
  "settle-agent",
  "arm-node-agents",
  "roll-node-agents",
  "settle-node-agents",
  "prove-trust",
  "pin-agent",
  "drop-agent-tokens",
  "recreate-agent-pods",
  "drop-person-tokens",
  "hold-access",
  "renew-rancher",
  "prove-access",
  "upgrade-release",
  "delete-certificate",
  "remove-bundle",
]);
export type StepKind = z.infer<typeof stepKindSchema>;

export const stepSchema = z.object({
  /** What it does and to whom, never a number: `c-m-x7k2p/arm-agent@both`, `rancher/serve-bundle@both`. */
  id: z.string(),
  kind: stepKindSchema,
  /** A cluster id, `rancher` or `rotation`. */
  target: z.string(),
  epoch: epochNameSchema.optional(),
  /** For `upgrade-release`: which of the plan's changes of values it makes. */
  change: releaseChangeNameSchema.optional(),
  /** One English sentence. */
  says: z.string(),
  /** What a sceptic would run by hand, with the row of the manual procedure that it stands for. */
  manual: z.object({ row: z.string(), commands: z.array(z.string()) }),
  /** `verb resource namespace [in cluster]`, as access reviews name them. */
  permissions: z.array(z.string()),
  undo: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("planned"), how: z.string() }),
    z.object({ kind: z.literal("nothing-to-undo") }),
    z.object({ kind: z.literal("irreversible"), why: z.string() }),
  ]),
});
export type Step = z.infer<typeof stepSchema>;

export const waveSchema = z.object({
  /** `<stage id>/<name>`, name `canary` or `wave-<n>`, or `once` in stages that have one wave only. Waves run in order. */
  id: z.string(),
  canary: z.boolean(),
  /** How many of its steps may fail before the stage stops. */
  failureBudget: z.number().int(),
  /** How many of its steps run at the same time. */
  concurrency: z.number().int(),
  /** Seconds to wait after the wave before the next one. */
  soakSeconds: z.number(),
  steps: z.array(stepSchema),
});
export type Wave = z.infer<typeof waveSchema>;

export const stageSchema = z.object({
  /** Kind and, where the plan may have the kind more than once, epoch: `arm@both`, `widen`, `widen@current`, `narrow`. */
  id: z.string(),
  kind: stageKindSchema,
  /** The epoch that the stage brings. */
  epoch: epochNameSchema.optional(),
  says: z.string(),
  gate: gateKindSchema,
  /** The epoch that the gate asks about; absent for gates that ask about none. */
  gateEpoch: epochNameSchema.optional(),
  waves: z.array(waveSchema),
  /** For `rest`: how long, or until a person goes on. */
  rest: z
    .discriminatedUnion("kind", [
      z.object({ kind: z.literal("seconds"), seconds: z.number() }),
      z.object({ kind: z.literal("until-resumed") }),
    ])
    .optional(),
});
export type Stage = z.infer<typeof stageSchema>;

export const plannedClusterSchema = z.object({
  id: z.string(),
  name: z.string(),
  kubeSystemUid: z.string().optional(),
  /** `patch`: its agent is armed. `redeploy`: Rancher re-applies it once the bundle is served. `none`: nothing to move. */
  method: z.enum(["patch", "redeploy", "none"]),
  /** Over what its API is asked; `none`: it answered over no way when it was planned. */
  reach: reachSchema,
  why: z.string(),
  /** Not armed, and the person who planned it said so: the widen gate lets it pass. */
  unarmedAccepted: z.boolean(),
  /** What happens to it if its agent restarts at the wrong moment; absent when it is armed. */
  risk: z.string().optional(),
  /** `minReadySeconds` as it was, for `settle`. */
  minReadySecondsBefore: z.number().int(),
  /** Its node agents' DaemonSets as they were, for `settle`. */
  nodeAgentsBefore: z.array(nodeAgentBeforeSchema).exactOptional(),
  /** Gating consumers that this version cannot move: they hold the gates unless the cluster is waived. */
  unproved: z.array(z.string()),
});
export type PlannedCluster = z.infer<typeof plannedClusterSchema>;

/** A cluster that is refreshed: how it is reached past Rancher, and what was found stale. */
export const refreshedClusterSchema = z.object({
  id: z.string(),
  name: z.string(),
  kubeSystemUid: z.string(),
  /**
   * Its own API server: by a kubeconfig's path and the context in it, or by a control-plane node that has a kubeconfig
   * (at its usual place, or at `onNode`). None of it holds a secret.
   */
  reach: z.union([
    z.object({ kubeconfig: z.string(), context: z.string(), server: z.string() }),
    z.object({ ssh: sshNodeSchema, onNode: z.string().exactOptional(), server: z.string() }),
  ]),
  comparisons: z.array(comparisonSchema),
});
export type RefreshedCluster = z.infer<typeof refreshedClusterSchema>;

/** Clusters whose authorized endpoint answered when this was planned, and the encrypted file with their kubeconfigs. */
export const plannedEndpointsSchema = z.object({
  clusters: z.array(z.string()),
  sealed: z.object({ file: z.string(), sha256: z.string() }),
});
export type PlannedEndpoints = z.infer<typeof plannedEndpointsSchema>;

/** The facts that must still hold when `apply` starts; a difference is shown, and refused. */
export const basisSchema = z.object({
  servedPin: z.string(),
  servingFingerprint: z.string(),
  rancherVersion: z.string(),
  clusters: z.array(z.object({ id: z.string(), pin: z.string(), method: z.string() })),
});
export type Basis = z.infer<typeof basisSchema>;

export const planSchema = z.object({
  format: z.literal("farrier.plan/v1"),
  /** The rotation's id: made from the estate's identity, the target and the time of planning. */
  rotation: z.string(),
  direction: z.enum(["forward", "rollback"]),
  plannedAt: z.string(),
  estate: z.object({ kubeSystemUid: z.string(), serverUrl: z.string(), rancherVersion: z.string() }),
  /** Where things are, so that steps need not look again. */
  rancher: z.object({
    namespace: z.string(),
    deployment: z.string(),
    servingSecret: z.string(),
    trustSecret: z.string(),
    /** In a rollback: the encrypted file with `tls-ca` as it was when the rotation took it away. */
    trustSecretSaved: z.object({ file: z.string(), sha256: z.string() }).exactOptional(),
    /** TLS ends before the cluster (the chart's `tls: external`): a person changes the certificate there, at the switch. */
    terminator: z.literal("external").exactOptional(),
    /** Where it runs in no Deployment and a step restarts it. */
    inContainer: rancherContainerPlaceSchema.exactOptional(),
    /** The management cluster's API is in this container and is reached through it. */
    managementContainer: rancherContainerPlaceSchema.exactOptional(),
  }),
  /** Where values of the chart change: the Helm release, and which values at which step. */
  release: planReleaseSchema.optional(),
  /** The estate's own backup, where one was asked for. */
  estateBackup: plannedBackupSchema.exactOptional(),
  procedure: procedureSchema,
  why: z.array(z.string()),
  epochs: z.array(epochSchema),
  serving: z.object({ current: servingPlanSchema, target: servingPlanSchema }),
  clusters: z.array(plannedClusterSchema),
  endpoints: plannedEndpointsSchema.exactOptional(),
  /** For `refresh` only. */
  refreshed: z.array(refreshedClusterSchema).exactOptional(),
  stages: z.array(stageSchema),
  findings: z.array(
    z.object({
      code: z.string(),
      severity: z.enum(["error", "warning", "info"]),
      target: z.string(),
      sentence: z.string(),
      hint: z.string(),
    }),
  ),
  /** Seconds that arming leaves a new pod unavailable: what makes the Deployment straddle. */
  armingMinReadySeconds: z.number().int(),
  estimate: z.object({
    durationSeconds: z.object({ least: z.number(), most: z.number() }),
    agentRestarts: z.number().int(),
    rancherRestarts: z.number().int(),
    requests: z.number().int(),
  }),
  /** Alerts that people will see while clusters are armed. */
  alerts: z.array(z.string()),
  pointsOfNoReturn: z.array(z.string()),
  basis: basisSchema,
});
export type Plan = z.infer<typeof planSchema>;
