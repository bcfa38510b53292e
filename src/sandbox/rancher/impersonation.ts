/**
 * How Rancher ≥ 2.6 brings a person's request to a cluster: as an account of that person's own, which may impersonate
 * them. Its token is in a Secret, one for each person, which is made when it is missing and never doubted while it is
 * there (rancher.md §0a row 20).
 */
import { ensureToken } from "./account-secret.ts";
import { type Ask, clientOver } from "./apply.ts";

export const IMPERSONATION = { namespace: "cattle-impersonation-system", prefix: "cattle-impersonation-" } as const;

/** What one Rancher process knows of the tokens, by cluster and person. */
export class Impersonation {
  readonly #known = new Map<string, string>();

  /** The token for a person's requests. @param ask a cluster's API as Rancher itself. @throws Error as that answers */
  async tokenFor(clusterId: string, userId: string, ask: Ask): Promise<string> {
    const key = `${clusterId}/${userId}`;
    const token = this.#known.get(key) ?? (await stored(userId, ask));
    if (token !== "") this.#known.set(key, token);
    return token;
  }

  /** After a refusal. @returns the token of now, where the Secret has gone or holds another one */
  async tokenInstead(clusterId: string, userId: string, ask: Ask): Promise<string | undefined> {
    const key = `${clusterId}/${userId}`;
    const refused = this.#known.get(key);
    const token = await stored(userId, ask).catch(() => "");
    if (token === "" || token === refused) return undefined;
    this.#known.set(key, token);
    return token;
  }
}

/** Kubernetes fills a Secret that was just made within moments; until then it holds nothing. */
async function stored(userId: string, ask: Ask): Promise<string> {
  const { namespace, prefix } = IMPERSONATION;
  const account = { namespace, name: `${prefix}${userId}` };
  const client = clientOver(ask);
  return (await ensureToken(client, account)) ?? (await ensureToken(client, account)) ?? "";
}
