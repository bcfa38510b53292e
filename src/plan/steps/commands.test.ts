import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agentWith, clusterWith } from "../../../test/helpers/estate-builder.ts";
import { overlapPlan, PIN } from "../../../test/helpers/plan-builder.ts";
import type { Reach } from "../../estate/cluster.ts";
import { epochNamed } from "../reading.ts";
import { agentsBundle, compareServed, downstream, nodePinPatch, pinCalled, pinPatch, writeBundle } from "./commands.ts";

const plan = overlapPlan([clusterWith("c-1", agentWith(PIN.current))]);
const both = epochNamed(plan, "both");
const hasJq = spawnSync("jq", ["--version"]).status === 0;

describe.skipIf(!hasJq)("a command that is run in the rotation's directory (left out without jq)", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "farrier-commands-"));
    writeFileSync(join(folder, "plan.json"), JSON.stringify({ epochs: [] }));
    writeFileSync(join(folder, "rollback-1.json"), JSON.stringify(plan));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (command: string, more: Record<string, string> = {}): string =>
    execFileSync("sh", ["-c", command], { cwd: folder, encoding: "utf8", env: { ...process.env, ...more } });

  it("writes an epoch's bundle byte for byte, of the plan that PLAN names", () => {
    run(writeBundle(both), { PLAN: "rollback-1.json" });
    expect(readFileSync(join(folder, "cacerts.pem"), "utf8")).toBe(both.bundle);
  });

  it("writes nothing of a plan that has no such epoch: plan.json, where none is named", () => {
    run(writeBundle(both));
    expect(readFileSync(join(folder, "cacerts.pem"), "utf8")).toBe("");
  });

  it("gathers what any epoch trusts", () => {
    run(agentsBundle(), { PLAN: "rollback-1.json" });
    const gathered = readFileSync(join(folder, "agents.pem"), "utf8");
    for (const { bundle } of plan.epochs) expect(gathered).toContain(bundle.trim());
  });

  it("hashes what is served as agents do: with one newline behind it", () => {
    const value = both.bundle.trim();
    writeFileSync(join(folder, "answer"), JSON.stringify({ value }));
    const command = compareServed(plan, both).replace(/^curl [^|]*/, "cat answer ");
    const pin = createHash("sha256").update(`${value}\n`).digest("hex");
    expect(run(command)).toBe(`${pin}  -\n`);
    expect(command).toContain(`# ${both.pin}`);
  });
});

describe("what is served, where nothing is to be", () => {
  it("is compared with the empty text", () => {
    const store = { ...both, bundle: "", pin: "", systemRoots: "roots" };
    expect(compareServed(plan, store)).toMatch(/\/v3\/settings\/cacerts' \| jq \.value {2}# ""$/);
    expect(pinCalled(store)).toBe("an empty pin");
  });
});

it("calls a pin by its first twelve digits", () => {
  expect(pinCalled({ pin: "0123456789abcdef".repeat(4) })).toBe("pin 0123456789ab…");
});

describe("kubectl of a downstream cluster", () => {
  const ways: [Reach, string][] = [
    ["direct", `kubectl --kubeconfig="$OWN_KUBECONFIG"`],
    ["endpoint", `kubectl --kubeconfig="$OWN_KUBECONFIG"`],
    ["ssh", `kubectl --kubeconfig="$OWN_KUBECONFIG"`],
    [
      "rancher",
      `kubectl --kubeconfig=/dev/null --server='${plan.estate.serverUrl}/k8s/clusters/c-1' --token="$RANCHER_TOKEN" --certificate-authority=agents.pem`,
    ],
  ];
  it.each(ways)("over %s", (reach, expected) => {
    expect(downstream(plan, { id: "c-1", name: "paris", reach })).toBe(expected);
  });
});

describe("the patch that sets a pin", () => {
  const env = [{ name: "CATTLE_CA_CHECKSUM", value: "abc" }];

  it("touches the agent's own variable alone", () => {
    const containers = [{ name: "cluster-register", env }];
    expect(JSON.parse(pinPatch("abc"))).toEqual({ spec: { template: { spec: { containers } } } });
  });

  it("has the agent straddle, where the pin is of what is not served yet", () => {
    expect(JSON.parse(pinPatch("abc", 30)).spec.minReadySeconds).toBe(30);
    expect(JSON.parse(pinPatch("abc", 0)).spec.minReadySeconds).toBe(0);
  });

  it("leaves it to somebody to delete the pods of node agents", () => {
    expect(JSON.parse(nodePinPatch("abc", 30))).toEqual({
      spec: {
        updateStrategy: { type: "OnDelete", rollingUpdate: null },
        minReadySeconds: 30,
        template: { spec: { containers: [{ name: "agent", env }] } },
      },
    });
  });
});
