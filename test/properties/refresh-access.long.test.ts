/**
 * Clusters of which anything may be stale or missing, on both sides, under the versions of Rancher that go about it in
 * different ways, and reached in different ways. A refresh never removes a token that the cluster's API accepts and whose
 * `ca.crt` is its CA, never restarts a pod that pins another bundle than Rancher serves, and ends with a cluster that
 * works, or says what is missing and changes nothing.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClusterLook, NamedCluster } from "../../src/execute/prepare-refresh.ts";
import { type AuditEntry, isWrite } from "../../src/sandbox/api-server/audit.ts";
import type { SandboxCluster } from "../../src/sandbox/sandbox.ts";
import { type RefreshLab, startRefreshLab } from "../helpers/refresh-lab.ts";
import { heldByRancher, readiness, type TokenInCluster, tokensIn } from "../helpers/renewed-cluster.ts";
import { type SshLab, sshInstalled, startSshLab } from "../helpers/ssh-server.ts";
import { ask, must } from "../sandbox/estate.ts";
import {
  befall,
  caOf,
  goodTokens,
  heldText,
  type Mishap,
  mishapsOf,
  strays,
  type Versions,
} from "./refresh/mishaps.ts";

/** `FARRIER_PROPERTY_SEED` runs the clusters of that number again. */
const SEED = Number(process.env.FARRIER_PROPERTY_SEED ?? 20_261_127);
const AT_ONCE = 6;

/** Each of them differs from the one before in how a token or a CA comes to Rancher. */
const VERSIONS: readonly Versions[] = [
  { rancher: "2.1.14", kubernetes: "v1.13.12" },
  { rancher: "2.4.18", kubernetes: "v1.18.20" },
  { rancher: "2.5.15", kubernetes: "v1.20.15" },
  { rancher: "2.6.6", kubernetes: "v1.23.17" },
  { rancher: "2.6.6", kubernetes: "v1.24.17" },
  { rancher: "2.6.14", kubernetes: "v1.24.17" },
  { rancher: "2.11.10", kubernetes: "v1.31.12" },
  { rancher: "2.15.1", kubernetes: "v1.33.4" },
];

const hasSsh = sshInstalled();
let ssh: SshLab | undefined;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-properties-"));
  if (!hasSsh) return;
  ssh = await startSshLab();
  await mkdir(join(ssh.folder, "node"));
});
afterAll(async () => {
  await ssh?.stop();
  await rm(folder, { recursive: true });
});

interface Before {
  readonly held: string;
  readonly good: readonly TokenInCluster[];
  readonly strays: readonly string[];
}

describe.each(
  VERSIONS.map((versions, index) => [`${versions.rancher} with ${versions.kubernetes}`, versions, index] as const),
)(`Rancher %s, clusters of seed ${SEED}`, (_, versions, number) => {
  const mishaps = mishapsOf(SEED + number, AT_ONCE);
  let lab: RefreshLab;
  let looks: readonly ClusterLook[];
  /** As it was when it was looked at, by id. */
  const before = new Map<string, Before>();
  const writes: string[] = [];
  let exits = 0;
  const mishapOf = ({ name }: SandboxCluster): Mishap => must(mishaps[Number(name.slice("c".length))]);

  const waysOf = (cluster: SandboxCluster): NamedCluster["ways"] | undefined => {
    const { reach } = mishapOf(cluster);
    const old = { kubeconfig: join(folder, `${versions.rancher}-${cluster.name}.yaml`), context: cluster.name };
    if (reach === "of-before") return [old];
    if (reach === "of-before-first") return [old, { kubeconfig: lab.kubeconfig, context: cluster.name }];
    if (reach === "kubeconfig" || ssh === undefined) return undefined;
    const node = { host: "127.0.0.1", port: ssh.port, user: ssh.user, key: ssh.key, config: ssh.config };
    return [{ ssh: node, onNode: join(ssh.folder, "node", `${cluster.name}.yaml`) }];
  };

  beforeAll(async () => {
    const names = mishaps.map((_mishap, index) => `c${index}`);
    const clusters = names.map((name) => ({ name, kubernetes: versions.kubernetes }));
    lab = await startRefreshLab({ rancher: { version: versions.rancher }, clusters, speed: 100 }, waysOf);
    const { sandbox } = lab;
    // Each person's account is there once they have asked.
    for (const { id } of lab.clusters) await ask(sandbox, `/k8s/clusters/${id}/api/v1/namespaces`);
    for (const cluster of lab.clusters) {
      await writeFile(join(folder, `${versions.rancher}-${cluster.name}.yaml`), cluster.kubeconfig, { mode: 0o600 });
      await befall(lab, cluster, mishapOf(cluster), versions);
      if (ssh !== undefined) {
        await writeFile(join(ssh.folder, "node", `${cluster.name}.yaml`), cluster.kubeconfig, { mode: 0o600 });
      }
    }
    for (const cluster of lab.clusters) {
      const good = await goodTokens(cluster);
      before.set(cluster.id, { held: await heldText(lab, cluster), good, strays: await strays(cluster) });
    }
    // What runs in a cluster is its administrator's or an account's of the system; who comes from outside is neither.
    const isFromOutside = ({ user }: AuditEntry) => !user.startsWith("system:") && user !== "kubernetes-admin";
    const noting = (where: string) => (entry: AuditEntry) => {
      if (isWrite(entry) && isFromOutside(entry)) writes.push(`${where}: ${entry.resource}/${entry.name}`);
    };
    sandbox.managementServer.audit.onEntry(noting("management"));
    for (const { id, audit } of lab.clusters) audit.onEntry(noting(id));
    ({ exits } = sandbox.statistics().rancher);
    looks = await lab.look();
    const stale = lab.clusters.filter(({ id }) => looks.some((look) => look.id === id && look.stale !== undefined));
    if (stale.length === 0) return;
    await lab.prepare(stale);
    expect(await lab.apply({ patience: 0.2 })).toEqual({ kind: "finished", worldChanged: true });
  }, 300_000);
  afterAll(() => lab?.stop());

  const rows = mishaps.map((what, index) => [index, JSON.stringify(what)] as const);
  test.each(rows)("%i: %s", async (index) => {
    const cluster = must(lab.clusters[index]);
    const { id } = cluster;
    const was = must(before.get(id));
    const still = [...(await tokensIn(cluster)), ...(await tokensIn(cluster, "persons"))];
    for (const good of was.good) expect(still).toContainEqual(good);
    expect(await strays(cluster)).toEqual(was.strays);

    const errors = must(looks.find((look) => look.id === id)).findings.filter(({ severity }) => severity === "error");
    if (errors.length > 0) {
      expect(expectedRefusals(must(mishaps[index]))).toEqual(expect.arrayContaining(errors.map(({ code }) => code)));
      for (const { sentence } of errors) expect(sentence).toContain(id);
      // Where Rancher was restarted for others, its agent has reported anew, and Rancher may have taken that over.
      if (lab.sandbox.statistics().rancher.exits === exits) expect(await heldText(lab, cluster)).toBe(was.held);
      expect(writes.filter((name) => name.includes(id))).toEqual([]);
      return;
    }
    const held = await heldByRancher(lab.sandbox, cluster);
    const tokens = await tokensIn(cluster);
    expect(held.ca.trim()).toBe(caOf(cluster).trim());
    expect(tokens.map(({ token }) => token)).toContain(held.token);
    for (const { ca } of tokens) expect(ca).toBe(held.ca);
    expect(await readiness(lab.sandbox, cluster)).toBe("True");
    expect((await ask(lab.sandbox, `/k8s/clusters/${id}/api/v1/namespaces`)).status).toBe(200);
  });
});

/** For which of what has happened a refresh may be refused, and by which finding. */
function expectedRefusals({ account, stray, reach, ca }: Mishap): readonly string[] {
  return [
    // An agent that has started anew since has made itself another account of that name.
    ...(account === "deleted" ? ["refresh.no-agent", "refresh.recreated"] : []),
    ...(stray === "agent" ? ["refresh.pin-differs"] : []),
    ...(reach === "of-before" && ca ? ["refresh.kubeconfig-ca"] : []),
  ];
}
