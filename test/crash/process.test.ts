/** Real processes, killed with SIGKILL in the middle of a rotation, and started again. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";

const SCRIPT = join(import.meta.dirname, "apply-process.ts");
let lab: RotationLab;

beforeAll(async () => {
  lab = await startRotationLab({ clusters: ["paris"].map((name) => ({ name })), speed: 100 });
  await lab.prepare();
});
afterAll(async () => {
  await lab.stop();
});

interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  readonly complaint: string;
}

async function applyInProcess(placeOfDeath?: string): Promise<Ended> {
  const argv = [SCRIPT, lab.directory, lab.kubeconfig, ...(placeOfDeath === undefined ? [] : [placeOfDeath])];
  const environment = { ...process.env, ...lab.environment, SANDBOX_TOKEN: lab.sandbox.token };
  const child = spawn(process.execPath, argv, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let complaint = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  const signal = await new Promise<NodeJS.Signals | null>((resolve) => {
    child.once("close", (_code, ended) => resolve(ended));
  });
  return { signal, output, complaint };
}

test("a rotation goes on after each SIGKILL and ends with every agent on the new authority", async () => {
  const [cluster] = lab.sandbox.clusters;
  const places = [
    "plan-begun before",
    `step-started ${cluster?.id}/arm-agent@both after`,
    "step-started rancher/serve-bundle@both after",
    "step-applied rancher/serve-bundle@both before",
    `step-done ${cluster?.id}/roll-agent@both before`,
    "step-started rancher/present-certificate after",
    "step-applied rancher/restart-rancher before",
    "step-done rancher/serve-bundle@target before",
    "plan-finished after",
  ];
  for (const place of places) {
    const ended = await applyInProcess(place);
    expect(ended, place).toMatchObject({ signal: "SIGKILL", complaint: "" });
  }
  const last = await applyInProcess();
  expect(last).toMatchObject({ signal: null, output: '{"kind":"already-finished"}\n' });
  expect(lab.sandbox.statistics().refusals).toEqual([]);
  await lab.sandbox.waitUntilConnected();
}, 180_000);
