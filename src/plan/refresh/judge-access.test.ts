import { describe, expect, test } from "vitest";
import {
  CURRENT,
  cluster,
  GOOD,
  type Held,
  NEW_CA,
  NOT_READY,
  OLD_CA,
  type Own,
  PIN,
  REFUSED,
  secret,
  token,
} from "../../../test/helpers/access-builder.ts";
import type { ClusterAccess } from "../../estate/cluster-access.ts";
import { isCurrent, judgeAccess, needsRestart, notHeld, pinnedElsewhere } from "./judge-access.ts";

interface Row {
  readonly name: string;
  readonly access: ClusterAccess;
  /** Of Rancher's CA and token, of the agent's first token, of the first for a person. */
  readonly states: readonly [string, string, string, string];
  readonly doomed: readonly string[];
  readonly restart: boolean;
  readonly codes: readonly string[];
}

const withoutToken = (({ token: _, ...held }) => held)(CURRENT.held);

const ROWS: readonly Row[] = [
  {
    name: "nothing is stale",
    access: CURRENT,
    states: ["same", "same", "same", "same"],
    doomed: [],
    restart: false,
    codes: [],
  },
  {
    name: "the CA is fine and the token is stale (§0a row 18)",
    access: cluster({ token: REFUSED }, { agentTokens: [secret("cattle-token-aaaaa", REFUSED)] }),
    states: ["same", "stale", "stale", "same"],
    doomed: ["cattle-token-aaaaa"],
    restart: true,
    codes: ["refresh.token-stale"],
  },
  {
    name: "the token is fine and the CA is stale (§0a row 21)",
    access: cluster({ ca: OLD_CA }),
    states: ["stale", "same", "same", "same"],
    doomed: [],
    restart: true,
    codes: ["refresh.ca-stale"],
  },
  {
    name: "a Secret's token is accepted and its ca.crt is of before (M2.5)",
    access: cluster({ ca: OLD_CA }, { agentTokens: [secret("cattle-token-aaaaa", GOOD, OLD_CA)] }),
    states: ["stale", "same", "stale", "same"],
    doomed: ["cattle-token-aaaaa"],
    restart: true,
    codes: ["refresh.ca-stale"],
  },
  {
    name: "only people's tokens are stale (§0a row 20)",
    access: cluster({}, { personTokens: [secret("cattle-impersonation-u-token-bbbbb", REFUSED)] }),
    states: ["same", "same", "same", "stale"],
    doomed: ["cattle-impersonation-u-token-bbbbb"],
    restart: false,
    codes: ["refresh.person-tokens-stale"],
  },
  {
    name: "the agent has a new token and Rancher has not heard of it (M2.9)",
    access: cluster({ token: REFUSED, ca: OLD_CA }),
    states: ["stale", "stale", "same", "same"],
    doomed: [],
    restart: true,
    codes: ["refresh.ca-stale", "refresh.token-stale"],
  },
  {
    name: "Rancher holds neither CA nor token",
    access: { ...CURRENT, held: { ...withoutToken, ca: [] } },
    states: ["missing", "missing", "same", "same"],
    doomed: [],
    restart: true,
    codes: ["refresh.ca-stale", "refresh.token-stale"],
  },
  {
    name: "an old and a new Secret of the agent: only the refused one goes",
    access: cluster({}, { agentTokens: [secret("cattle-token-aaaaa", REFUSED), secret("cattle-token-ccccc", GOOD)] }),
    states: ["same", "same", "stale", "same"],
    doomed: ["cattle-token-aaaaa"],
    restart: true,
    codes: [],
  },
  {
    name: "a Secret that Kubernetes has not filled yet is left alone",
    access: cluster({}, { agentTokens: [secret("cattle-token-aaaaa", undefined)] }),
    states: ["same", "same", "missing", "same"],
    doomed: [],
    restart: false,
    codes: [],
  },
  {
    name: "a token that could not be tried is left alone",
    access: cluster({}, { agentTokens: [secret("cattle-token-aaaaa", token("busy", "unknown"))] }),
    states: ["same", "same", "unknown", "same"],
    doomed: [],
    restart: false,
    codes: [],
  },
  {
    name: "the CA file has the same certificates in another order",
    access: cluster({ ca: [...NEW_CA, ...OLD_CA] }, { ca: [...OLD_CA, ...NEW_CA], agentTokens: [], personTokens: [] }),
    states: ["same", "same", "-", "-"],
    doomed: [],
    restart: false,
    codes: [],
  },
  {
    name: "it is the network",
    access: cluster({}, {}, NOT_READY("dial tcp 10.0.0.1:443: i/o timeout")),
    states: ["same", "same", "same", "same"],
    doomed: [],
    restart: false,
    codes: ["refresh.network"],
  },
  {
    name: "it is a clock",
    access: cluster({}, {}, NOT_READY("x509: certificate has expired or is not yet valid: current time …")),
    states: ["same", "same", "same", "same"],
    doomed: [],
    restart: false,
    codes: ["refresh.clock"],
  },
  {
    name: "it may be the keys: the cluster could not be asked about Rancher's token",
    access: cluster({ token: token("busy", "unknown") }, {}, NOT_READY("dial tcp 10.0.0.1:443: i/o timeout")),
    states: ["same", "unknown", "same", "same"],
    doomed: [],
    restart: false,
    codes: [],
  },
  {
    name: "it may be the keys: the cluster shows no CA",
    access: cluster({}, { ca: [] }, NOT_READY("dial tcp 10.0.0.1:443: i/o timeout")),
    states: ["unknown", "same", "same", "same"],
    doomed: [],
    restart: false,
    codes: [],
  },
  {
    name: "it is both: the token, and that explains why it is not Ready",
    access: cluster({ token: REFUSED }, {}, NOT_READY("the server has asked for the client to provide credentials")),
    states: ["same", "stale", "same", "same"],
    doomed: [],
    restart: true,
    codes: ["refresh.token-stale"],
  },
];

describe.each(ROWS)("$name", ({ access, states, doomed, restart, codes }) => {
  const verdict = judgeAccess(access, PIN);

  test("is told side by side", () => {
    const state = (subject: string) => verdict.comparisons.find((one) => one.subject === subject)?.state ?? "-";
    expect(["ca", "token", "agent-token", "person-token"].map(state)).toEqual(states);
  });

  test("says what goes, and whether the agent starts anew", () => {
    expect([...verdict.doomed.agent, ...verdict.doomed.persons].map(({ name }) => name)).toEqual(doomed);
    expect(needsRestart(verdict)).toBe(restart);
    expect(isCurrent(verdict)).toBe(!restart && doomed.length === 0);
  });

  test("names the door", () => {
    expect(verdict.findings.map(({ code }) => code).toSorted()).toEqual(codes);
    expect(verdict.findings.some(({ severity }) => severity === "error")).toBe(false);
  });
});

const agentPod = (name: string, pin: string) => ({ name, uid: name, pin, account: "cattle", secrets: [] });

describe("is refused", () => {
  test.each<[string, ClusterAccess, string, RegExp]>([
    [
      "another cluster than the one that was named",
      cluster({}, { registeredAs: "c-other" }),
      "refresh.other-cluster",
      /c-other, not to cluster c-abc12 \(paris\)/,
    ],
    [
      "a cluster without the agent's account",
      cluster({}, { accountUid: undefined }),
      "refresh.no-agent",
      /no service account cattle-system\/cattle in cluster c-abc12 \(paris\)/,
    ],
    [
      "a cluster that was made anew",
      cluster({ token: REFUSED }, { accountUid: "another" }),
      "refresh.recreated",
      /for the account cf492c33.*cluster's is another/,
    ],
    [
      "an agent that pins another bundle (a rotation's business)",
      cluster(
        { token: REFUSED },
        { pods: [{ name: "agent-1", uid: "p1", pin: "b".repeat(64), account: "cattle", secrets: [] }] },
      ),
      "refresh.pin-differs",
      /Pod agent-1 of cluster c-abc12 \(paris\) pins bbbbbbbbbbbb/,
    ],
    [
      "an agent that is armed: its pods pin different bundles",
      cluster(
        { token: REFUSED },
        { pods: [agentPod("cattle-cluster-agent-1", PIN), agentPod("cattle-cluster-agent-2", "b".repeat(64))] },
      ),
      "refresh.pin-differs",
      /Pod cattle-cluster-agent-2 of cluster c-abc12 \(paris\) pins bbbbbbbbbbbb/,
    ],
    ["a hosted cluster", cluster({}, {}, { driver: "EKS" }), "refresh.driver", /from its provider \(EKS\)/],
  ])("%s", (_name, access, code, says) => {
    const errors = judgeAccess(access as ClusterAccess, PIN).findings.filter(({ severity }) => severity === "error");
    expect(errors.map((found) => found.code)).toEqual([code]);
    expect(errors[0]?.sentence).toMatch(says);
  });

  test.each([
    ["which needs the present pin first", "b".repeat(64), true],
    ["which pins what is served", PIN, false],
  ])(
    "not: node agents with the pin of before beside the cluster agent, %s: they are left, and said",
    (_, own, first) => {
      const elsewhere = agentPod("cattle-node-agent-1", "b".repeat(64));
      const pods = [agentPod("cattle-cluster-agent-1", own), elsewhere, agentPod("cattle-node-agent-2", PIN)];
      const access = cluster({ token: REFUSED }, { pods });
      const { findings, pinStale } = judgeAccess(access, PIN);
      expect(findings.filter(({ severity }) => severity === "error")).toEqual([]);
      expect(pinStale).toBe(first);
      expect(findings).toContainEqual(
        expect.objectContaining({
          code: "refresh.node-agents-left",
          severity: "warning",
          sentence: expect.stringMatching(/paris\) pin another bundle .* left as they are: cattle-node-agent-1\.$/),
        }),
      );
      expect(pinnedElsewhere(access, PIN)).toEqual(first ? pods.slice(0, 2) : [elsewhere]);
    },
  );

  test("not: node agents with the pin of before, where nothing has to start anew: nothing is said of them", () => {
    const pods = [agentPod("cattle-cluster-agent-1", PIN), agentPod("cattle-node-agent-1", "b".repeat(64))];
    expect(judgeAccess(cluster({}, { pods }), PIN).findings.map(({ code }) => code)).not.toContain(
      "refresh.node-agents-left",
    );
  });

  test("not: an agent all of whose pods pin the bundle of before; it needs the present pin first", () => {
    const pods = ["cattle-cluster-agent-1", "cattle-cluster-agent-2"].map((name) => agentPod(name, "b".repeat(64)));
    const verdict = judgeAccess(cluster({ token: REFUSED }, { pods }), PIN);
    expect(verdict.findings.map(({ code, severity }) => `${severity} ${code}`)).toEqual([
      "info refresh.token-stale",
      "warning refresh.pin-stale",
    ]);
    expect(verdict.pinStale).toBe(true);
    expect(verdict.comparisons.at(-1)).toEqual({
      subject: "pin",
      where: "Deployment cattle-system/cattle-cluster-agent",
      state: "stale",
      held: "b".repeat(16),
      own: "",
      why: `Rancher serves ${PIN.slice(0, 16)}`,
    });
  });

  test("not: the pin that is served", () => {
    const pods = [agentPod("cattle-cluster-agent-1", PIN)];
    const { findings, pinStale } = judgeAccess(cluster({ token: REFUSED }, { pods }), PIN);
    expect([findings.map(({ code }) => code), pinStale]).toEqual([["refresh.token-stale"], false]);
  });

  test("not: a pin that differs where no pod has to start anew", () => {
    const pods = [{ name: "agent-1", uid: "p1", pin: "b".repeat(64), account: "cattle", secrets: [] }];
    const access = cluster({}, { pods, personTokens: [secret("cattle-impersonation-u-token-bbbbb", REFUSED)] });
    expect(judgeAccess(access, PIN).findings.map(({ code }) => code)).toEqual(["refresh.person-tokens-stale"]);
  });

  test("not: pods beside the agent that pin nothing", () => {
    const pods = [{ name: "kube-api-auth-1", uid: "p2", pin: "", account: "kube-api-auth", secrets: [] }];
    expect(judgeAccess(cluster({ token: REFUSED }, { pods }), PIN).findings.map(({ code }) => code)).toEqual([
      "refresh.token-stale",
    ]);
  });
});

test("comparisons show fingerprints on both sides, and where each thing is", () => {
  const { comparisons } = judgeAccess(cluster({ ca: OLD_CA, token: REFUSED }), PIN);
  expect(comparisons.slice(0, 2)).toEqual([
    {
      subject: "ca",
      where: "status.caCert",
      state: "stale",
      held: "0".repeat(16),
      own: "1".repeat(16),
      why: "another CA than the cluster's",
    },
    {
      subject: "token",
      where: "Secret cattle-global-data/cluster-serviceaccounttoken-x",
      state: "stale",
      held: "refused",
      own: "good",
      why: "the cluster refuses it",
    },
  ]);
});

test("Rancher before 2.6.7 has its token in the status", () => {
  const [, held] = judgeAccess(cluster({ storage: { kind: "status" } }), PIN).comparisons;
  expect(held?.where).toBe("status.serviceAccountToken");
});

test.each<[string, Held, Own, readonly string[]]>([
  ["both were seen to be right", {}, {}, []],
  ["only tokens inside the cluster are amiss", {}, { agentTokens: [secret("cattle-token-aaaaa", REFUSED)] }, []],
  ["its token is refused", { token: REFUSED }, {}, ["token"]],
  ["its token could not be tried", { token: token("busy", "unknown") }, {}, ["token"]],
  ["the cluster shows no CA", {}, { ca: [] }, ["ca"]],
  [
    "its CA is of before, and its token could not be tried",
    { ca: OLD_CA, token: token("busy", "unknown") },
    {},
    ["ca", "token"],
  ],
])("what Rancher holds counts as right only where it was seen: %s", (_name, held, own, amiss) => {
  expect(notHeld(judgeAccess(cluster(held, own), PIN)).map(({ subject }) => subject)).toEqual(amiss);
});

describe("the clock, the CA and the network are told apart", () => {
  const notReady = { ready: { status: "False", message: "Cluster agent is not connected" } } as const;
  test.each<[string, ClusterAccess, readonly string[]]>([
    ["the clock is right, and it is not Ready", cluster({}, {}, notReady), ["refresh.network"]],
    ["the clock is ahead, and it is not Ready", cluster({}, { clockAheadSeconds: 61 }, notReady), ["refresh.clock"]],
    ["the clock is behind, and it is Ready", cluster({}, { clockAheadSeconds: -7200 }), ["refresh.clock"]],
    [
      "the clock is ahead, and the CA is stale",
      cluster({ ca: OLD_CA }, { clockAheadSeconds: 3600 }),
      ["refresh.ca-stale", "refresh.clock"],
    ],
  ])("%s", (_, access, codes) => {
    expect(judgeAccess(access, PIN).findings.map(({ code }) => code)).toEqual(codes);
  });

  test.each([
    [61, "61 seconds ahead of"],
    [-119, "119 seconds behind"],
    [120, "2 minutes ahead of"],
    [-5700, "95 minutes behind"],
  ])("by %i seconds", (clockAheadSeconds, words) => {
    const [found] = judgeAccess(cluster({}, { clockAheadSeconds }), PIN).findings;
    expect(found?.sentence).toBe(`The clock of cluster c-abc12 (paris) is ${words} this machine's.`);
  });
});
