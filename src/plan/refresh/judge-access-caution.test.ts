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
import type { ClusterAccess, TokenFacts } from "../../estate/cluster-access.ts";
import { judgeAccess } from "./judge-access.ts";

describe("nothing is deleted for want of knowledge", () => {
  const agent = (ca: readonly string[], facts: TokenFacts | undefined = GOOD): Own => ({
    agentTokens: [secret("cattle-token-aaaaa", facts, [...ca])],
  });
  const rows: [string, Own, readonly string[]][] = [
    ["a Secret without ca.crt whose token is accepted stays", agent([]), []],
    ["a Secret with any ca.crt stays where the cluster shows no CA", { ...agent(OLD_CA), ca: [] }, []],
    ["a Secret with another ca.crt stays while its token was not tried", agent(OLD_CA, token("busy", "unknown")), []],
    ["a Secret with another ca.crt and no token yet stays", { agentTokens: [secret("x", undefined, OLD_CA)] }, []],
    ["a Secret with one of the cluster's two CAs goes", { ...agent(NEW_CA), ca: [...NEW_CA, ...OLD_CA] }, ["agent"]],
    [
      "a Secret with one other CA of two goes",
      { ...agent([...NEW_CA, "2".repeat(64)]), ca: [...NEW_CA, ...OLD_CA] },
      ["agent"],
    ],
    ["a Secret whose token is refused goes, whatever its ca.crt", agent(NEW_CA, REFUSED), ["agent"]],
  ];
  test.each(rows)("%s", (_, own, gone) => {
    const { doomed } = judgeAccess(cluster({}, { personTokens: [], ...own }), PIN);
    expect([...doomed.agent.map(() => "agent"), ...doomed.persons.map(() => "person")]).toEqual(gone);
  });
});

describe("a kubeconfig that leads elsewhere", () => {
  const strange = { agentTokens: [secret("cattle-token-aaaaa", REFUSED)], ca: OLD_CA };
  const rows: [string, Own, string][] = [
    ["to another cluster", { registeredAs: "c-other" }, "refresh.other-cluster"],
    ["to a cluster without the agent's account", { accountUid: undefined }, "refresh.no-agent"],
  ];
  test.each(rows)("%s says nothing about this one", (_, own, code) => {
    const access = cluster({ token: REFUSED }, { ...strange, ...own }, NOT_READY("i/o timeout"));
    expect(judgeAccess(access, PIN).findings.map((found) => found.code)).toEqual([code]);
  });

  test("is not one where the cluster does not say what Rancher calls it", () => {
    const { registeredAs: _, ...own } = CURRENT.own;
    expect(judgeAccess({ ...CURRENT, own }, PIN).findings).toEqual([]);
  });
});

describe("a cluster was not made anew", () => {
  const { accountUid: _, ...withoutUid } = GOOD;
  test.each<[string, TokenFacts]>([
    ["where Rancher's token is of another account", { ...GOOD, subject: "system:serviceaccount:x:kontainer-engine" }],
    ["where the token does not say of which", withoutUid],
  ])("%s", (_name, facts) => {
    expect(judgeAccess(cluster({ token: facts }, { accountUid: "another" }), PIN).findings).toEqual([]);
  });
});

describe("a pin that differs is no obstacle", () => {
  const stray = { name: "pod-1", uid: "p1", pin: "b".repeat(64), account: "cattle", secrets: [] };
  test.each([
    ["in a pod that is not the agent's", { ...stray, account: "default" }],
    ["in an agent that pins nothing (Rancher has no private CA)", { ...stray, pin: "" }],
  ])("%s", (_, pod) => {
    const { findings } = judgeAccess(cluster({ token: REFUSED }, { pods: [pod] }), PIN);
    expect(findings.map(({ code }) => code)).toEqual(["refresh.token-stale"]);
  });
});

describe("what is right beside what is stale is said too", () => {
  const BUSY = token("busy", "unknown");
  test.each<[string, Held, Own, readonly string[]]>([
    [
      "the token beside the CA",
      { ca: OLD_CA },
      {},
      ["Rancher holds another CA for cluster c-abc12 (paris) than it has; its token is accepted."],
    ],
    [
      "nothing of a token that was not tried",
      { ca: OLD_CA, token: BUSY },
      {},
      ["Rancher holds another CA for cluster c-abc12 (paris) than it has."],
    ],
    [
      "the CA beside the token",
      { token: REFUSED },
      {},
      ["The token that Rancher holds for cluster c-abc12 (paris) is refused by it; its CA is right."],
    ],
    [
      "nothing of a CA that the cluster does not show",
      { token: REFUSED },
      { ca: [] },
      ["The token that Rancher holds for cluster c-abc12 (paris) is refused by it."],
    ],
  ])("%s", (_name, held, own, sentences) => {
    expect(judgeAccess(cluster(held, own), PIN).findings.map(({ sentence }) => sentence)).toEqual(sentences);
  });

  test.each<[string, Partial<ClusterAccess>, string]>([
    ["Rancher's words", NOT_READY("i/o timeout"), ": i/o timeout"],
    ["no words where it has none", { ready: { status: "Unknown" } }, ""],
    ["nor where there is no such condition", { ready: undefined }, ""],
  ])("where it is neither, %s are passed on", (_name, ready, told) => {
    const { ready: _, ...rest } = CURRENT;
    const { findings } = judgeAccess(ready.ready === undefined ? rest : { ...rest, ...ready }, PIN);
    expect(findings).toMatchObject([
      {
        code: "refresh.network",
        sentence: `Rancher does not show cluster c-abc12 (paris) Ready, and its CA and token are right${told}`,
      },
    ]);
  });
});
