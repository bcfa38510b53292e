import { describe, expect, it } from "vitest";
import { type Cluster, type GivenReach, whyUnreachable } from "./cluster.ts";

const at = "2026-11-23T12:00:00Z";
const yes = { patchAgent: "yes", deletePods: "yes", listPods: "yes" } as const;
const way = (state: GivenReach["state"]): GivenReach => ({ reach: "direct", called: "kubeconfig x.yaml", state });
const gone = way({ kind: "unusable", at, fault: "expired", why: "Its token has expired." });
const there = way({ kind: "answering", at, permissions: yes });
const silent: Cluster["tunnel"] = { kind: "unreachable", at, why: "Cluster agent is not connected." };
const answering: Cluster["tunnel"] = { kind: "answering", at };

describe("why nothing of a cluster answers", () => {
  const rows: [string, Pick<Cluster, "tunnel" | "given">, string][] = [
    ["is what its tunnel says", { tunnel: silent, given: [] }, "Cluster agent is not connected."],
    [
      "is what each of its ways says, the tunnel first",
      { tunnel: silent, given: [gone, gone] },
      "Cluster agent is not connected. Its token has expired. Its token has expired.",
    ],
    ["is nothing that a way says which answers", { tunnel: silent, given: [there] }, "Cluster agent is not connected."],
    ["is not a tunnel that answers", { tunnel: answering, given: [gone] }, "Its token has expired."],
    ["is nothing where all answer", { tunnel: answering, given: [there] }, ""],
  ];
  it.each(rows)("%s", (_, cluster, why) => {
    expect(whyUnreachable(cluster)).toBe(why);
  });
});
