import fc from "fast-check";
import { expect, test } from "vitest";
import type { ClusterAccess, TokenFacts, TokenSecret } from "../../src/estate/cluster-access.ts";
import { isCurrent, judgeAccess, needsRestart } from "../../src/plan/refresh/judge-access.ts";

const PIN = "a".repeat(64);
const CAS = ["0", "1", "2"].map((digit) => digit.repeat(64));

const token = fc.record({
  fingerprint: fc.constantFrom("f1", "f2", "f3"),
  subject: fc.constantFrom("system:serviceaccount:cattle-system:cattle", ""),
  accepted: fc.constantFrom<TokenFacts["accepted"]>("yes", "no", "unknown"),
});
const ca = fc.subarray(CAS, { maxLength: 2 });
const secret = (namespace: string): fc.Arbitrary<TokenSecret> =>
  fc.record(
    {
      namespace: fc.constant(namespace),
      name: fc.stringMatching(/^t-[a-z]{5}$/),
      uid: fc.uuid(),
      account: fc.constant("cattle"),
      ca,
      token,
    },
    { requiredKeys: ["namespace", "name", "uid", "account", "ca"] },
  );
const access: fc.Arbitrary<ClusterAccess> = fc.record({
  id: fc.constant("c-abc12"),
  name: fc.constant("paris"),
  driver: fc.constantFrom("imported", "k3s", "rke2", ""),
  held: fc.record(
    {
      storage: fc.constantFrom({ kind: "secret", name: "s" } as const, { kind: "status" } as const),
      apiEndpoint: fc.constant(""),
      ca,
      token,
    },
    { requiredKeys: ["storage", "apiEndpoint", "ca"] },
  ),
  ready: fc.record({ status: fc.constantFrom("True", "False", "Unknown") }),
  own: fc.record({
    kubeSystemUid: fc.constant("uid"),
    ca,
    accountUid: fc.constant("account"),
    agentTokens: fc.array(secret("cattle-system"), { maxLength: 4 }),
    personTokens: fc.array(secret("cattle-impersonation-system"), { maxLength: 4 }),
    pods: fc.constant([]),
  }),
});

/** Says for itself, without the code under test, whether a Secret may go. */
function mayGo({ token: held, ca: own }: TokenSecret, cluster: readonly string[]): boolean {
  if (held === undefined || held.accepted === "unknown") return false;
  const isOther = own.length > 0 && cluster.length > 0 && [...own].sort().join() !== [...cluster].sort().join();
  return held.accepted === "no" || isOther;
}

test("a Secret goes if and only if its token is refused or its ca.crt is another than the cluster's", () => {
  fc.assert(
    fc.property(access, (seen) => {
      const { doomed } = judgeAccess(seen, PIN);
      const { agentTokens, personTokens, ca: own } = seen.own;
      expect(doomed.agent).toEqual(agentTokens.filter((one) => mayGo(one, own)));
      expect(doomed.persons).toEqual(personTokens.filter((one) => mayGo(one, own)));
    }),
  );
});

test("a cluster of which everything is the same is left alone, and no other is", () => {
  fc.assert(
    fc.property(access, (seen) => {
      const verdict = judgeAccess(seen, PIN);
      const { held, own } = seen;
      const isOtherCa = own.ca.length > 0 && [...held.ca].sort().join() !== [...own.ca].sort().join();
      const isOtherToken = held.token === undefined || held.token.accepted === "no";
      const tokensGo = own.agentTokens.some((one) => mayGo(one, own.ca));
      expect(needsRestart(verdict)).toBe(isOtherCa || isOtherToken || tokensGo);
      const isAmiss = isOtherCa || isOtherToken || tokensGo || own.personTokens.some((one) => mayGo(one, own.ca));
      expect(isCurrent(verdict)).toBe(!isAmiss);
    }),
  );
});

test("the same look gives the same verdict, and what Rancher has of it is never read out of the cluster's order", () => {
  fc.assert(
    fc.property(access, (seen) => {
      const turned = {
        ...seen,
        own: { ...seen.own, ca: seen.own.ca.toReversed() },
        held: { ...seen.held, ca: seen.held.ca.toReversed() },
      };
      const states = (one: ClusterAccess) => judgeAccess(one, PIN).comparisons.map(({ state }) => state);
      expect(states(turned)).toEqual(states(seen));
    }),
  );
});
