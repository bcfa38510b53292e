/** Node agents whose pin is not theirs to keep: the right to set it is lost. */
import { afterEach, expect, test } from "vitest";
import { openRotation } from "../../src/execute/rotation.ts";
import type { JournalEntry } from "../../src/journal/entry.ts";
import { agents, pinOfServed, servedBundle } from "../helpers/estate-facts.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";

const LONG = 3 * 60_000;
const SETS = { group: "apps", version: "v1", resource: "daemonsets", namespace: "cattle-system" };

let lab: RotationLab;
afterEach(() => lab.stop());
const quito = () => lab.sandbox.cluster("quito");

async function prepare(): Promise<void> {
  lab = await startRotationLab({
    rancher: { version: "2.11.5" },
    tls: { mode: "system-store" },
    clusters: [{ name: "quito", nodeAgent: true, nodes: 3 }],
    speed: 200,
  });
  await lab.prepare({}, lab.directory, { ...(await lab.sandbox.pki.publicCa.issue()), bundle: "" });
}

async function nodeAgentPin(): Promise<string> {
  const { spec } = Object(await quito().client.get(SETS, "cattle-node-agent"));
  const [{ env }] = spec.template.spec.containers;
  return env.find(({ name }: { name: string }) => name === "CATTLE_CA_CHECKSUM").value;
}

test(
  "on the way to a public certificate, Rancher is not asked for a pin where the right to take it off was lost: it would give back those of before",
  async () => {
    await prepare();
    const { id } = quito();
    const loses = (entry: JournalEntry): void => {
      const armed = entry.type === "step-done" && entry.step === `${id}/roll-agent@target`;
      if (armed) void lab.sandbox.inject({ kind: "forbidden", cluster: "quito" });
    };
    const outcome = await lab.apply({ gateWaitSeconds: 0, observers: [{ afterFlush: loses }] });
    expect(outcome).toMatchObject({ kind: "held", stage: "narrow", holds: [{ target: `${id}/node-agent` }] });
    const { state } = await openRotation(lab.directory);
    expect(state?.current.steps[`${id}/roll-node-agents@target`]?.failure).toMatchObject({ code: "api.forbidden" });
    expect(await nodeAgentPin()).toBe(pinOfServed(await servedBundle(lab.sandbox)));
    expect((await agents(lab.sandbox)).quito).toMatchObject({ pin: "", pods: [""] });
    await lab.sandbox.waitUntilConnected();
    expect(lab.sandbox.statistics().refusals).toEqual([]);
  },
  LONG,
);
