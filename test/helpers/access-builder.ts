/** A cluster's CA and tokens as Rancher holds them and as it has them itself, for tests of pure code. */
import type { ClusterAccess, TokenFacts, TokenSecret } from "../../src/estate/cluster-access.ts";

export const OLD_CA = ["0".repeat(64)];
export const NEW_CA = ["1".repeat(64)];
export const PIN = "a".repeat(64);
const ACCOUNT = "cf492c33-dac1-46e2-8c3d-ad401131b050";

export const token = (fingerprint: string, accepted: TokenFacts["accepted"]): TokenFacts => ({
  fingerprint,
  subject: "system:serviceaccount:cattle-system:cattle",
  accountUid: ACCOUNT,
  accepted,
});

export const secret = (name: string, facts: TokenFacts | undefined, ca = NEW_CA): TokenSecret => ({
  namespace: name.startsWith("cattle-token-") ? "cattle-system" : "cattle-impersonation-system",
  name,
  uid: `uid of ${name}`,
  account: "cattle",
  ca,
  ...(facts === undefined ? {} : { token: facts }),
});

export const GOOD = token("good", "yes");
export const REFUSED = token("refused", "no");

/** A cluster about which everything is right. */
export const CURRENT: ClusterAccess = {
  id: "c-abc12",
  name: "paris",
  driver: "imported",
  held: {
    storage: { kind: "secret", name: "cluster-serviceaccounttoken-x" },
    apiEndpoint: "https://10.43.0.1:443",
    ca: NEW_CA,
    token: GOOD,
  },
  connected: { status: "True" },
  ready: { status: "True" },
  own: {
    kubeSystemUid: "uid",
    ca: NEW_CA,
    accountUid: ACCOUNT,
    registeredAs: "c-abc12",
    agentTokens: [secret("cattle-token-aaaaa", GOOD)],
    personTokens: [secret("cattle-impersonation-u-token-bbbbb", token("person", "yes"))],
    pods: [{ name: "agent-1", uid: "p1", pin: PIN, account: "cattle", secrets: [] }],
  },
};

export type Held = Partial<ClusterAccess["held"]>;
export type Own = Partial<ClusterAccess["own"]>;

export const cluster = (held: Held = {}, own: Own = {}, rest: Partial<ClusterAccess> = {}): ClusterAccess => ({
  ...CURRENT,
  ...rest,
  held: { ...CURRENT.held, ...held },
  own: { ...CURRENT.own, ...own },
});

export const NOT_READY = (message: string): Partial<ClusterAccess> => ({ ready: { status: "False", message } });
