import { describe, expect, test } from "vitest";
import { agentWith, clusterWith, localCluster, NOW, SERVER_URL } from "../../test/helpers/estate-builder.ts";
import { overlapPlan, PIN } from "../../test/helpers/plan-builder.ts";
import { parsePlan, planDigest, rotationIdOf, serialisePlan } from "./plan-file.ts";

const plan = overlapPlan([localCluster(), clusterWith("c-1", agentWith(PIN.current))]);
const text = serialisePlan(plan);

test("a plan is read back as it was written, byte for byte", () => {
  expect(parsePlan(text)).toEqual(plan);
  expect(serialisePlan(parsePlan(text))).toBe(text);
  expect(text.endsWith("}\n")).toBe(true);
});

describe("what is not a plan of this version is refused", () => {
  const edited = (change: (plan: Record<string, unknown>) => void): string => {
    const data: Record<string, unknown> = JSON.parse(text);
    change(data);
    return JSON.stringify(data);
  };
  const rows: [string, string, string, string][] = [
    ["cut off in the middle", text.slice(0, text.length / 2), "plan.unreadable", "cut off"],
    ["empty", "", "plan.unreadable", "cut off"],
    ["not JSON", "hello", "plan.unreadable", "not JSON"],
    [
      "of a later format",
      edited((one) => {
        one.format = "farrier.plan/v2";
      }),
      "plan.other-version",
      "farrier.plan/v2",
    ],
    ["another kind of document", JSON.stringify({ format: "farrier.estate/v1" }), "plan.invalid", "format"],
    ["a list", "[]", "plan.invalid", "is not a plan"],
    ["without its seal", text.replace(/,\s*"seal": "\w+"/, ""), "plan.invalid", "seal"],
    ["with another seal", text.replace(/"seal": "\w+"/, '"seal": "0"'), "plan.edited", "was changed"],
    ["with another method", text.replace('"method": "patch"', '"method": "redeploy"'), "plan.edited", "was changed"],
    ["with another time", text.replace(/"plannedAt": "2026/, '"plannedAt": "2025'), "plan.edited", "was changed"],
    [
      "without its stages",
      edited((one) => {
        delete one.stages;
      }),
      "plan.invalid",
      "stages",
    ],
    [
      "with a step of a kind unknown here",
      text.replace('"kind": "serve-bundle"', '"kind": "serve-cake"'),
      "plan.invalid",
      "stages",
    ],
  ];
  test.each(rows)("%s", (_, broken, code, sentence) => {
    expect(() => parsePlan(broken)).toThrowError(
      expect.objectContaining({ code, message: expect.stringContaining(sentence) }),
    );
  });
});

test("white space and line ends are not an edit", () => {
  expect(parsePlan(JSON.stringify(JSON.parse(text)))).toEqual(plan);
  expect(parsePlan(text.replaceAll("\n", "\r\n"))).toEqual(plan);
});

test("a sentence names the file", () => {
  const message = "/tmp/r/plan.json is cut off, or is not JSON.";
  expect(() => parsePlan("{", "/tmp/r/plan.json")).toThrowError(expect.objectContaining({ message }));
});

test("any edit changes the digest", () => {
  expect(planDigest(text)).toMatch(/^[0-9a-f]{64}$/);
  expect(planDigest(text.replace("c-1", "c-2"))).not.toBe(planDigest(text));
});

test("a rotation's id tells apart estates, targets and times, and begins with the day", () => {
  const identity = { kubeSystemUid: "1", serverUrl: SERVER_URL };
  const ids = [
    rotationIdOf({ identity, targetChain: "chain", at: NOW }),
    rotationIdOf({ identity: { ...identity, kubeSystemUid: "2" }, targetChain: "chain", at: NOW }),
    rotationIdOf({ identity, targetChain: "other", at: NOW }),
    rotationIdOf({ identity, targetChain: "chain", bundle: "bundle", at: NOW }),
    rotationIdOf({ identity, targetChain: "chain", at: new Date(NOW.getTime() + 1) }),
  ];
  expect(new Set(ids).size).toBe(5);
  for (const id of ids) expect(id).toMatch(/^r-20261123-[0-9a-f]{8}$/);
});
