/** A Secret without its values. */
import type { SecretFacts } from "../estate/estate.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { ownersOf, type SecretObject } from "../kubernetes/secret.ts";

export function secretFactsOf(object: KubeObject, secret: SecretObject): SecretFacts {
  const { namespace, name, type, uid, resourceVersion } = secret;
  return { namespace, name, type, uid, resourceVersion, owners: ownersOf(object) };
}
