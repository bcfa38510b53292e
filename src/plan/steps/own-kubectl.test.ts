import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { ownKubectl } from "./own-kubectl.ts";

/** The words that a shell hands to kubectl. */
function wordsOf(command: string): string[] {
  const script = `kubectl() { printf '%s\\n' "$@"; }\n${command} get pods`;
  return execFileSync("sh", ["-c", script], { encoding: "utf8" }).trimEnd().split("\n");
}

describe("kubectl on a cluster's own API server, as a person would run it", () => {
  const rows: [string, string, string][] = [
    ["plain names", "/home/ada/paris.yaml", "paris"],
    ["a file with a space", "/home/ada/my clusters/paris.yaml", "paris"],
    ["quotes of both kinds", `/home/ada/ada's "paris".yaml`, "ada's"],
    ["what a shell would run", "/tmp/$(touch ran)`touch ran`", "'; touch ran; '"],
  ];
  it.each(rows)("takes its kubeconfig and context as they are: %s", (_, kubeconfig, context) => {
    const command = ownKubectl({ reach: { kubeconfig, context, server: "https://paris.example:6443" } });
    expect(wordsOf(command)).toEqual([`--kubeconfig=${kubeconfig}`, `--context=${context}`, "get", "pods"]);
  });
});
