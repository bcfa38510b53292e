import { describe, expect, test } from "vitest";
import { isSameTemplate, templateHash, withHash } from "./template-hash.ts";

const template = {
  metadata: { labels: { app: "agent" } },
  spec: { containers: [{ name: "agent", image: "agent:v1", env: [{ name: "PIN", value: "a" }] }] },
};

describe("pod templates", () => {
  test.each([
    {
      name: "the same in another order of keys",
      other: { spec: template.spec, metadata: template.metadata },
      same: true,
    },
    { name: "the same with its hash label", other: withHash(template, "abc"), same: true },
    {
      name: "the same with a null that an API server drops",
      other: { ...template, metadata: { ...template.metadata, creationTimestamp: null } },
      same: true,
    },
    {
      name: "the same as kubectl rollout undo sends it back",
      other: {
        metadata: { ...template.metadata, annotations: {} },
        spec: {
          securityContext: {},
          containers: template.spec.containers.map((each) => ({ ...each, resources: {}, command: [], tty: null })),
        },
      },
      same: true,
    },
    {
      name: "an empty value beside a filled one",
      other: { ...template, spec: { ...template.spec, securityContext: { runAsUser: 0 } } },
      same: false,
    },
    {
      name: "another pin",
      other: {
        ...template,
        spec: { containers: [{ name: "agent", image: "agent:v1", env: [{ name: "PIN", value: "b" }] }] },
      },
      same: false,
    },
    {
      name: "kubectl rollout restart",
      other: {
        ...template,
        metadata: { ...template.metadata, annotations: { "kubectl.kubernetes.io/restartedAt": "now" } },
      },
      same: false,
    },
  ])("$name", ({ other, same }) => {
    expect(isSameTemplate(template, other)).toBe(same);
    expect(templateHash(template) === templateHash(other)).toBe(same);
  });

  test("a name that is taken gets another hash of the same template", () => {
    expect(templateHash(template, 1)).not.toBe(templateHash(template));
  });

  test("a hash is a legal part of a name", () => {
    expect(templateHash(template)).toMatch(/^[b-df-hj-np-tv-xz2-9]{1,10}$/);
  });
});
