/**
 * Tokens of service accounts in Secrets, as Rancher and its agent make and find them (pkg/serviceaccounttoken, from
 * 2.6.10 and 2.7.1 on): the account's annotation names the Secret, else a label finds it, else it is made.
 */
import type { ClusterClient, KubeObject, NewObject } from "../cluster-client.ts";
import { recordOf } from "./norman.ts";
import { core } from "./resources.ts";

export const SECRET_REFERENCE = "rancher.io/service-account.secret-ref";
export const ACCOUNT_LABEL = "cattle.io/service-account.name";

/** What finding and making such a Secret needs of a cluster. */
export type AccountClient = Pick<ClusterClient, "get" | "list" | "create" | "patch">;

export interface AccountName {
  readonly namespace: string;
  readonly name: string;
}

/** The Secret that Kubernetes puts a token into. @param at.name its name; generated where absent */
export function tokenSecret(at: {
  readonly namespace: string;
  readonly account: string;
  readonly name?: string;
}): NewObject {
  const { namespace, account, name } = at;
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/service-account-token",
    metadata: {
      ...(name === undefined ? { generateName: `${account}-token-` } : { name }),
      namespace,
      labels: { [ACCOUNT_LABEL]: account },
      annotations: { "kubernetes.io/service-account.name": account },
    },
  };
}

/**
 * The account's token as it is in its Secret: not-empty is all that is asked of it, so that a token which the cluster
 * refuses is used again and again (rancher.md §7.2). Undefined until Kubernetes has filled the Secret.
 */
export async function ensureToken(
  client: AccountClient,
  { namespace, name }: AccountName,
): Promise<string | undefined> {
  const accounts = core("serviceaccounts", namespace);
  const secrets = core("secrets", namespace);
  const account =
    (await client.get(accounts, name)) ??
    (await client.create(accounts, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } }));
  const named = account.metadata.annotations?.[SECRET_REFERENCE]?.split("/")[1];
  const known = named === undefined ? undefined : await client.get(secrets, named);
  if (known !== undefined) return textOf(known, "token");
  const { items } = await client.list(secrets, { labelSelector: `${ACCOUNT_LABEL}=${name}` });
  const secret = items[0] ?? (await client.create(secrets, tokenSecret({ namespace, account: name })));
  const annotations = { [SECRET_REFERENCE]: `${namespace}/${secret.metadata.name}` };
  await client.patch(accounts, name, { type: "merge", body: { metadata: { annotations } } });
  return textOf(secret, "token");
}

/** A value of a Secret as text; undefined where it is absent or empty. */
export function textOf(secret: KubeObject | undefined, key: string): string | undefined {
  const encoded = recordOf(secret?.data)[key];
  return typeof encoded === "string" && encoded !== "" ? Buffer.from(encoded, "base64").toString() : undefined;
}
