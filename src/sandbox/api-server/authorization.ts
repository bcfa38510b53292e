/** Who may do what. Like Kubernetes' RBAC: only grants, no denials; `*` means all. */

import type { ResourceKind } from "./kinds.ts";

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

/** The account behind everything that the sandbox itself does, unless it names another. */
export const ADMINISTRATOR: User = { name: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] };

/** A service account, as its tokens identify it. */
export function serviceAccount({ namespace, name }: { readonly namespace: string; readonly name: string }): User {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
  };
}

/** A request without any credentials. */
export const ANONYMOUS: User = { name: "system:anonymous", groups: ["system:unauthenticated"] };

/** One grant, as in a ClusterRole. `resources` names subresources as `deployments/status`. */
export interface AccessRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  /** Where the rule holds; everywhere if left out. */
  readonly namespaces?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

export interface Subject {
  readonly kind: "user" | "group";
  readonly name: string;
}

/** What somebody wants to do, to a resource or to a path. */
export type AccessQuestion =
  | {
      readonly kind: "resource";
      readonly verb: string;
      readonly group: string;
      readonly resource: string;
      readonly subresource: string;
      readonly namespace: string;
      readonly name: string;
    }
  | { readonly kind: "path"; readonly verb: string; readonly path: string };

/** What every authenticated account may do in Kubernetes: find out what there is, and ask about itself. */
const DISCOVERY: AccessRule = {
  verbs: ["get"],
  nonResourceURLs: ["/", "/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*", "/version", "/version/"],
};
const ABOUT_ONESELF: AccessRule = {
  verbs: ["create"],
  apiGroups: ["authorization.k8s.io", "authentication.k8s.io"],
  resources: ["selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"],
};
const HEALTH: AccessRule = {
  verbs: ["get"],
  nonResourceURLs: ["/healthz", "/livez", "/livez/*", "/readyz", "/readyz/*", "/version", "/version/"],
};
const EVERYTHING: AccessRule = { verbs: ["*"], apiGroups: ["*"], resources: ["*"], nonResourceURLs: ["*"] };

export class Access {
  readonly #grants = new Map<string, readonly AccessRule[]>();

  constructor() {
    this.grant({ kind: "group", name: "system:masters" }, [EVERYTHING]);
    this.grant({ kind: "group", name: "system:authenticated" }, [DISCOVERY, ABOUT_ONESELF, HEALTH]);
    this.grant({ kind: "group", name: "system:unauthenticated" }, [HEALTH]);
  }

  /** Adds rules to what the subject may do already. */
  grant(subject: Subject, rules: readonly AccessRule[]): void {
    this.#grants.set(keyOf(subject), [...this.rulesOf(subject), ...rules]);
  }

  /** Takes all rules of the subject away. */
  revoke(subject: Subject): void {
    this.#grants.delete(keyOf(subject));
  }

  allows(user: User, question: AccessQuestion): boolean {
    return this.rulesFor(user).some((rule) => covers(rule, question));
  }

  /** All rules that hold for a user, by name and by group. */
  rulesFor(user: User): readonly AccessRule[] {
    const subjects: Subject[] = [
      { kind: "user", name: user.name },
      ...user.groups.map((name) => ({ kind: "group", name }) as const),
    ];
    return subjects.flatMap((subject) => this.rulesOf(subject));
  }

  private rulesOf(subject: Subject): readonly AccessRule[] {
    return this.#grants.get(keyOf(subject)) ?? [];
  }
}

/** The sentence with which the API refuses, from the word `User` on. */
export function refusal(
  user: User,
  verb: string,
  kind: ResourceKind,
  place: { namespace: string; subresource: string },
): string {
  const resource = place.subresource === "" ? kind.resource : `${kind.resource}/${place.subresource}`;
  const where = place.namespace === "" ? "at the cluster scope" : `in the namespace "${place.namespace}"`;
  return `User "${user.name}" cannot ${verb} resource "${resource}" in API group "${kind.group}" ${where}`;
}

function covers(rule: AccessRule, question: AccessQuestion): boolean {
  if (!includes(rule.verbs, question.verb)) return false;
  if (question.kind === "path")
    return (rule.nonResourceURLs ?? []).some((pattern) => pathMatches(pattern, question.path));
  const { group, resource, subresource, namespace, name } = question;
  return (
    includes(rule.apiGroups ?? [], group) &&
    resourceMatches(rule.resources ?? [], resource, subresource) &&
    (rule.resourceNames === undefined || rule.resourceNames.includes(name)) &&
    (rule.namespaces === undefined || rule.namespaces.includes(namespace))
  );
}

function resourceMatches(granted: readonly string[], resource: string, subresource: string): boolean {
  if (granted.includes("*")) return true;
  if (subresource === "") return granted.includes(resource);
  return granted.includes(`${resource}/${subresource}`) || granted.includes(`*/${subresource}`);
}

function pathMatches(pattern: string, path: string): boolean {
  if (pattern === "*" || pattern === path) return true;
  return pattern.endsWith("*") && path.startsWith(pattern.slice(0, -1));
}

function includes(granted: readonly string[], wanted: string): boolean {
  return granted.includes("*") || granted.includes(wanted);
}

function keyOf(subject: Subject): string {
  return `${subject.kind}:${subject.name}`;
}
