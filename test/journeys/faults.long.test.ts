/** Estates in which something goes wrong all the time: the rotation comes to its end, and cuts nobody off. */
import { describe, expect, test } from "vitest";
import type { JournalEntry } from "../../src/journal/entry.ts";
import type { Fault } from "../../src/sandbox/scenario/faults.ts";
import type { ScenarioInput } from "../../src/sandbox/scenario/scenario.ts";
import { agents, pinOfServed, presentedLeaves, servedBundle, trustSecret } from "../helpers/estate-facts.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";

/** Several estates at the same time: each of them mostly waits. */
const LONG = 5 * 60_000;

interface Row {
  readonly name: string;
  readonly scenario?: ScenarioInput;
  /** Given when this stage is entered. */
  readonly fault: Fault;
  readonly at: string;
  /** Ends the fault after so many seconds of our own time, by which the product's patience is measured. */
  readonly ends?: { readonly seconds: number; readonly by: Fault };
  /** How often the fault was met: a journey without it shows nothing. */
  readonly met: (seen: Seen) => number;
}

interface Seen {
  readonly lab: RotationLab;
  /** Requests of the product's account that the management cluster's API server failed on purpose. */
  readonly failed: number;
  /** Steps that were tried again. */
  readonly retried: number;
  /** Seconds of sandbox time from the certificate's write to the proof that it is presented. */
  readonly switching: number;
  /** Seconds of our own time from the entry into the stage `widen` to its end. */
  readonly widening: number;
  /** How often Rancher gave the old bundle after it had given the new one. */
  readonly relapses: number;
}

const SPEED = 200;
const paris = ({ lab }: Seen) => lab.sandbox.statistics().clusters[lab.sandbox.cluster("paris").id];
const STATUSES = [409, 429, 500, 504] as const;
const erring = (target: string, rate: number): Fault => ({ kind: "api-errors", target, rate, statuses: [...STATUSES] });

const rows: Row[] = [
  {
    name: "a tunnel that is half open while its cluster is armed",
    // Rancher looks each quarter of a minute, and gives the other end a second of ours, which is more than three minutes there.
    fault: { kind: "half-open", cluster: "paris", seconds: 1000 },
    at: "arm@both",
    met: (seen) => paris(seen)?.lostCondition ?? 0,
  },
  {
    name: "a cluster that loses its connection again and again",
    fault: { kind: "flapping", cluster: "paris", everySeconds: 120 },
    at: "backup",
    // One connection for each restart of Rancher and of the agent would be five.
    met: (seen) => (paris(seen)?.tunnels ?? 0) - 6,
  },
  {
    name: "a management cluster whose API errs",
    fault: erring("management", 0.15),
    at: "backup",
    met: ({ failed }) => failed,
  },
  {
    name: "a downstream cluster whose API errs",
    fault: erring("paris", 0.4),
    at: "backup",
    met: ({ retried }) => retried,
  },
  {
    name: "a replica of Rancher that believes an old setting for ten minutes",
    // Three, of which two are kept up, and slow to start: old and new ones serve beside each other for seconds.
    scenario: { rancher: { version: "2.15.1", replicas: 3, startSeconds: [300, 900] } },
    fault: { kind: "setting-delay", seconds: 600 },
    at: "backup",
    met: ({ relapses }) => relapses,
  },
  {
    name: "a Rancher that answers 503 for a minute while it is to serve the wider bundle",
    fault: { kind: "api-errors", target: "rancher", rate: 1, statuses: [503] },
    at: "widen",
    ends: { seconds: 60, by: { kind: "api-errors", target: "rancher", rate: 0, statuses: [503] } },
    met: ({ widening }) => Math.floor(widening / 60),
  },
  {
    name: "an ingress controller that notices the certificate ten minutes late",
    scenario: { rancher: { version: "2.15.1", ingressReplicas: 2 } },
    fault: { kind: "ingress-late", seconds: 600 },
    at: "switch",
    met: ({ switching }) => Math.floor(switching / 590),
  },
];

describe.concurrent("a rotation comes to its end in spite of", () => {
  test.for(rows.map((row) => [row.name, row] as const))(
    "%s",
    { timeout: LONG },
    async ([, row], { onTestFinished }) => {
      const { scenario, fault, at, ends, met } = row;
      const clusters = [{ name: "paris" }, { name: "oslo" }];
      const lab = await startRotationLab({ clusters, speed: SPEED, ...scenario });
      onTestFinished(() => lab.stop());
      const { sandbox } = lab;
      const failed = countFailed(lab);
      const beginning = { agents: await agents(sandbox), leaves: await presentedLeaves(sandbox) };
      await lab.prepare();
      let written = 0;
      let switching = 0;
      let entered = 0;
      let widening = 0;
      let retried = 0;
      const relapses = new Relapses(lab);
      const afterFlush = (entry: JournalEntry): void => {
        if (entry.type === "stage-entered" && entry.data.stage === at) {
          void sandbox.inject(fault);
          if (ends !== undefined) {
            const timer = setTimeout(() => void sandbox.inject(ends.by), ends.seconds * 1000);
            onTestFinished(() => clearTimeout(timer));
          }
        }
        if (entry.type === "stage-entered" && entry.data.stage === "widen") entered = Date.now();
        if (entry.type === "stage-done" && entry.data.stage === "widen") widening = (Date.now() - entered) / 1000;
        if (entry.type === "step-retried") retried += 1;
        if (entry.step === "rancher/serve-bundle@both") {
          if (entry.type === "step-started") void relapses.watch();
          if (entry.type === "step-done") relapses.stop();
        }
        if (entry.step !== "rancher/present-certificate") return;
        if (entry.type === "step-started") written = Date.now();
        if (entry.type === "step-done") switching = ((Date.now() - written) / 1000) * SPEED;
      };
      const outcome = await lab.apply({ observers: [{ afterFlush }] });
      expect(outcome).toEqual({ kind: "finished", worldChanged: true });
      expect(met({ lab, failed: failed(), retried, switching, widening, relapses: relapses.count })).toBeGreaterThan(0);
      expect(sandbox.statistics().refusals).toEqual([]);
      // The next start of any pod changes nothing: Secret, setting and pins agree.
      const served = await servedBundle(sandbox);
      expect((await trustSecret(sandbox)).trim()).toBe(served);
      expect(served).not.toBe(sandbox.pki.today.bundle.trim());
      const pin = pinOfServed(served);
      for (const [name, { minReadySeconds }] of Object.entries(beginning.agents)) {
        expect((await agents(sandbox))[name], name).toMatchObject({ pin, minReadySeconds });
      }
      const leaves = new Set<string>();
      for (let look = 0; look < 6; look++) for (const leaf of await presentedLeaves(sandbox)) leaves.add(leaf);
      expect(leaves.size).toBe(1);
      expect(beginning.leaves.some((leaf) => leaves.has(leaf))).toBe(false);
    },
  );
});

function countFailed({ sandbox }: RotationLab): () => number {
  let count = 0;
  sandbox.managementServer.audit.onEntry(({ user, code }) => {
    if (user === "estate-admin" && STATUSES.some((status) => status === code)) count += 1;
  });
  return () => count;
}

/** Asks for the served bundle again and again, and counts how often an older one came back. */
class Relapses {
  count = 0;
  readonly #lab: RotationLab;
  readonly #seen: string[] = [];
  #going = true;

  constructor(lab: RotationLab) {
    this.#lab = lab;
  }

  async watch(): Promise<void> {
    while (this.#going) {
      // While Rancher restarts nobody answers.
      const bundle = await servedBundle(this.#lab.sandbox).catch(() => undefined);
      if (bundle === undefined || bundle === this.#seen.at(-1)) continue;
      if (this.#seen.includes(bundle)) this.count += 1;
      this.#seen.push(bundle);
    }
  }

  stop(): void {
    this.#going = false;
  }
}
