/** Questions about oneself: may I, what may I, who am I. They are created, answered and not stored. */

import type { Access, AccessQuestion, AccessRule, User } from "./authorization.ts";
import { at, isJsonObject, type JsonObject, text } from "./json-value.ts";
import { badRequest } from "./status-errors.ts";

/** What can be posted under /apis/<group>/v1/<resource>. */
export const REVIEWS = [
  { group: "authorization.k8s.io", resource: "selfsubjectaccessreviews", kind: "SelfSubjectAccessReview" },
  { group: "authorization.k8s.io", resource: "selfsubjectrulesreviews", kind: "SelfSubjectRulesReview" },
  { group: "authentication.k8s.io", resource: "selfsubjectreviews", kind: "SelfSubjectReview" },
] as const;

export type ReviewKind = (typeof REVIEWS)[number];

export function findReview(group: string, version: string, resource: string): ReviewKind | undefined {
  return REVIEWS.find((review) => version === "v1" && review.group === group && review.resource === resource);
}

/** The review with its answer in `status`. @throws ApiError 400 */
export function reviewed(review: ReviewKind, body: JsonObject, user: User, access: Access): object {
  const head = { kind: review.kind, apiVersion: `${review.group}/v1`, metadata: { creationTimestamp: null } };
  switch (review.kind) {
    case "SelfSubjectReview":
      return { ...head, status: { userInfo: { username: user.name, groups: user.groups } } };
    case "SelfSubjectAccessReview": {
      const allowed = access.allows(user, question(body));
      return { ...head, spec: body.spec, status: allowed ? { allowed } : { allowed, reason: "" } };
    }
    case "SelfSubjectRulesReview":
      return { ...head, spec: body.spec, status: rulesIn(access, user, text(at(body, "spec", "namespace")) ?? "") };
  }
}

function question(body: JsonObject): AccessQuestion {
  const resource = at(body, "spec", "resourceAttributes");
  const path = at(body, "spec", "nonResourceAttributes");
  if (isJsonObject(resource)) {
    const word = (key: string) => text(resource[key]) ?? "";
    return {
      kind: "resource",
      verb: word("verb"),
      group: word("group"),
      resource: word("resource"),
      subresource: word("subresource"),
      namespace: word("namespace"),
      name: word("name"),
    };
  }
  if (isJsonObject(path)) return { kind: "path", verb: text(path.verb) ?? "", path: text(path.path) ?? "" };
  throw badRequest("exactly one of nonResourceAttributes or resourceAttributes must be specified");
}

function rulesIn(access: Access, user: User, namespace: string): object {
  const rules = access
    .rulesFor(user)
    .filter((rule) => rule.namespaces === undefined || rule.namespaces.includes(namespace));
  return {
    resourceRules: rules.filter((rule) => rule.resources !== undefined).map(resourceRule),
    nonResourceRules: rules
      .filter((rule) => rule.nonResourceURLs !== undefined)
      .map((rule) => ({ verbs: rule.verbs, nonResourceURLs: rule.nonResourceURLs })),
    incomplete: false,
  };
}

function resourceRule({ verbs, apiGroups = [], resources, resourceNames }: AccessRule): object {
  return { verbs, apiGroups, resources, ...(resourceNames === undefined ? {} : { resourceNames }) };
}
