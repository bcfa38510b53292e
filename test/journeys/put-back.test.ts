/** A GitOps controller that takes up its work in the middle of a rotation, and puts back what its source says. */
import { describe, expect, type TestContext, test } from "vitest";
import type { ApplyOutcome } from "../../src/execute/apply.ts";
import type { JournalEntry } from "../../src/journal/entry.ts";
import type { Fault } from "../../src/sandbox/scenario/faults.ts";
import { endingAfter, stageDone } from "../helpers/ending-after.ts";
import { presentedLeaves, trustSecret } from "../helpers/estate-facts.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";

/** Several estates at the same time: each of them mostly waits. */
const LONG = 5 * 60_000;
const SECRETS = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };
/** At once, by a clock that runs 200 times faster. */
const PUTS_BACK = 1;

interface Fight {
  readonly lab: RotationLab;
  readonly outcome: ApplyOutcome;
  readonly journal: readonly JournalEntry[];
  /** Leaves that were presented in the beginning. */
  readonly leaves: readonly string[];
}

/** Stops after a stage, lets the tool loose, and goes on; what the tool keeps is what the Secret holds then. */
async function applyAgainst(
  { onTestFinished }: TestContext,
  {
    secret,
    tool,
    after,
  }: Pick<Extract<Fault, { kind: "owned-secret" }>, "secret" | "tool"> & { readonly after: string },
): Promise<Fight> {
  const lab = await startRotationLab({ clusters: 2, speed: 200 });
  onTestFinished(() => lab.stop());
  const leaves = await presentedLeaves(lab.sandbox);
  await lab.prepare();
  await lab.apply(endingAfter(stageDone(after)));
  await lab.sandbox.inject({ kind: "owned-secret", secret, tool, putsBackAfterSeconds: PUTS_BACK });
  const journal: JournalEntry[] = [];
  const outcome = await lab.apply({ observers: [{ afterFlush: (entry) => void journal.push(entry) }] });
  return { lab, outcome, journal, leaves };
}

const failures = (journal: readonly JournalEntry[]): string[] =>
  journal.flatMap((entry) => (entry.type === "step-failed" ? [`${entry.step}: ${entry.data.message}`] : []));

describe.concurrent("a Secret that is put back", () => {
  test(
    "tls-ca: the bundle is not widened for good, its owner is named, and nobody is moved to a bundle that would go again",
    async (context) => {
      const { lab, outcome, journal } = await applyAgainst(context, {
        secret: "tls-ca",
        tool: "flux",
        after: "arm@both",
      });
      expect(outcome).toEqual({ kind: "failed", stage: "widen", steps: ["rancher/serve-bundle@both"] });
      expect(failures(journal)).toEqual([
        expect.stringMatching(/serve-bundle@both: Secret cattle-system\/tls-ca .*belongs to Flux, which puts it back/),
      ]);
      expect(journal.some(({ step }) => step?.includes("roll-agent"))).toBe(false);
      // Armed for both and still under the present bundle: whichever Rancher serves, each agent has a pod for it.
      await lab.sandbox.restartRancher();
      await Promise.all(lab.sandbox.clusters.map(({ id }) => lab.sandbox.restartAgent(id)));
      await lab.sandbox.waitUntilConnected();
      expect(lab.sandbox.statistics().refusals).toEqual([]);
    },
    LONG,
  );

  test(
    "tls-rancher-ingress: the switch ends at once, the certificate is the old one, and its owner is named",
    async (context) => {
      const fault = { secret: "tls-rancher-ingress", tool: "argocd", after: "spread@both" } as const;
      const { lab, outcome, journal, leaves } = await applyAgainst(context, fault);
      expect(outcome).toEqual({ kind: "failed", stage: "switch", steps: ["rancher/present-certificate"] });
      expect(failures(journal)).toEqual([
        expect.stringMatching(/tls-rancher-ingress does not hold .*belongs to Argo CD, which puts it back/),
      ]);
      // A step that waits in vain takes five minutes.
      const [begun, failed] = ["step-started", "step-failed"].map((type) =>
        journal.find((entry) => entry.type === type && entry.step === "rancher/present-certificate"),
      );
      expect(Date.parse(failed?.at ?? "") - Date.parse(begun?.at ?? "")).toBeLessThan(280_000);
      expect(await presentedLeaves(lab.sandbox)).toEqual(leaves);
      await lab.sandbox.waitUntilConnected();
      expect(lab.sandbox.statistics().refusals).toEqual([]);
    },
    LONG,
  );

  test(
    "tls-ca after everybody has moved: the gate holds with its owner's name, and opens when the bundle is back",
    async (context) => {
      const lab = await startRotationLab({ clusters: 2, speed: 200 });
      context.onTestFinished(() => lab.stop());
      const before = await trustSecret(lab.sandbox);
      await lab.prepare();
      await lab.apply(endingAfter(stageDone("spread@both")));
      const both = await trustSecret(lab.sandbox);
      const write = (bundle: string): Promise<unknown> =>
        lab.sandbox.management.patch(SECRETS, "tls-ca", {
          type: "merge",
          body: {
            metadata: { labels: { "kustomize.toolkit.fluxcd.io/name": "rancher-tls" } },
            data: { "cacerts.pem": Buffer.from(bundle).toString("base64") },
          },
        });
      await write(before);
      const held = await lab.apply({ gateWaitSeconds: 0 });
      expect(held).toMatchObject({ kind: "held", stage: "switch", holds: [{ target: "rancher" }] });
      const [hold] = held.kind === "held" ? held.holds : [];
      expect(hold?.why).toContain("Secret cattle-system/tls-ca, which Flux owns, does not hold the bundle");
      expect(hold?.hint).toContain("kubectl -n cattle-system patch secret tls-ca");
      await write(both);
      expect(await lab.apply()).toEqual({ kind: "finished", worldChanged: true });
      expect(lab.sandbox.statistics().refusals).toEqual([]);
    },
    LONG,
  );
});
