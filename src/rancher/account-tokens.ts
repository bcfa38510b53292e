/** Secrets with tokens of the service accounts that Rancher uses in a downstream cluster. */
import { AGENT_ACCOUNT } from "../estate/cluster-access.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { readSecret } from "../kubernetes/secret.ts";
import { Secret } from "../pki/secret.ts";

/** Where Rancher ≥ 2.6 keeps an account for every person whose requests it passes on (pkg/impersonation). */
export const IMPERSONATION_NAMESPACE = "cattle-impersonation-system";

const TYPE = "kubernetes.io/service-account-token";
const ACCOUNT = "kubernetes.io/service-account.name";

export interface AccountToken {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly account: string;
  readonly caPem: string;
  /** Absent until Kubernetes has put one in. */
  readonly token: Secret | undefined;
}

/** Undefined for every other Secret. */
export function readAccountToken(object: KubeObject): AccountToken | undefined {
  const secret = readSecret(object);
  const account = object.metadata.annotations?.[ACCOUNT];
  if (secret?.type !== TYPE || account === undefined) return undefined;
  const { namespace, name, uid } = secret;
  const token = secret.value("token")?.toString("utf8") ?? "";
  return {
    namespace,
    name,
    uid,
    account,
    caPem: secret.value("ca.crt")?.toString("utf8") ?? "",
    token: token === "" ? undefined : Secret.of(token),
  };
}

/** Those of the agent's own account, among the Secrets of its namespace. */
export function agentTokensIn(secrets: readonly KubeObject[]): AccountToken[] {
  const tokens = secrets.map(readAccountToken).filter((token) => token !== undefined);
  return tokens.filter(({ account }) => account === AGENT_ACCOUNT.name);
}
