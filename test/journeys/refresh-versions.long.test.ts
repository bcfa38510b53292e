/** Refreshes under versions of Rancher that come by a cluster's CA and token in another way. */
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import type { JournalEntry } from "../../src/journal/entry.ts";
import { isWrite } from "../../src/sandbox/api-server/audit.ts";
import type { SandboxCluster } from "../../src/sandbox/sandbox.ts";
import type { ScenarioInput } from "../../src/sandbox/scenario/scenario.ts";
import { type RefreshLab, startRefreshLab } from "../helpers/refresh-lab.ts";
import { heldByRancher, type Renewal, readiness, renewCluster, tokensIn } from "../helpers/renewed-cluster.ts";
import { agentPods, ask, must, writeSecret } from "../sandbox/estate.ts";

const LONG = 5 * 60_000;
const ACCOUNTS = { group: "", version: "v1", resource: "serviceaccounts", namespace: "cattle-system" };

/** A lab that ends with its scope. */
async function disposable(scenario: ScenarioInput): Promise<RefreshLab & AsyncDisposable> {
  const lab = await startRefreshLab(scenario);
  return { ...lab, [Symbol.asyncDispose]: () => lab.stop() };
}

/** What people's accounts write of what Rancher holds. */
function writesOf({ sandbox }: RefreshLab): string[] {
  const seen: string[] = [];
  sandbox.managementServer.audit.onEntry((entry) => {
    if (!isWrite(entry) || entry.user.startsWith("system:") || !["clusters", "secrets"].includes(entry.resource))
      return;
    seen.push(`${entry.verb} ${entry.resource}`);
  });
  return seen;
}

async function logThroughRancher({ sandbox }: RefreshLab, cluster: SandboxCluster): Promise<number> {
  const [pod] = await agentPods(cluster);
  const path = `/api/v1/namespaces/cattle-system/pods/${must(pod).name}/log`;
  return (await ask(sandbox, `/k8s/clusters/${cluster.id}${path}`)).status;
}

async function expectRefreshed(lab: RefreshLab, cluster: SandboxCluster): Promise<void> {
  const [held, tokens] = [await heldByRancher(lab.sandbox, cluster), await tokensIn(cluster)];
  expect(tokens.map(({ token }) => token)).toEqual([held.token]);
  expect(cluster.kubeconfig).toContain(Buffer.from(held.ca).toString("base64"));
  expect(await readiness(lab.sandbox, cluster)).toBe("True");
  expect((await ask(lab.sandbox, `/k8s/clusters/${cluster.id}/api/v1/namespaces`)).status).toBe(200);
  expect(await logThroughRancher(lab, cluster)).toBe(200);
}

interface Row {
  readonly version: string;
  readonly kubernetes: string;
  readonly renewal?: Renewal;
  readonly writes: readonly string[];
  /** Of Rancher. */
  readonly restarts?: number;
  /** Whether the agent's token is made for it. */
  readonly given: boolean;
}

describe("the cluster is refreshed, and Rancher writes or is written as its version needs", () => {
  test.each<[string, Row]>([
    [
      "2.1: no report is taken over, and its copies go with its pods (M2.9, M2.10)",
      {
        version: "2.1.14",
        kubernetes: "v1.13.12",
        renewal: { ca: true },
        writes: ["patch clusters"],
        restarts: 1,
        given: false,
      },
    ],
    [
      "2.4: no report is taken over (M2.9)",
      {
        version: "2.4.18",
        kubernetes: "v1.18.20",
        renewal: { ca: true },
        writes: ["patch clusters"],
        given: false,
      },
    ],
    [
      "2.5.15 on Kubernetes 1.24, where nobody makes a token: it is made, and reported",
      {
        version: "2.5.15",
        kubernetes: "v1.24.17",
        renewal: { ca: true },
        writes: [],
        given: true,
      },
    ],
    [
      "2.6.6 on Kubernetes 1.24: the same",
      {
        version: "2.6.6",
        kubernetes: "v1.24.17",
        writes: [],
        given: true,
      },
    ],
    [
      "2.6.6 on Kubernetes 1.23, which makes one",
      {
        version: "2.6.6",
        kubernetes: "v1.23.17",
        writes: [],
        given: false,
      },
    ],
    [
      "2.6.7 on Kubernetes 1.24: the agent makes it",
      {
        version: "2.6.7",
        kubernetes: "v1.24.17",
        writes: [],
        given: false,
      },
    ],
  ])(
    "%s",
    async (_, { version, kubernetes, renewal, writes, given, restarts = 0 }) => {
      await using lab = await disposable({ rancher: { version }, clusters: [{ name: "paris", kubernetes }] });
      const cluster = must(lab.clusters[0]);
      const [old] = await tokensIn(cluster);
      await renewCluster(lab.sandbox, cluster, renewal);
      await lab.prepare();
      const seen = writesOf(lab);
      const { exits } = lab.sandbox.statistics().rancher;
      expect(await lab.apply({ patience: 0.15 })).toEqual({ kind: "finished", worldChanged: true });
      expect(seen).toEqual(writes);
      expect(lab.sandbox.statistics().rancher.exits - exits).toBe(restarts);
      const [agent] = await tokensIn(cluster);
      expect(agent?.uid).not.toBe(old?.uid);
      // Kubernetes and agents append five letters and digits to a name; Farrier, what tells its refresh.
      expect(agent?.name).toMatch(given ? /^cattle-token-[0-9a-f]{8}$/ : /^cattle-token-\w{5}$/);
      if (given) {
        const account = Object(await cluster.client.get(ACCOUNTS, "cattle"));
        expect(account.secrets[0]).toEqual({ name: agent?.name });
      }
      await expectRefreshed(lab, cluster);
    },
    LONG,
  );
});

describe("Rancher 2.1 keeps copies of cluster objects (M2.10)", () => {
  const version = "2.1.14";
  const clusters = ["paris", "lima", "oslo"].map((name) => ({ name, kubernetes: "v1.13.12" }));

  test(
    "it is restarted once for the canary and once for all others, replica by replica",
    async () => {
      await using lab = await disposable({ rancher: { version, replicas: 2 }, clusters });
      for (const cluster of lab.clusters) await renewCluster(lab.sandbox, cluster);
      const plan = await lab.prepare();
      expect(plan.estimate.rancherRestarts).toBe(2);
      expect(plan.alerts.join()).toMatch(/Rancher is restarted pod by pod/);
      const { exits } = lab.sandbox.statistics().rancher;
      expect(await lab.apply({ patience: 0.15 })).toEqual({ kind: "finished", worldChanged: true });
      expect(lab.sandbox.statistics().rancher.exits - exits).toBe(4);
      for (const cluster of lab.clusters) await expectRefreshed(lab, cluster);
    },
    LONG,
  );

  test(
    "it is not restarted where its Secret holds another bundle than it serves: that would be half a rotation",
    async () => {
      await using lab = await disposable({ rancher: { version }, clusters: clusters.slice(0, 1) });
      const cluster = must(lab.clusters[0]);
      await renewCluster(lab.sandbox, cluster);
      await lab.prepare();
      const other = await lab.sandbox.pki.newAuthority("Tomorrow");
      await writeSecret(lab.sandbox, "tls-ca", { "cacerts.pem": other.bundle });
      const { exits } = lab.sandbox.statistics().rancher;
      expect(await lab.apply({ patience: 0.15 })).toMatchObject({
        kind: "failed",
        steps: [`${cluster.id}/renew-rancher`],
      });
      const journal = await readFile(`${lab.directory}/journal.jsonl`, "utf8");
      const failures = journal
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line))
        .filter(({ type }) => type === "step-failed");
      expect(failures[0]).toMatchObject({
        step: `${cluster.id}/renew-rancher`,
        data: { message: expect.stringMatching(/Secret holds another bundle than Rancher serves/) },
      });
      expect(lab.sandbox.statistics().rancher.exits).toBe(exits);
    },
    LONG,
  );

  test(
    "nor is its second replica where somebody has written another bundle since a process that restarted the first died",
    async () => {
      await using lab = await disposable({ rancher: { version, replicas: 2 }, clusters: clusters.slice(0, 1) });
      const cluster = must(lab.clusters[0]);
      await renewCluster(lab.sandbox, cluster);
      await lab.prepare();
      const death = new AbortController();
      const { exits } = lab.sandbox.statistics().rancher;
      const restarts = () => lab.sandbox.statistics().rancher.exits - exits;
      const observer = {
        afterFlush: ({ type, step }: JournalEntry): void => {
          if (type === "step-started" && step === `${cluster.id}/renew-rancher`) death.abort(new Error("dead"));
        },
      };
      await expect(lab.apply({ patience: 0.15, abort: death.signal, observers: [observer] })).rejects.toThrow("dead");
      expect(restarts()).toBeLessThan(2);
      const begun = restarts();
      const other = await lab.sandbox.pki.newAuthority("Tomorrow");
      await writeSecret(lab.sandbox, "tls-ca", { "cacerts.pem": other.bundle });
      const end = await lab.apply({ patience: 0.15 });
      expect(restarts()).toBe(begun);
      expect(end).toMatchObject({ kind: "failed", steps: [`${cluster.id}/renew-rancher`] });
    },
    LONG,
  );
});
