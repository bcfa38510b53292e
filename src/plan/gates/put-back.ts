/** Words about a Secret that somebody else has written: Argo CD, Flux and their like put back what their source says. */
import type { SecretFacts } from "../../estate/estate.ts";

/** `Secret cattle-system/tls-ca, which Flux owns,`: by name where an owner left its mark. */
export function secretCalled(secret: Pick<SecretFacts, "namespace" | "name" | "owners">): string {
  const place = `Secret ${secret.namespace}/${secret.name}`;
  const owns = secret.owners.length === 1 ? "owns" : "own";
  return secret.owners.length === 0 ? place : `${place}, which ${secret.owners.join(" and ")} ${owns},`;
}

/** What to do before it is written again. */
export function stopWriter(owners: readonly string[]): string {
  if (owners.length > 0) return `Suspend ${owners.join("'s and ")}'s sync of it, or change its source`;
  return "Find out who has written it (Argo CD, Flux, External Secrets, cert-manager, Helm) and stop that";
}
