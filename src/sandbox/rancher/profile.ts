/**
 * What differs between the versions of Rancher, as far as the sandbox plays it (the version matrix of the facts).
 * A profile is chosen by the version that the scenario names; a version without its own entry takes the nearest older.
 * What differs before 2.6 is played as far as a refresh of clusters meets it; the rest is as in 2.6.
 */
export interface RancherProfile {
  /** With the leading v, as in `CATTLE_SERVER_VERSION` and the image tag. */
  readonly version: string;
  /** Rancher ≥ 2.15: `clusters.management.cattle.io` has a status subresource; a plain patch of status is a silent no-op. */
  readonly statusSubresource: boolean;
  /** Rancher 2.15.0: webhook 0.11.0 denies every update of the setting `cacerts`, even Rancher's own. */
  readonly webhookDeniesCacerts: "nobody" | "everyone" | "all-but-rancher";
  /** Rancher ≥ 2.9 (and 2.8.6): `agent-tls-mode`, `STRICT_VERIFY` and the condition `AgentTlsStrictCheck`. */
  readonly tlsMode: boolean;
  /** Rancher ≥ 2.9: the Deployment names its credentials Secret in `CATTLE_CREDENTIAL_NAME`. */
  readonly credentialName: boolean;
  /** Rancher ≥ 2.15 (2.13.8, 2.14.4): registration tokens are kept in a Secret and commands hold `{token}`. */
  readonly tokenSecrets: boolean;
  /** Rancher < 2.6.7 (2.5.16): the token of a cluster stands in its status, `serviceAccountToken`; later in a Secret. */
  readonly tokenInStatus: boolean;
  /**
   * Rancher < 2.6.7: the agent takes the first Secret that its account names, makes none, and reports that one's
   * `ca.crt`; later ones make it and report ConfigMap `kube-root-ca.crt` (rancher.md §7.2).
   */
  readonly firstSecret: boolean;
  /** Rancher ≤ 2.4: once it holds a cluster's CA and token, it takes no other report over (manuals.md M2.9). */
  readonly reportOnce: boolean;
  /** Rancher 2.1: its processes keep copies of cluster objects, which logs and shells go by (manuals.md M2.10). */
  readonly clusterCopies: boolean;
  /** Rancher ≥ 2.6: people's requests go as an account of theirs in the cluster, with a token of its own. */
  readonly personAccounts: boolean;
  /** Rancher ≤ 2.11: `CATTLE_IS_RKE` is set, and RKE1 clusters have a DaemonSet `cattle-node-agent`. */
  readonly rke1: boolean;
  /** The name of the registry variable: `CATTLE_CLUSTER_REGISTRY` before 2.15. */
  readonly registryVariable: "CATTLE_CLUSTER_REGISTRY" | "CATTLE_SYSTEM_DEFAULT_REGISTRY";
  /** Rancher ≥ 2.12: `CATTLE_SUC_APP_NAME_OVERRIDE`. */
  readonly sucOverride: boolean;
  /** Rancher ≥ 2.14: the chart may render a Gateway in place of an Ingress. */
  readonly gateway: boolean;
}

interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number | undefined;
}

/** @param version "2.15", "2.15.1" or "v2.15.1"; without a patch level the newest of that line is meant (2.15 → 2.15.1) */
export function rancherProfile(version: string): RancherProfile {
  const { major, minor, patch } = parseVersion(version);
  const atLeast = (wanted: number) => major > 2 || minor >= wanted;
  const patchLevel = patch ?? NEWEST_PATCH[minor] ?? 0;
  return {
    version: `v${major}.${minor}.${patchLevel}`,
    statusSubresource: atLeast(15),
    webhookDeniesCacerts: !atLeast(15) ? "nobody" : minor === 15 && patchLevel === 0 ? "everyone" : "all-but-rancher",
    tlsMode: atLeast(9),
    credentialName: atLeast(9),
    tokenSecrets: atLeast(15) || (minor === 14 && patchLevel >= 4) || (minor === 13 && patchLevel >= 8),
    tokenInStatus: !atLeast(5) || (minor === 5 && patchLevel < 16) || (minor === 6 && patchLevel < 7),
    firstSecret: !atLeast(6) || (minor === 6 && patchLevel < 7),
    reportOnce: !atLeast(5),
    clusterCopies: minor === 1,
    personAccounts: atLeast(6),
    rke1: !atLeast(12),
    registryVariable: atLeast(15) ? "CATTLE_SYSTEM_DEFAULT_REGISTRY" : "CATTLE_CLUSTER_REGISTRY",
    sucOverride: atLeast(12),
    gateway: atLeast(14),
  };
}

const NEWEST_PATCH: Readonly<Record<number, number>> = {
  1: 14,
  4: 18,
  5: 17,
  6: 14,
  9: 12,
  10: 12,
  11: 10,
  12: 12,
  13: 8,
  14: 4,
  15: 1,
};

const VERSION = /^v?(\d+)\.(\d+)(?:\.(\d+))?$/;

/** Whether a scenario may name this version. */
export function isRancherVersion(version: string): boolean {
  const match = VERSION.exec(version);
  return match !== null && Number(match[1]) === 2 && Number(match[2]) >= 1;
}

function parseVersion(version: string): Version {
  const match = VERSION.exec(version);
  if (match === null) throw new RangeError(`${version} is not a version of Rancher`);
  return {
    major: Number(match[1]),
    minor: Number(match[2]),
    patch: match[3] === undefined ? undefined : Number(match[3]),
  };
}
