import { describe, expect, test } from "vitest";
import { Access, type AccessQuestion, type AccessRule, ADMINISTRATOR, ANONYMOUS } from "./authorization.ts";
import { REVIEWS, reviewed } from "./reviews.ts";

const alice = { name: "alice", groups: ["ops", "system:authenticated"] };

type ResourceQuestion = Extract<AccessQuestion, { kind: "resource" }>;

function about(verb: string, resource: string, more: Partial<ResourceQuestion> = {}): AccessQuestion {
  return {
    kind: "resource",
    verb,
    group: "apps",
    resource,
    subresource: "",
    namespace: "cattle-system",
    name: "agent",
    ...more,
  };
}

const rows: readonly { name: string; rule: AccessRule; question: AccessQuestion; allowed: boolean }[] = [
  { name: "the verb, group and resource agree", rule: rule({}), question: about("get", "deployments"), allowed: true },
  { name: "another verb", rule: rule({}), question: about("patch", "deployments"), allowed: false },
  { name: "another resource", rule: rule({}), question: about("get", "daemonsets"), allowed: false },
  { name: "another group", rule: rule({}), question: about("get", "deployments", { group: "" }), allowed: false },
  { name: "all verbs", rule: rule({ verbs: ["*"] }), question: about("patch", "deployments"), allowed: true },
  {
    name: "all groups",
    rule: rule({ apiGroups: ["*"] }),
    question: about("get", "deployments", { group: "x" }),
    allowed: true,
  },
  {
    name: "a subresource that is not named",
    rule: rule({}),
    question: about("get", "deployments", { subresource: "status" }),
    allowed: false,
  },
  {
    name: "a subresource that is",
    rule: rule({ resources: ["deployments/status"] }),
    question: about("get", "deployments", { subresource: "status" }),
    allowed: true,
  },
  {
    name: "that subresource of every resource",
    rule: rule({ resources: ["*/status"] }),
    question: about("get", "daemonsets", { subresource: "status" }),
    allowed: true,
  },
  {
    name: "everything, subresources too",
    rule: rule({ resources: ["*"] }),
    question: about("get", "deployments", { subresource: "status" }),
    allowed: true,
  },
  { name: "this name", rule: rule({ resourceNames: ["agent"] }), question: about("get", "deployments"), allowed: true },
  {
    name: "another name",
    rule: rule({ resourceNames: ["other"] }),
    question: about("get", "deployments"),
    allowed: false,
  },
  {
    name: "this namespace",
    rule: rule({ namespaces: ["cattle-system"] }),
    question: about("get", "deployments"),
    allowed: true,
  },
  {
    name: "another namespace",
    rule: rule({ namespaces: ["default"] }),
    question: about("get", "deployments"),
    allowed: false,
  },
  {
    name: "a path by its beginning",
    rule: { verbs: ["get"], nonResourceURLs: ["/metrics/*"] },
    question: { kind: "path", verb: "get", path: "/metrics/x" },
    allowed: true,
  },
  {
    name: "a path that only begins alike",
    rule: { verbs: ["get"], nonResourceURLs: ["/metrics/*"] },
    question: { kind: "path", verb: "get", path: "/metricsx" },
    allowed: false,
  },
];

describe("a rule", () => {
  for (const { name, rule: granted, question, allowed } of rows) {
    test(`${allowed ? "allows" : "does not allow"}: ${name}`, () => {
      const access = new Access();
      access.grant({ kind: "group", name: "ops" }, [granted]);
      expect(access.allows(alice, question)).toBe(allowed);
      expect(access.allows({ name: "bob", groups: [] }, question)).toBe(false);
    });
  }

  test("is gone when it is revoked", () => {
    const access = new Access();
    access.grant({ kind: "user", name: "alice" }, [rule({})]);
    access.revoke({ kind: "user", name: "alice" });
    expect(access.allows(alice, about("get", "deployments"))).toBe(false);
  });
});

describe("without any grant", () => {
  const access = new Access();
  const read = (path: string): AccessQuestion => ({ kind: "path", verb: "get", path });
  const cases = [
    { who: ADMINISTRATOR, question: about("delete", "deployments"), allowed: true },
    { who: alice, question: read("/apis/apps/v1"), allowed: true },
    { who: alice, question: read("/metrics"), allowed: false },
    { who: ANONYMOUS, question: read("/healthz"), allowed: true },
    { who: ANONYMOUS, question: read("/apis"), allowed: false },
  ];
  for (const { who, question, allowed } of cases) {
    const what = question.kind === "path" ? question.path : question.verb;
    test(`${who.name} ${allowed ? "may" : "may not"} ${what}`, () => {
      expect(access.allows(who, question)).toBe(allowed);
    });
  }
});

describe("reviews", () => {
  const [accessReview, rulesReview] = REVIEWS;

  test("answer for the one who asks, by resource and by path", () => {
    const access = new Access();
    access.grant({ kind: "user", name: "alice" }, [rule({})]);
    const attributes = { group: "apps", resource: "deployments", verb: "get", namespace: "cattle-system" };
    const byResource = { spec: { resourceAttributes: attributes } };
    expect(reviewed(accessReview, byResource, alice, access)).toMatchObject({ status: { allowed: true } });
    const other = { spec: { resourceAttributes: { ...attributes, verb: "delete" } } };
    expect(reviewed(accessReview, other, alice, access)).toMatchObject({ status: { allowed: false } });
    const byPath = { spec: { nonResourceAttributes: { verb: "get", path: "/metrics" } } };
    expect(reviewed(accessReview, byPath, alice, access)).toMatchObject({ status: { allowed: false } });
  });

  test("need a question", () => {
    expect(() => reviewed(accessReview, { spec: {} }, alice, new Access())).toThrow("exactly one of");
  });

  test("list the rules that hold in a namespace", () => {
    const access = new Access();
    access.grant({ kind: "user", name: "alice" }, [
      rule({ namespaces: ["here"] }),
      rule({ verbs: ["list"], namespaces: ["there"] }),
    ]);
    const answer = reviewed(rulesReview, { spec: { namespace: "here" } }, alice, access);
    expect(answer).toHaveProperty(
      "status.resourceRules",
      expect.arrayContaining([expect.objectContaining({ verbs: ["get"] })]),
    );
    expect(answer).not.toHaveProperty(
      "status.resourceRules",
      expect.arrayContaining([expect.objectContaining({ verbs: ["list"] })]),
    );
  });
});

function rule(more: Partial<AccessRule>): AccessRule {
  return { verbs: ["get"], apiGroups: ["apps"], resources: ["deployments"], ...more };
}
