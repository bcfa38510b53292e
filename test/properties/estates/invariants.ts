/** The invariants of a rotation, asked of the estate's own servers when a case is over. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { readLock } from "../../../src/execute/lock.ts";
import { openRotation } from "../../../src/execute/rotation.ts";
import { stepsOf } from "../../../src/plan/reading.ts";
import { agents, leafOf, pinOfServed, presentedLeaves, servedBundle, trustSecret } from "../../helpers/estate-facts.ts";
import { dumpWorld, withoutReleases } from "../../helpers/world-dump.ts";
import { keepsBundle } from "./beforehand.ts";
import type { Lived } from "./lives.ts";
import { foreignMarks } from "./marks.ts";
import { live } from "./mortal-apply.ts";
import { type Case, SPEED } from "./scenario.ts";

/** Wall seconds within which an estate that is left alone must have come to rest, however busy the machine is. */
const REST_SECONDS = 90;

/** "No reachable state has a gating consumer facing a serving certificate that it does not trust"; all end connected. */
export async function nobodyIsCutOff(one: Case, { lab, waived }: Lived): Promise<void> {
  const { sandbox } = lab;
  const { refusals, clusters } = sandbox.statistics();
  expect(refusals.filter(({ cluster }) => !waived.includes(cluster))).toEqual([]);
  await everybodyEndsConnected({ lab, waived });
  const [first] = sandbox.clusters;
  for (const { id, name } of sandbox.clusters) {
    // An agent that is missing is out until it is made anew.
    if (waived.includes(id) || (one.means === "reapply" && id === first?.id)) continue;
    if (linkIsWell(one, name)) expect(clusters[id]?.longestOutageMs, name).toBeLessThan(EXPLAINED_OUTAGE_MS);
  }
}

/** But for those that a person has left behind. */
export async function everybodyEndsConnected({
  lab: { sandbox },
  waived,
}: Pick<Lived, "lab" | "waived">): Promise<void> {
  const kept = sandbox.clusters.filter(({ id }) => !waived.includes(id));
  for (const { id } of kept) await sandbox.waitUntilConnected(id, { seconds: REST_SECONDS });
}

/**
 * Whom a flag day may lose, by id: "an armed agent may restart at any moment and ends up connected", also where a person has
 * left its cluster behind since it could not be looked at; and so does one that is reached past Rancher, armed or not.
 */
export async function whomAFlagDayMayLose(one: Case, { lab, waived }: Lived): Promise<readonly string[]> {
  const { journal } = await openRotation(lab.directory);
  const armed = journal.entries.flatMap(({ type, step = "" }) =>
    type === "step-done" && step.endsWith("/arm-agent@target") ? step.split("/").slice(0, 1) : [],
  );
  const reached = one.means === "kubeconfig" ? lab.sandbox.clusters.slice(0, 1).map(({ id }) => id) : [];
  const undisturbed = lab.sandbox.clusters.filter(
    ({ name }) => !one.happenings.some(({ fault }) => mayCutOff(fault, name)),
  );
  expect(waived.filter((id) => undisturbed.some((cluster) => cluster.id === id))).toEqual([]);
  return waived.filter((id) => !armed.includes(id) && !reached.includes(id));
}

/** Whether a fault ends tunnels of this cluster, which dials again and refuses the certificate that it meets. */
function mayCutOff(fault: Case["happenings"][number]["fault"], name: string): boolean {
  if ("cluster" in fault) return fault.cluster === name;
  return fault.kind !== "setting-delay" && fault.kind !== "ingress-late";
}

/** Whoever is reached is armed before the flag day, but where today's authority signs the target, too: no pin changes. */
export function theFlagDayIsPrepared(one: Case, { plan }: Lived): void {
  expect(plan.procedure).toBe("replace");
  const arming = plan.stages.flatMap(stepsOf).filter(({ kind }) => kind === "arm-agent");
  const reached = plan.clusters.filter(({ reach }) => reach !== "none");
  const wanted = keepsBundle(one) ? [] : reached.map(({ id }) => id);
  expect(arming.map(({ target }) => target).toSorted()).toEqual(wanted.toSorted());
}

/** The real helm has something to do. */
export function theReleaseIsChanged({ plan }: Lived): void {
  expect(plan.release?.changes.flatMap(({ values }) => values).length).toBeGreaterThan(0);
}

/**
 * What explains an outage, in sandbox time: the longest back-off of a waiting pod (rancher.md §0b row 10), a start of
 * Rancher (§0a row 24) with its end before it, an agent's pause between two dials (§0a row 11), and what the machine
 * itself takes: 5 s of its own, which the estate lives through as many times faster.
 */
const EXPLAINED_OUTAGE_MS = 300_000 + 20_000 + 30_000 + 10_000 + 5_000 * SPEED;

function linkIsWell({ happenings, obstacle }: Case, name: string): boolean {
  return ![...happenings.map(({ fault }) => fault), ...(obstacle === undefined ? [] : [obstacle.fault])].some(
    (fault) => (fault.kind === "offline" || fault.kind === "flapping") && fault.cluster === name,
  );
}

/** A case that is to show other means shows them; a cluster that was away when it was planned for is moved late. */
export function theMeansArePlanned({ means, procedure, awaySeconds }: Case, { lab, plan }: Lived): void {
  const cluster = plan.clusters.find(({ id }) => id === lab.sandbox.clusters[0]?.id);
  expect(cluster).toBeDefined();
  if (procedure !== "overlap" || cluster?.reach === "none") return;
  if (awaySeconds !== undefined) expect(cluster?.reach).toBe("ssh");
  const steps = plan.stages.flatMap(stepsOf).filter(({ target }) => target === cluster?.id);
  const kinds = steps.map(({ kind }) => kind);
  expect(kinds.includes("arm-node-agents")).toBe(means === "node-agents");
  expect(kinds.includes("reapply-agent")).toBe(means === "reapply");
  expect(steps.some(({ id }) => id.endsWith("/redeploy-agent@current"))).toBe(means === "credentials");
  if (means === "endpoint") expect(plan.endpoints?.clusters).toEqual([cluster?.id]);
  const moved = kinds.filter((kind) => kind === "arm-agent" || kind === "redeploy-agent");
  if (means === "redeploy") expect(new Set(moved)).toEqual(new Set(["redeploy-agent"]));
}

/** "Every mutation is journalled, with what was there before, before it happens", and the chain of the journal holds. */
export async function everythingIsJournalled({ lab, witness }: Lived): Promise<void> {
  expect(witness.unannounced).toEqual([]);
  expect(witness.length).toBeGreaterThan(0);
  // Opening verifies every line against the hash of the line before.
  const { journal, plan } = await openRotation(lab.directory);
  const world = await lab.openWorld();
  try {
    const lock = await readLock(world.management, plan.rancher.namespace);
    expect(lock).toMatchObject({ journalLength: journal.head.seq, journalHead: journal.head.hash, state: "finished" });
  } finally {
    await world.close();
  }
}

/** "Applying a finished rotation writes nothing." */
export async function applyingAgainWritesNothing({ lab, witness }: Lived): Promise<void> {
  const before = witness.writes;
  expect(before).toBeGreaterThan(0);
  const never = { death: undefined, until: Number.POSITIVE_INFINITY, planFile: undefined };
  const outcome = await live(lab, { ...never, gateWaitSeconds: 0, patience: 1, observer: witness.observer });
  expect(outcome).toEqual({ kind: "already-finished" });
  expect(witness.writes).toBe(before);
}

/** What was planned is what is served, presented and pinned; `minReadySeconds` is as it was. */
export async function theEstateIsAsPlanned(one: Case, lived: Lived): Promise<void> {
  const { lab, plan, beginning, waived } = lived;
  const { sandbox } = lab;
  const final = plan.epochs.at(-1);
  const trust = await trustSecret(sandbox);
  expect(trust).toBe(keepsBundle(one) ? beginning.trust : final?.bundle);
  const served = await servedBundle(sandbox);
  const pin = served === "" ? "" : pinOfServed(served);
  expect(pin).toBe(final?.pin);
  expect(new Set(await presentedLeaves(sandbox))).toEqual(new Set([leafOf(plan.serving.target.chain)]));
  const kept = sandbox.clusters.filter(({ id }) => !waived.includes(id));
  for (const { name } of kept) {
    const { minReadySeconds = -1, pods = [] } = beginning.agents[name] ?? {};
    const wanted = { pin, minReadySeconds, pods: pods.map(() => pin) };
    await settles(async () => {
      const { names: _, ...found } = (await agents(sandbox))[name] ?? {};
      return found;
    }, wanted);
  }
  await theNodeAgentsAreAsPlanned(one, lived, pin);
}

/** Every node's agent runs with the same pin, and is replaced again as Rancher has it. */
async function theNodeAgentsAreAsPlanned({ means }: Case, { lab, waived }: Lived, pin: string): Promise<void> {
  const [cluster] = lab.sandbox.clusters;
  if (means !== "node-agents" || cluster === undefined || waived.includes(cluster.id)) return;
  const look = async () => {
    const { items } = await cluster.client.list(PODS);
    const own = items.filter(({ metadata }) => metadata.name.startsWith("cattle-node-agent-"));
    const set = Object(await cluster.client.get(SETS, "cattle-node-agent"));
    return { strategy: set.spec.updateStrategy.type, pin: pinIn(set.spec.template), pods: own.map(pinIn) };
  };
  await settles(look, { strategy: "RollingUpdate", pin, pods: [pin, pin] });
}

const PODS = { group: "", version: "v1", resource: "pods", namespace: "cattle-system" };
const SETS = { group: "apps", version: "v1", resource: "daemonsets", namespace: "cattle-system" };

function pinIn(podOrTemplate: object): unknown {
  const { env }: { env: { name: string; value: string }[] } = Object(podOrTemplate).spec.containers[0];
  return env.find(({ name }) => name === "CATTLE_CA_CHECKSUM")?.value;
}

/** "After it the world equals the one before, but for versions, times, pod identities and tokens." */
export async function theWorldIsAsBefore(one: Case, { lab, beginning }: Lived): Promise<void> {
  const redeployed = one.means === "redeploy" || one.happenings.some(({ fault }) => fault.kind === "redeploy");
  const plain = redeployed ? withoutRedeploys : withoutRequests;
  const compared = (world: Readonly<Record<string, unknown>>) => withoutReleases(plain(world));
  await settles(async () => compared(await dumpWorld(lab.sandbox)), compared(beginning.world));
}

/** That somebody asked Rancher for a redeploy stays written on the cluster; it was not Farrier. */
function withoutRequests(world: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return JSON.parse(JSON.stringify(world).replaceAll(/"io\.cattle\.agent\.force\.deploy":"false",?/g, ""));
}

/** What Rancher applied when it was asked stays written on the agent as well, with the pin of that moment. */
function withoutRedeploys(world: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const lines = Object.entries(withoutRequests(world)).map(([line, object]): [string, unknown] => {
    if (!/ (deployments cattle-system\/cattle-cluster|daemonsets cattle-system\/cattle-node)-agent$/.test(line)) {
      return [line, object];
    }
    const applied = /"kubectl\.kubernetes\.io\/last-applied-configuration":"[0-9a-f]{64}",?/;
    return [line, JSON.parse(JSON.stringify(object).replace(applied, ""))];
  });
  return Object.fromEntries(lines);
}

/** "Farrier overwrites nothing that it did not read": what others wrote on the same objects is still there. */
export async function othersMarksRemain({ lab, beginning }: Lived): Promise<void> {
  expect(beginning.marks.length).toBeGreaterThan(2);
  // Where Rancher serves no bundle in the end, the Secret goes with what was in it.
  const goes = beginning.trust !== "" && (await trustSecret(lab.sandbox)) === "";
  const kept = (marks: readonly string[]) => marks.filter((mark) => !(goes && mark.startsWith("tls-ca")));
  expect(kept(await foreignMarks(lab.sandbox))).toEqual(kept(beginning.marks));
}

/** "No key, token or password is ever readable in a log, journal, plan, report, page or error." */
export async function noSecretIsReadable({ lab }: Lived): Promise<void> {
  const names = (await readdir(lab.directory, { recursive: true })).filter((name) => /\.jsonl?$/.test(name));
  expect(names).toEqual(expect.arrayContaining(["plan.json", "journal.jsonl"]));
  const [, secret = ""] = lab.sandbox.token.split(":");
  for (const name of names) {
    const text = await readFile(join(lab.directory, name), "utf8");
    expect([name, text.includes(secret), text.includes("PRIVATE KEY")]).toEqual([name, false, false]);
  }
}

/** A held rotation names what holds it, and what to do about it. */
export function theHoldNamesTheObstacle(one: Case, { lab, held }: Lived): void {
  if (one.obstacle === undefined || held === undefined) return;
  const { id } = lab.sandbox.cluster(one.obstacle.cluster);
  if (held.kind === "failed") expect(held.steps.join()).toContain(id);
  else
    expect(held).toMatchObject({
      kind: "held",
      holds: [{ why: expect.stringContaining(id), hint: expect.stringMatching(/./) }],
    });
}

/** Looks again while the estate comes to rest; says what differs when it does not. */
async function settles(look: () => Promise<unknown>, wanted: unknown): Promise<void> {
  const end = Date.now() + REST_SECONDS * 1000;
  for (let found = await look(); JSON.stringify(found) !== JSON.stringify(wanted); found = await look()) {
    if (Date.now() > end) throw new Error(`it is ${JSON.stringify(found)} and not ${JSON.stringify(wanted)}`);
    await pause(100);
  }
}
