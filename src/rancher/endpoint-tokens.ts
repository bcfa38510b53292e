/** The tokens in kubeconfigs that Rancher has made for Farrier, so that it may reach authorized cluster endpoints. */
import { FarrierError } from "../errors.ts";
import { readForeignKubeconfig } from "../kubernetes/kubeconfig-file.ts";
import type { Secret } from "../pki/secret.ts";

/** How sentences call such a kubeconfig. */
export const ENDPOINT_KUBECONFIG = "Rancher's kubeconfig for its authorized cluster endpoint";

/** Label selector of the tokens in kubeconfigs, whoever has them. */
export const KUBECONFIG_TOKENS = "authn.management.cattle.io/kind=kubeconfig";

/** Annotation of a token that is Farrier's, and nothing that a person has downloaded: the rotation that it was made for. */
export const ENDPOINT_TOKEN_MARK = "farrier/authorized-endpoint";

/**
 * Names of the tokens that were made for this kubeconfig alone: the part of a token that is no secret, `kubeconfig-u-abc12x7k2p`
 * of `kubeconfig-u-abc12x7k2p:<secret>`.
 *
 * A name that ends with the cluster's id is left out. Rancher ≤ 2.5 has one token, `kubeconfig-<user>.<cluster>`, for all
 * kubeconfigs of a user and a cluster: whoever deletes it takes away what the person has downloaded.
 */
export function ownTokensIn(kubeconfig: Secret, clusterId: string): string[] {
  try {
    const { users } = readForeignKubeconfig(kubeconfig.reveal(), ENDPOINT_KUBECONFIG);
    const names = [...users.values()].flatMap(({ value: { token } }) => token?.split(":")[0] ?? []);
    return names.filter((name) => !name.endsWith(`.${clusterId}`));
  } catch (error) {
    // One that names a program in place of a token has none.
    if (error instanceof FarrierError) return [];
    throw error;
  }
}
