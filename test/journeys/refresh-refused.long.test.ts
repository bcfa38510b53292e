/** Doors that `farrier refresh` does not go through: each is named, nothing is written, and no directory is left. */
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { parse, stringify } from "yaml";
import type { SandboxCluster } from "../../src/sandbox/sandbox.ts";
import { type CommandLab, expectRefusal, startCommandLab } from "../helpers/command-lab.ts";
import { json } from "../helpers/journey.ts";
import { renewCluster, tokensIn } from "../helpers/renewed-cluster.ts";
import { agentPods, directLog } from "../sandbox/estate.ts";

let lab: CommandLab;
let stale: SandboxCluster;
let current: SandboxCluster;
/** Of the stale cluster, before its keys changed. */
let kubeconfigBefore: string;

beforeAll(async () => {
  lab = await startCommandLab({
    clusters: [{ name: "paris" }, { name: "lima" }, { name: "hosted" }, { name: "emptied" }, { name: "early" }],
    speed: 100,
  });
  [stale, current] = [lab.sandbox.cluster("paris"), lab.sandbox.cluster("lima")];
  kubeconfigBefore = stale.kubeconfig;
  await renewCluster(lab.sandbox, stale, { ca: true, agent: "stays" });
  lab.put("paris.yaml", stale.kubeconfig);
  lab.put("lima.yaml", current.kubeconfig);
  lab.put("both.yaml", lab.sandbox.kubeconfig);
  lab.put("before.yaml", kubeconfigBefore);
});

afterAll(() => lab.stop());

const refresh = (...args: readonly string[]) => lab.farrier(["refresh", ...args]);

async function expectUntouched(writes: number): Promise<void> {
  expect(lab.writes.slice(writes)).toEqual([]);
  expect(existsSync(lab.path("refresh"))).toBe(false);
}

describe("names and files that do not do", () => {
  test.each<[string, readonly string[], { code: string; exit?: number; says: RegExp; hint?: RegExp }]>([
    [
      "a name with a slip",
      ["pariss"],
      { code: "input.cluster-unknown", says: /pariss/, hint: /Did you mean paris \(c-/ },
    ],
    [
      "a name like no other",
      ["atlantis"],
      { code: "input.cluster-unknown", says: /atlantis/, hint: /farrier observe/ },
    ],
    ["an id that is not there", ["c-zzzzz"], { code: "input.cluster-unknown", says: /c-zzzzz/ }],
    [
      "a URL of a cluster that is not there",
      ["https://rancher.example.com/dashboard/c/c-zzzzz/explorer"],
      { code: "input.cluster-unknown", says: /c-zzzzz/ },
    ],
    ["Rancher's own cluster", ["local"], { code: "input.invalid", says: /Rancher's own/ }],
    [
      "no way past Rancher",
      ["paris", "!"],
      {
        code: "input.usage",
        says: /No kubeconfig of cluster paris was named/,
        hint: /--cluster-kubeconfig.*made after/,
      },
    ],
    [
      "a file that is not there",
      ["paris", "--cluster-kubeconfig", "gone.yaml"],
      { code: "input.file-missing", says: /gone\.yaml/ },
    ],
    [
      "a token in a kubeconfig's place",
      ["paris", "--cluster-kubeconfig", "token"],
      { code: "kubeconfig.invalid", says: /token is not a kubeconfig/ },
    ],
    [
      "a context that is not in it",
      ["paris", "--cluster-kubeconfig", "paris.yaml", "--cluster-context", "rome"],
      { code: "kubeconfig.context", says: /no context "rome"/, hint: /It has: paris/ },
    ],
    [
      "one context for two clusters",
      ["paris", "lima", "--cluster-kubeconfig", "both.yaml", "--cluster-context", "paris"],
      { code: "input.usage", says: /one context/ },
    ],
    [
      "two clusters, and a kubeconfig of one",
      ["paris", "lima", "--cluster-kubeconfig", "paris.yaml"],
      { code: "kubeconfig.context", says: /no context "lima"/ },
    ],
    [
      "nobody to ask",
      ["paris", "--cluster-kubeconfig", "paris.yaml"],
      { code: "input.not-confirmed", says: /no terminal/ },
    ],
  ])("%s", async (_name, args, refusal) => {
    const writes = lab.writes.length;
    const given = args.includes("--cluster-kubeconfig") ? args : [...args, "--cluster-kubeconfig", "both.yaml"];
    const ended = await refresh(...(args.includes("!") ? ["paris"] : given));
    expectRefusal(ended, { exit: 2, ...refusal });
    await expectUntouched(writes);
  });

  test("no cluster at all", async () => {
    expectRefusal(await refresh(), { exit: 2, code: "input.usage", says: /missing required argument/i });
  });

  test("a kubeconfig that leads through Rancher", async () => {
    const { clusters, ...rest } = parse(current.kubeconfig);
    const [{ name, cluster }] = clusters;
    const server = `${lab.sandbox.serverUrl}/k8s/clusters/${current.id}`;
    lab.put("through.yaml", stringify({ ...rest, clusters: [{ name, cluster: { ...cluster, server } }] }));
    const ended = await refresh("lima", "--cluster-kubeconfig", "through.yaml", "--yes");
    expectRefusal(ended, { exit: 2, code: "kubeconfig.through-rancher", says: /through Rancher/ });
  });
});

/** Runs with `-o json`, and gives the codes of the errors that were found. */
async function refusedBy(...args: readonly string[]): Promise<readonly string[]> {
  const writes = lab.writes.length;
  const ended = await refresh(...args, "--yes", "-o", "json");
  expect(ended.code, ended.stderr).toBe(3);
  const { outcome, clusters } = json(ended.stdout);
  expect(outcome).toEqual({ kind: "refused" });
  await expectUntouched(writes);
  const findings: { severity: string; code: string }[] = clusters.flatMap(
    (one: { findings: object[] }) => one.findings,
  );
  return findings.filter(({ severity }) => severity === "error").map(({ code }) => code);
}

describe("the wrong door", () => {
  test("a kubeconfig of before the change: its CA does not verify the cluster (M2.3)", async () => {
    expect(await refusedBy("paris", "--cluster-kubeconfig", "before.yaml")).toEqual(["refresh.kubeconfig-ca"]);
  });

  test("a credential of before the change (M2.3)", async () => {
    const { users, ...rest } = parse(stale.kubeconfig);
    const [{ name }] = users;
    lab.put(
      "refused.yaml",
      stringify({ ...rest, users: [{ name, user: { token: "eyJhbGciOiJFUzI1NiJ9.e30.c2ln" } }] }),
    );
    expect(await refusedBy("paris", "--cluster-kubeconfig", "refused.yaml")).toEqual([
      "refresh.kubeconfig-credentials",
    ]);
  });

  test("another cluster's kubeconfig", async () => {
    expect(await refusedBy("paris", "--cluster-kubeconfig", "lima.yaml")).toEqual(["refresh.other-cluster"]);
  });

  test("the current context of the kubeconfig in farrier.yaml, which every command takes, is another cluster's", async () => {
    lab.put("current.yaml", stringify({ ...parse(lab.sandbox.kubeconfig), "current-context": "lima" }));
    const clusters = { paris: { kubeconfig: "current.yaml" } };
    const usual = { kubeconfig: "kubeconfig", tokenFile: "token" };
    onTestFinished(() => lab.put("farrier.yaml", stringify(usual)));
    lab.put("farrier.yaml", stringify({ ...usual, clusters }));
    expect(await refusedBy("paris")).toEqual(["refresh.other-cluster"]);
  });

  test("an address where nothing answers", async () => {
    const { clusters, ...rest } = parse(stale.kubeconfig);
    const [{ name, cluster }] = clusters;
    const nowhere = { ...cluster, server: "https://127.0.0.1:1" };
    lab.put("nowhere.yaml", stringify({ ...rest, clusters: [{ name, cluster: nowhere }] }));
    expect(await refusedBy("paris", "--cluster-kubeconfig", "nowhere.yaml")).toEqual(["refresh.unreachable"]);
  });

  test("a clock: the CA is right, and the certificate is not valid yet for anybody outside of the cluster", async () => {
    const early = lab.sandbox.cluster("early");
    await lab.sandbox.inject({ kind: "clock-ahead", cluster: "early", minutes: 6_000, renewed: true });
    const clusters = { group: "management.cattle.io", version: "v3", resource: "clusters" };
    const isRefused = async () =>
      JSON.stringify(await lab.sandbox.management.get(clusters, early.id)).includes("expired or is not yet valid");
    await lab.sandbox.waitUntil(isRefused, { what: "Rancher to refuse the certificate" });
    lab.put("early.yaml", early.kubeconfig);
    expect(await refusedBy("early", "--cluster-kubeconfig", "early.yaml")).toEqual(["refresh.clock"]);
  });

  test.each([
    ["ahead", 95, /The clock of cluster \S+ \(lima\) is 95 minutes ahead of this machine's/],
    ["behind", -30, /The clock of cluster \S+ \(lima\) is 30 minutes behind this machine's/],
  ])("a clock that is %s, while every certificate is valid: it is said, and nothing else", async (_, minutes, says) => {
    await lab.sandbox.inject({ kind: "clock-ahead", cluster: "lima", minutes, renewed: false });
    try {
      const writes = lab.writes.length;
      const { code, stdout } = await refresh("lima", "--cluster-kubeconfig", "lima.yaml", "--yes", "-o", "json");
      const { outcome, clusters } = json(stdout);
      expect([code, outcome.kind]).toEqual([0, "nothing-stale"]);
      expect(clusters[0].findings).toEqual([
        expect.objectContaining({ code: "refresh.clock", severity: "warning", sentence: expect.stringMatching(says) }),
      ]);
      await expectUntouched(writes);
    } finally {
      await lab.sandbox.inject({ kind: "clock-ahead", cluster: "lima", minutes: 0, renewed: false });
    }
  });

  test("an account that may not read what is compared", async () => {
    const mayRead = [{ verbs: ["get"], apiGroups: [""], resources: ["namespaces"] }];
    for (const rules of [[], mayRead]) {
      lab.put("narrow.yaml", current.kubeconfigAs(rules));
      const writes = lab.writes.length;
      const ended = await refresh("lima", "--cluster-kubeconfig", "narrow.yaml", "--yes");
      expectRefusal(ended, { exit: 1, code: "api.forbidden", says: /403 \(Forbidden\) to: / });
      await expectUntouched(writes);
    }
  });

  test("one of two cannot be refreshed: neither is", async () => {
    const { clusters, ...rest } = parse(lab.sandbox.kubeconfig);
    const moved = clusters.map((one: { name: string; cluster: object }) =>
      one.name === "lima" ? { ...one, cluster: { ...one.cluster, server: "https://127.0.0.1:1" } } : one,
    );
    lab.put("half.yaml", stringify({ ...rest, clusters: moved }));
    expect(await refusedBy("paris", "lima", "--cluster-kubeconfig", "half.yaml")).toEqual(["refresh.unreachable"]);
  });

  test("an agent that pins another bundle than is served", async () => {
    const deployments = { group: "apps", version: "v1", resource: "deployments", namespace: "cattle-system" };
    const pinned = async (value: string) => {
      const env = [{ name: "CATTLE_CA_CHECKSUM", value }];
      const body = {
        spec: { minReadySeconds: 600, template: { spec: { containers: [{ name: "cluster-register", env }] } } },
      };
      await stale.client.patch(deployments, "cattle-cluster-agent", { type: "strategic", body });
    };
    const before = JSON.stringify(await stale.client.get(deployments, "cattle-cluster-agent"));
    const [, pin = ""] = /"CATTLE_CA_CHECKSUM","value":"([0-9a-f]+)"/.exec(before) ?? [];
    const pods = { group: "", version: "v1", resource: "pods", namespace: "cattle-system" };
    const podsWith = async (value: string) => JSON.stringify(await stale.client.list(pods)).includes(value);
    await pinned("b".repeat(64));
    await lab.sandbox.waitUntil(() => podsWith("b".repeat(64)), { what: "a pod with the other pin" });
    expect(await refusedBy("paris", "--cluster-kubeconfig", "paris.yaml")).toEqual(["refresh.pin-differs"]);
    await pinned(pin);
    await lab.sandbox.waitUntil(async () => !(await podsWith("b".repeat(64))), { what: "the pod to go" });
  });
});

describe("nothing that a refresh could mend", () => {
  const accounts = { group: "", version: "v1", resource: "serviceaccounts", namespace: "cattle-system" };
  const clusters = { group: "management.cattle.io", version: "v3", resource: "clusters" };
  const errorsOf = (name: string) => {
    lab.put(`${name}.yaml`, lab.sandbox.cluster(name).kubeconfig);
    return refusedBy(name, "--cluster-kubeconfig", `${name}.yaml`);
  };

  test("a cluster of a hosting provider, which has its CA and token from there", async () => {
    const { id } = lab.sandbox.cluster("hosted");
    const driver = (name: string) =>
      lab.sandbox.management.patch(clusters, id, {
        type: "merge",
        body: { status: { driver: name } },
        subresource: "status",
      });
    onTestFinished(async () => {
      await driver("imported");
    });
    await driver("EKS");
    expect(await errorsOf("hosted")).toEqual(["refresh.driver"]);
  });

  test("a cluster without the agent's account; one that has another under its name", async () => {
    const { client } = lab.sandbox.cluster("emptied");
    const account = await client.get(accounts, "cattle");
    await client.delete(accounts, "cattle");
    expect(await errorsOf("emptied")).toEqual(["refresh.no-agent"]);
    const annotations = account?.metadata.annotations ?? {};
    const metadata = { name: "cattle", namespace: "cattle-system", annotations };
    await client.create(accounts, { apiVersion: "v1", kind: "ServiceAccount", metadata });
    expect(await errorsOf("emptied")).toEqual(["refresh.recreated"]);
  });
});

describe("nothing is stale", () => {
  test("nothing is written, and it says so", async () => {
    const writes = lab.writes.length;
    const ended = await refresh("lima", "--cluster-kubeconfig", "lima.yaml", "--yes", "-o", "json");
    expect(ended.code, ended.stderr).toBe(0);
    const { outcome, clusters } = json(ended.stdout);
    expect(outcome).toEqual({ kind: "nothing-stale" });
    expect(clusters).toMatchObject([{ name: "lima", findings: [] }]);
    const states = clusters[0].comparisons.map(({ subject, state }: Record<string, string>) => `${subject} ${state}`);
    expect(states).toEqual(["ca same", "token same", "agent-token same", "person-token same"]);
    await expectUntouched(writes);
  });

  test("by a pasted URL, for people, without a token in it", async () => {
    const url = `${lab.sandbox.serverUrl}/dashboard/c/${current.id}/explorer`;
    const ended = await refresh(url, "--cluster-kubeconfig", "lima.yaml");
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stdout).toMatch(/lima \(c-\w+\)\n.*WHAT +WHERE +STATE/);
    expect(ended.stdout).toMatch(/No findings\.\n$/);
    expect(ended.stdout).not.toContain("eyJ");
  });

  test("without the ConfigMap of the CA (Kubernetes before 1.20), a refused token's Secret says nothing of the CA", async () => {
    const bare = lab.sandbox.cluster("hosted");
    const ref = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };
    await bare.client.delete({ ...ref, resource: "configmaps" }, "kube-root-ca.crt");
    const [name, account] = ["cattle-token-00000", "kubernetes.io/service-account.name"];
    const type = "kubernetes.io/service-account-token";
    const metadata = { name, namespace: "cattle-system", annotations: { [account]: "cattle" } };
    await bare.client.create(ref, { apiVersion: "v1", kind: "Secret", type, metadata });
    const [, certificate = ""] = /certificate-authority-data: (\S+)/.exec(stale.kubeconfig) ?? [];
    const data = { token: Buffer.from("of.be.fore").toString("base64"), "ca.crt": certificate };
    await bare.client.patch(ref, name, { type: "merge", body: { data } });

    lab.put("bare.yaml", bare.kubeconfig);
    const ended = await refresh("hosted", "--cluster-kubeconfig", "bare.yaml", "--plan", "--out", "bare", "-o", "json");
    expect(ended.code, ended.stderr).toBe(0);
    const { comparisons } = json(ended.stdout).refreshed[0];
    const states = comparisons.map(({ where, state }: Record<string, string>) => `${where} ${state}`);
    const [working] = (await tokensIn(bare)).filter((token) => token.name !== name);
    expect(states).toContain("status.caCert same");
    expect(states).toContain(`Secret cattle-system/${name} stale`);
    expect(states).toContain(`Secret cattle-system/${working?.name} same`);
    await bare.client.delete(ref, name);
  });

  test("a cluster that is away is told from one with other keys", async () => {
    const away = lab.sandbox.cluster("hosted");
    lab.put("hosted.yaml", away.kubeconfig);
    await lab.sandbox.inject({ kind: "offline", cluster: away.name });
    await lab.sandbox.waitUntil(() => !away.connected());
    const clusters = { group: "management.cattle.io", version: "v3", resource: "clusters" };
    const isDown = async () =>
      JSON.stringify(await lab.sandbox.management.get(clusters, away.id)).includes("not connected");
    await lab.sandbox.waitUntil(isDown, { what: "Ready=False" });
    const [agent] = await agentPods(away);
    const hasTried = async () => (await directLog(away, agent?.name ?? "")).includes("Failed to connect to proxy");
    await lab.sandbox.waitUntil(hasTried, { what: "an attempt in vain" });
    const ended = await refresh("hosted", "--cluster-kubeconfig", "hosted.yaml", "-o", "json");
    expect(ended.code, ended.stderr).toBe(0);
    expect(json(ended.stdout).clusters[0].findings).toMatchObject([
      { code: "refresh.network", sentence: expect.stringContaining("Cluster agent is not connected") },
    ]);
    const { kind, pod, lines } = json(ended.stdout).clusters[0].agentLog;
    expect([kind, pod]).toEqual(["read", expect.stringMatching(/^cattle-cluster-agent-/)]);
    expect(lines.join("\n")).toMatch(/Failed to connect to proxy/);
    expect(lines.join("\n")).toMatch(/with token starting with \[redacted\]/);
    expect(lines.length).toBeLessThanOrEqual(10);

    const shown = (await refresh("hosted", "--cluster-kubeconfig", "hosted.yaml")).stdout;
    expect(shown).toMatch(/ {2}The last lines of its agent \(cattle-cluster-agent-\S+\):\n( {4}\S.*\n)+/);
    const resources = ["namespaces", "secrets", "configmaps", "serviceaccounts", "pods"];
    const mayNotRead = [
      { verbs: ["get", "list"], apiGroups: [""], resources },
      { verbs: ["get"], apiGroups: ["apps"], resources: ["deployments"] },
    ];
    lab.put("no-logs.yaml", away.kubeconfigAs(mayNotRead));
    const without = await refresh("hosted", "--cluster-kubeconfig", "no-logs.yaml");
    expect(without.code, without.stderr).toBe(0);
    expect(without.stdout).toMatch(/Its agent's log could not be read: .* 403 \(Forbidden\)/);
    expect(without.stdout).toContain("[refresh.network]");
  });
});
