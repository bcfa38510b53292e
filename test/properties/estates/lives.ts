/** Lives through a case: an estate, a rotation, what befalls both, deaths, and the way back. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { ApplyOutcome } from "../../../src/execute/apply.ts";
import { prepareRollback, prepareRotation } from "../../../src/execute/prepare.ts";
import { leaveRequest } from "../../../src/execute/requests.ts";
import { offerEndpoints } from "../../../src/observe/endpoint-way.ts";
import { observeEstate } from "../../../src/observe/observe-estate.ts";
import { sshWay } from "../../../src/observe/ssh-way.ts";
import { Secret } from "../../../src/pki/secret.ts";
import type { PlanOptions } from "../../../src/plan/options.ts";
import type { Plan } from "../../../src/plan/plan.ts";
import type { SshTarget } from "../../../src/remote/ssh.ts";
import type { Sandbox } from "../../../src/sandbox/sandbox.ts";
import { type AgentFacts, agents, trustSecret } from "../../helpers/estate-facts.ts";
import { giveKubeconfigs } from "../../helpers/kubeconfigs.ts";
import { Person } from "../../helpers/person.ts";
import { type RotationLab, type ServingPair, startRotationLab } from "../../helpers/rotation-lab.ts";
import type { SshLab } from "../../helpers/ssh-server.ts";
import { dumpWorld } from "../../helpers/world-dump.ts";
import { pathOf } from "../../kubernetes/control-plane/binaries.ts";
import { befallBefore, targetOf } from "./beforehand.ts";
import { foreignMarks, markObjects } from "./marks.ts";
import { live, patiently } from "./mortal-apply.ts";
import type { Case, Death } from "./scenario.ts";
import { Witness } from "./witness.ts";

/** A case at its end; the estate still runs. */
export interface Lived {
  readonly lab: RotationLab;
  readonly plan: Plan;
  readonly witness: Witness;
  /** What the estate was like before the rotation. */
  readonly beginning: {
    readonly world: Readonly<Record<string, unknown>>;
    readonly agents: Readonly<Record<string, AgentFacts>>;
    /** Bytes of `tls-ca`. */
    readonly trust: string;
    /** What others had written on its objects. */
    readonly marks: readonly string[];
  };
  /** Of the last process that was not killed. */
  readonly outcome: ApplyOutcome | undefined;
  /** What was said about the obstacle, if it was in the way. */
  readonly held?: ApplyOutcome | undefined;
  /** Clusters that a person has left behind, by id. */
  readonly waived: readonly string[];
}

/**
 * The times in the estate's objects are those of the wall, while it lives 200 times as fast: an agent that has run for
 * 200 ms has outlived its start check (1.5 s on a real node) as surely as one that has run for 15 s on a real estate.
 */
const estateNow = (): Date => new Date(Date.now() + 14_800);

/** The sandbox's time runs faster than its TLS handshakes: a new agent must have failed its start check before it counts. */
const ARMING_SECONDS = 240;

/** Longer than any passing fault lasts, in wall seconds. */
const PATIENT_SECONDS = 60;
/** Nobody comes to mend it. */
const IMPATIENT_SECONDS = 2;
/** Longer than the longest back-off of a waiting pod, with what the machine takes; who is cut off for good costs all of it. */
const FLAG_DAY_SECONDS = 10;
/**
 * Steps have a time for a real estate. This one lives so much faster, but not the machine that it runs on; and where
 * something is in the way that stays, nobody waits for long.
 */
const PATIENCE = { clear: 0.5, obstructed: 0.1 } as const;
/** How often a person calls the command again after a run was held or has failed. */
const CALLS = 5;

/**
 * @param judge is asked while the estate still runs; it is stopped afterwards whatever comes of it
 * @param node leads to the first cluster, where that is the case's means
 */
export async function liveThrough(one: Case, judge: (lived: Lived) => Promise<void>, node?: SshLab): Promise<void> {
  const lab = await labOf(one, node);
  try {
    const { sandbox } = lab;
    const target = await targetOf(one, sandbox);
    const person = one.estate.tls?.source === "external" ? await Person.at(lab, target) : undefined;
    // What others write on the objects is there before the witness looks.
    await markObjects(sandbox);
    await comesToRest(sandbox);
    const whole = await agents(sandbox);
    await befallBefore(one, sandbox);
    const life = new CaseLife(one, lab, { target, whole, ...(person === undefined ? {} : { person }) });
    try {
      await judge(await life.run());
    } finally {
      life.witness.stop();
      await person?.stop();
    }
  } finally {
    await lab.stop();
  }
}

async function labOf(one: Case, node: SshLab | undefined): Promise<RotationLab> {
  const helm = one.upgrade === undefined ? undefined : pathOf("helm3");
  const lab = { ...(await startRotationLab(one.estate, helm)), now: estateNow };
  if (one.means !== "kubeconfig" && one.means !== "reapply" && one.means !== "ssh") return lab;
  const [cluster] = lab.sandbox.clusters;
  if (cluster === undefined) throw new Error("every estate has a cluster");
  const file = join(lab.folder, `${cluster.id}.yaml`);
  await writeFile(file, cluster.kubeconfig, { mode: 0o600 });
  const openWorld = async () => {
    const world = await lab.openWorld();
    if (node === undefined) giveKubeconfigs(world, { [cluster.id]: file });
    else world.reaches.give(cluster.id, [sshWay(cluster.id, nodeOf(node), { kubeconfig: file })]);
    return world;
  };
  return { ...lab, openWorld };
}

/** Not behind the jump host: several cases at a time have enough sessions with one each. */
function nodeOf({ port, config }: SshLab): SshTarget {
  return { host: "127.0.0.1", port, config };
}

interface Beforehand {
  readonly target: ServingPair;
  /** Every cluster's agent, before anything was lost. */
  readonly whole: Lived["beginning"]["agents"];
  /** Where TLS ends before the cluster. */
  readonly person?: Person;
}

class CaseLife {
  readonly witness: Witness;
  readonly #case: Case;
  readonly #lab: RotationLab;
  readonly #beforehand: Beforehand;
  readonly #pending: Case["happenings"][number][];

  constructor(one: Case, lab: RotationLab, beforehand: Beforehand) {
    this.#case = one;
    this.#lab = lab;
    this.#beforehand = beforehand;
    this.#pending = one.happenings.toSorted((a, b) => a.entry - b.entry);
    this.witness = new Witness(lab.sandbox, (length) => this.#befall(length));
  }

  async run(): Promise<Lived> {
    const { obstacle, deaths, deathsBack, turnsBackAt } = this.#case;
    const { sandbox } = this.#lab;
    const beginning = {
      world: await dumpWorld(sandbox),
      agents: this.#beforehand.whole,
      trust: await trustSecret(sandbox),
      marks: await foreignMarks(sandbox),
    };
    this.#befall(0);
    if (obstacle !== undefined) await sandbox.inject(obstacle.fault);
    const plan = await patiently(() => this.#prepare());
    this.#beforehand.person?.follow(this.#lab.directory);
    const lived = { lab: this.#lab, plan, witness: this.witness, beginning };
    if (turnsBackAt !== undefined) {
      await this.#apply(deaths, { until: turnsBackAt });
      return { ...lived, outcome: await this.#turnBack(deathsBack), waived: [] };
    }
    if (this.#case.procedure === "replace") return { ...lived, ...(await this.#pastFlagDay()) };
    if (obstacle === undefined) return { ...lived, outcome: await this.#apply(deaths, {}), waived: [] };
    return { ...lived, ...(await this.#pastObstacle(sandbox.cluster(obstacle.cluster).id)) };
  }

  /** What is in the way is said; a person leaves the cluster behind, and goes on. */
  async #pastObstacle(id: string): Promise<Pick<Lived, "outcome" | "held" | "waived">> {
    const impatient = { calls: 1, gateWaitSeconds: IMPATIENT_SECONDS };
    let held = await this.#apply(this.#case.deaths, impatient);
    // Another cluster may just be away when the gate gives up, or a busy machine take longer for its step than the little
    // time that steps have here: it is let come back, and the command called again.
    for (let call = 1; call < CALLS && holdsAnother(held, id); call++) {
      await this.#everybodyElseIsConnected(id);
      held = await this.#apply([], impatient);
    }
    if (isFinished(held)) return { outcome: held, waived: [] };
    await this.#everybodyElseIsConnected(id);
    const waiver = { clusterId: id, by: "ada", reason: "it is replaced next week", until: "2099-01-01" };
    await leaveRequest(this.#lab.directory, { kind: "waive", waiver });
    return { outcome: await this.#apply([], {}), held, waived: [id] };
  }

  /** Who is cut off, and stays so, is left behind by a person. */
  async #pastFlagDay(): Promise<Pick<Lived, "outcome" | "waived">> {
    const waived = new Set<string>();
    const course = { calls: 1, gateWaitSeconds: FLAG_DAY_SECONDS };
    let outcome = await this.#apply(this.#case.deaths, course);
    for (let call = 1; call < CALLS && !isFinished(outcome); call++) {
      for (const { id, connected } of this.#lab.sandbox.clusters) {
        if (!isNamedIn(outcome, id) || connected()) continue;
        const waiver = { clusterId: id, by: "ada", reason: "somebody goes there", until: "2099-01-01" };
        await leaveRequest(this.#lab.directory, { kind: "waive", waiver });
        waived.add(id);
      }
      outcome = await this.#apply([], course);
    }
    return { outcome, waived: [...waived] };
  }

  /** Where it stops it leaves everybody connected; a link that is cut is not its doing. */
  async #everybodyElseIsConnected(cut: string): Promise<void> {
    const { sandbox } = this.#lab;
    const offline = this.#case.obstacle?.fault.kind === "offline";
    for (const { id } of sandbox.clusters) if (!(offline && id === cut)) await sandbox.waitUntilConnected(id);
  }

  #befall(length: number): void {
    while (this.#pending[0] !== undefined && this.#pending[0].entry <= length) {
      const next = this.#pending.shift();
      // What befalls a cluster in the middle of its own restart has nothing to tell.
      if (next !== undefined) this.#lab.sandbox.inject(next.fault).catch(() => {});
    }
  }

  async #prepare(): Promise<Plan> {
    const { directory, environment, now, openWorld } = this.#lab;
    const { certificate, key, ...bundle } = this.#beforehand.target;
    const world = await openWorld();
    try {
      const endpoints = await offerEndpoints(world);
      const { plan } = await prepareRotation({
        directory,
        world,
        estate: await observeEstate(world, { now }),
        target: { chain: certificate, key: Secret.of(key), ...bundle },
        findings: [],
        replace: this.#case.procedure === "replace",
        endpoints,
        options: { armingMinReadySeconds: ARMING_SECONDS, ...this.#methods() },
        identity: { environment },
        now: now(),
      });
      return plan;
    } finally {
      await world.close();
    }
  }

  /** As `farrier.yaml` would fix them. */
  #methods(): Partial<PlanOptions> {
    const [cluster] = this.#lab.sandbox.clusters;
    if (this.#case.means !== "redeploy" || cluster === undefined) return {};
    return { methods: { [cluster.id]: "redeploy" }, acceptUnarmed: [cluster.id] };
  }

  /** Lives and dies as the case says, and then lives until the rotation is finished or the person gives up. */
  async #apply(deaths: readonly Death[], course: Course): Promise<ApplyOutcome | undefined> {
    const { calls = CALLS, gateWaitSeconds = PATIENT_SECONDS, until = Number.POSITIVE_INFINITY, planFile } = course;
    const { obstacle, procedure } = this.#case;
    const patience = PATIENCE[obstacle === undefined && procedure !== "replace" ? "clear" : "obstructed"];
    const left = [...deaths];
    let last: ApplyOutcome | undefined;
    for (let call = 1; call <= calls && !isFinished(last); ) {
      const death = left.shift();
      const life = { gateWaitSeconds, patience, observer: this.witness.observer, until, death, planFile };
      const outcome = await patiently(() => live(this.#lab, life));
      if (outcome !== "killed") {
        last = outcome;
        call += 1;
      } else if (this.witness.length >= until) return undefined;
    }
    return last;
  }

  async #turnBack(deaths: readonly Death[]): Promise<ApplyOutcome | undefined> {
    const { directory, openWorld, now } = this.#lab;
    // They were asked before; nobody turns back in the very moment in which they do it.
    await this.#beforehand.person?.settled(directory);
    const planFile = await patiently(async () => {
      const world = await openWorld();
      try {
        return (await prepareRollback({ directory, world, now: now() })).file;
      } finally {
        await world.close();
      }
    });
    return await this.#apply(deaths, { planFile });
  }
}

/** Every pod is Ready, as it is when the rotation is over. */
async function comesToRest(sandbox: Sandbox): Promise<void> {
  const end = Date.now() + PATIENT_SECONDS * 1000;
  while (JSON.stringify(await dumpWorld(sandbox)).includes(" ready=false")) {
    if (Date.now() > end) throw new Error("the estate did not come to rest before the rotation");
    await pause(50);
  }
}

interface Course {
  readonly until?: number;
  readonly planFile?: string;
  readonly calls?: number;
  readonly gateWaitSeconds?: number;
}

function isNamedIn(outcome: ApplyOutcome | undefined, id: string): boolean {
  if (outcome?.kind === "failed") return outcome.steps.some((step) => step.startsWith(`${id}/`));
  return outcome?.kind === "held" && outcome.holds.some(({ why }) => why.includes(id));
}

function holdsAnother(outcome: ApplyOutcome | undefined, id: string): boolean {
  if (outcome?.kind === "failed") return outcome.steps.some((step) => !step.startsWith(`${id}/`));
  return outcome?.kind === "held" && outcome.holds.some(({ why }) => !why.includes(id));
}

export function isFinished(outcome: ApplyOutcome | undefined): boolean {
  return outcome?.kind === "finished" || outcome?.kind === "already-finished";
}
