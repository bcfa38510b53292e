import { describe, expect, it } from "vitest";
import {
  type BackupOperator,
  decideBackup,
  decideOther,
  NODE_DIRECTORY,
  namedBackup,
  type OperatorWish,
  plannedBackupSchema,
  type WantedBackup,
} from "./estate-backup.ts";
import { estateBackupSteps } from "./estate-backup-steps.ts";

const installed = (more: Partial<Extract<BackupOperator, { kind: "installed" }>> = {}): BackupOperator => ({
  kind: "installed",
  namespace: "cattle-resources-system",
  resourceSets: ["rancher-resource-set-basic", "rancher-resource-set-full"],
  encryptionConfigFound: true,
  ...more,
});
const absent: BackupOperator = { kind: "unusable", why: "Rancher's backup operator is not installed" };
const encrypted: OperatorWish = { encryptionConfigSecret: "key" };

describe("the estate's own backup that was asked for", () => {
  const rows: [string, OperatorWish, BackupOperator, object, readonly string[]][] = [
    ["takes the set with Secrets", encrypted, installed(), { resourceSet: "rancher-resource-set-full" }, []],
    [
      "takes the only set of older charts",
      encrypted,
      installed({ resourceSets: ["rancher-resource-set"] }),
      { resourceSet: "rancher-resource-set", encryptionConfigSecret: "key" },
      [],
    ],
    [
      "takes the set that was named",
      { ...encrypted, resourceSet: "own" },
      installed({ resourceSets: ["own"] }),
      { resourceSet: "own" },
      [],
    ],
    ["tells of Secrets in the clear", {}, installed(), { kind: "operator" }, ["backup.plain-secrets"]],
    [
      "tells of a set without Secrets, where nothing is in the clear",
      { resourceSet: "rancher-resource-set-basic" },
      installed(),
      { kind: "operator" },
      ["backup.without-secrets"],
    ],
  ];
  it.each(rows)("%s", (_, wish, operator, backup, codes) => {
    const decision = decideBackup(wish, operator, { without: false });
    expect(decision.backup).toMatchObject(backup);
    expect(decision.findings.map(({ code }) => code)).toEqual(codes);
  });
});

describe("where it cannot be made", () => {
  const rows: [string, OperatorWish, BackupOperator, RegExp][] = [
    ["because there is no operator", encrypted, absent, /is not installed\.$/],
    [
      "because there is no set",
      encrypted,
      installed({ resourceSets: [] }),
      /no ResourceSet rancher-.*; there is none\.$/,
    ],
    [
      "because there is no such set",
      { resourceSet: "my-set" },
      installed(),
      /no ResourceSet my-set; there are rancher/,
    ],
    [
      "because its encryption has no Secret",
      encrypted,
      installed({ encryptionConfigFound: false }),
      /no Secret cattle-resources-system\/key/,
    ],
  ];
  it.each(rows)("%s, it is an error, and with a person's word a warning", (_, wish, operator, sentence) => {
    const refused = decideBackup(wish, operator, { without: false });
    expect(refused).toEqual({
      findings: [
        expect.objectContaining({
          code: "backup.not-possible",
          severity: "error",
          sentence: expect.stringMatching(sentence),
          hint: expect.stringContaining("--without-estate-backup"),
        }),
      ],
    });
    const accepted = decideBackup(wish, operator, { without: true });
    expect(accepted.backup).toEqual({ kind: "none", why: expect.any(String) });
    expect(accepted.findings).toMatchObject([{ code: "backup.not-possible", severity: "warning" }]);
  });

  it("is not left out because a person would do without it where it can be made", () => {
    expect(decideBackup(encrypted, installed(), { without: true }).backup).toMatchObject({ kind: "operator" });
  });
});

const node = {
  host: "10.0.0.5",
  user: "anna",
  port: 2222,
  key: "/home/anna/key",
  jump: "gate",
  become: true,
  config: "/c",
};
/** One of each kind, with all that it can hold, and the step that makes it. */
const KINDS: { wanted: WantedBackup; named: boolean; step: string | undefined }[] = [
  {
    wanted: { kind: "operator", resourceSet: "full", encryptionConfigSecret: "key" },
    named: true,
    step: "rotation/back-up-estate",
  },
  {
    wanted: {
      kind: "etcd-snapshot",
      by: "rke2",
      nodes: [node],
      program: "/usr/local/bin/rke2",
      clusterFile: "/home/anna/cluster.yml",
      directory: "/srv/snapshots",
    },
    named: true,
    step: "rotation/save-snapshot",
  },
  {
    wanted: {
      kind: "cluster-object",
      cluster: { namespace: "fleet-default", name: "upstream" },
      kubeconfig: "/home/anna/other.yaml",
      context: "other",
      server: "https://other.example.test",
      nodes: ["node-1"],
    },
    named: false,
    step: "rotation/request-snapshot",
  },
  {
    wanted: {
      kind: "container",
      container: { id: "0123", name: "rancher", version: "v2.15.0" },
      engine: { socket: "/var/run/docker.sock", ssh: node },
      hot: true,
    },
    named: false,
    step: "rotation/copy-container",
  },
  { wanted: { kind: "covered", container: "rancher", directory: "/opt/rancher" }, named: false, step: undefined },
  { wanted: { kind: "none", why: "there is no operator" }, named: false, step: undefined },
];

describe("a backup in a plan", () => {
  it.each(KINDS)("of the kind $wanted.kind has this rotation's name where it has one at all", ({ wanted, named }) => {
    const planned = namedBackup(wanted, "r-20261123-1f0c9a3e");
    expect(planned).toEqual(named ? { ...wanted, name: "farrier-r-20261123-1f0c9a3e" } : wanted);
  });

  it.each(KINDS)("of the kind $wanted.kind is read back with all that it holds", ({ wanted }) => {
    const planned = namedBackup(wanted, "r-1");
    expect(plannedBackupSchema.parse(JSON.parse(JSON.stringify(planned)))).toEqual(planned);
  });

  it.each(KINDS)("of the kind $wanted.kind is made by: $step", ({ wanted, step }) => {
    expect(estateBackupSteps(namedBackup(wanted, "r-1")).map(({ id }) => id)).toEqual(step === undefined ? [] : [step]);
  });

  it("that nobody asked for has no step", () => {
    expect(estateBackupSteps(undefined)).toEqual([]);
  });

  it.each(["etcd-snapshot", "cluster-object"])("of the kind %s needs a node", (kind) => {
    const one = KINDS.find(({ wanted }) => wanted.kind === kind)?.wanted;
    expect(plannedBackupSchema.safeParse({ ...one, name: "x", nodes: [] }).success).toBe(false);
  });

  it("by etcd is of RKE, RKE2 or K3s, each with its own directory on a node", () => {
    expect(NODE_DIRECTORY).toEqual({
      rke: "/opt/rke/etcd-snapshots",
      rke2: "/var/lib/rancher/rke2/server/db/snapshots",
      k3s: "/var/lib/rancher/k3s/server/db/snapshots",
    });
    const by = (runner: string) =>
      plannedBackupSchema.safeParse({ ...KINDS[1]?.wanted, name: "x", by: runner }).success;
    expect(["rke", "rke2", "k3s", "kubeadm"].map(by)).toEqual([true, true, true, false]);
  });
});

describe("another backup than the operator's", () => {
  const covered: WantedBackup = { kind: "covered", container: "rancher", directory: "/opt/rancher" };
  it("is taken as it was chosen, and there is nothing to say", () => {
    expect(decideOther(covered, { without: false })).toEqual({ backup: covered, findings: [] });
  });
  it("that cannot be made is an error with the reason, and with a person's word a warning", () => {
    const why = "the container engine does not answer";
    expect(decideOther(why, { without: false })).toMatchObject({
      findings: [{ severity: "error", sentence: `The estate's own backup cannot be made: ${why}.` }],
    });
    expect(decideOther(why, { without: true })).toMatchObject({
      backup: { kind: "none", why },
      findings: [{ severity: "warning", hint: expect.stringContaining("Its own objects are saved all the same") }],
    });
  });
});

it("a backup that is encrypted says nothing of Secrets in the clear", () => {
  expect(decideBackup(encrypted, installed(), { without: false }).findings).toEqual([]);
});
