/** A person has changed the certificate before the cluster, and a cluster does not come back: only they can undo it. */
import { afterEach, expect, test } from "vitest";
import { openRotation } from "../../src/execute/rotation.ts";
import type { JournalEntry } from "../../src/journal/entry.ts";
import { isWrite } from "../../src/sandbox/api-server/audit.ts";
import { endingAfter, stageDone } from "../helpers/ending-after.ts";
import { leafOf, presentedLeaves } from "../helpers/estate-facts.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";
import { presentAtLoadBalancer } from "../helpers/serving-pair.ts";

const MINUTE = 60_000;
let lab: RotationLab;
afterEach(() => lab.stop());

test(
  "they are asked to, nothing else is touched, and the next attempt asks for the target again",
  async () => {
    lab = await startRotationLab({ clusters: 2, speed: 200, tls: { source: "external" } });
    const { sandbox } = lab;
    const old = await sandbox.pki.today.issue();
    await presentAtLoadBalancer(sandbox, old);
    const authority = await sandbox.pki.newAuthority("Tomorrow");
    const target = { ...(await authority.issue()), bundle: authority.bundle };
    await lab.prepare({}, lab.directory, target);
    const [, other = ""] = sandbox.clusters.map(({ id }) => id).sort();
    const person = (entry: JournalEntry): void => {
      if (entry.type === "gate-held" && entry.data.stage === "switch") void presentAtLoadBalancer(sandbox, target);
    };
    const goesAway = (entry: JournalEntry): void => {
      if (entry.type !== "step-started" || entry.step !== "rancher/restart-rancher") return;
      void sandbox.inject({ kind: "offline", cluster: other });
    };
    const written: string[] = [];
    const listener = sandbox.managementServer.audit.onEntry((entry) => {
      if (isWrite(entry) && entry.resource === "secrets")
        written.push(`${entry.verb} ${entry.namespace}/${entry.name}`);
    });
    const observers = [{ afterFlush: person }, { afterFlush: goesAway }];
    await lab.apply(endingAfter(stageDone("spread@both"), ...observers));
    const first = await lab.apply({ patience: 0.04, observers });
    listener.remove();
    expect(first).toMatchObject({ kind: "failed", stage: "switch", steps: ["rancher/restart-rancher"] });
    const { state } = await openRotation(lab.directory);
    expect(state?.current.steps["rancher/restart-rancher"]?.failure?.message).toMatch(
      /did not come back under the new certificate; give what ends TLS the old certificate again/,
    );
    expect(await presentedLeaves(sandbox)).toEqual([leafOf(target.certificate)]);
    expect(new Set(written)).toEqual(new Set(["update cattle-system/tls-ca", "patch load-balancer/certificate"]));

    await presentAtLoadBalancer(sandbox, old);
    await sandbox.inject({ kind: "offline", cluster: other, seconds: 1 });
    await sandbox.waitUntilConnected(other);
    expect(await lab.apply({ observers: [{ afterFlush: person }] })).toMatchObject({ kind: "finished" });
    expect(await presentedLeaves(sandbox)).toEqual([leafOf(target.certificate)]);
    expect(sandbox.statistics().refusals).toEqual([]);
  },
  5 * MINUTE,
);
