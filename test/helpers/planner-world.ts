/**
 * A whole estate without I/O and without time, on which the effect of every step of a plan can be had at once. It judges
 * by itself what must never happen: a working agent that faces a certificate which its bundle does not verify, and an
 * agent that does not come back from a restart.
 */
import { X509Certificate } from "node:crypto";
import type { Cluster } from "../../src/estate/cluster.ts";
import type { Estate } from "../../src/estate/estate.ts";
import { pinOf, settingValueOf } from "../../src/pki/pin.ts";
import { evaluateGate, type GateVerdict } from "../../src/plan/gates/evaluate-gate.ts";
import type { Waiver } from "../../src/plan/gates/hold.ts";
import { lateSteps } from "../../src/plan/late-steps.ts";
import type { Plan, Stage, Step } from "../../src/plan/plan.ts";
import { epochNamed, plannedCluster, stepsOf } from "../../src/plan/reading.ts";
import { AgentModel, type StartConditions } from "./agent-model.ts";
import { clusterWith, estateWith, localCluster, NOW, offlineCluster, withUnproved } from "./estate-builder.ts";

export interface ModelCluster {
  readonly id: string;
  readonly agent: AgentModel;
  /** Of its agent when it came into the estate. */
  readonly minReadySeconds: number;
  /** Its API does not answer, and its agent meets nothing. */
  offline: boolean;
  readonly patchable: boolean;
  /** It has a consumer that this version cannot move. */
  readonly systemAgent: boolean;
}

export interface ClusterShape {
  readonly replicas: number;
  readonly minReadySeconds: number;
  readonly offline: boolean;
  readonly patchable: boolean;
  readonly systemAgent: boolean;
}

/** Chains that a bundle verifies; how is the matter of whoever builds the world, never of the code under test. */
export type Verifies = (chain: string, bundle: string) => boolean;

const LEAVES = new Map<string, string>();

function leafOf(chain: string): string {
  const known = LEAVES.get(chain);
  if (known !== undefined) return known;
  const leaf = new X509Certificate(chain).fingerprint256.replaceAll(":", "").toLowerCase();
  LEAVES.set(chain, leaf);
  return leaf;
}

export class PlannerWorld {
  written: string;
  /** One value for each replica of Rancher. */
  served: string[];
  chain: string;
  readonly clusters: ModelCluster[] = [];
  /** What must never happen, as it happened. */
  readonly violations: string[] = [];
  /** Whether an agent's back-off ends while a step of somebody else goes on; a waiting pod stays waiting otherwise. */
  timePasses: (cluster: ModelCluster) => boolean = () => true;
  /** Clusters that nobody promised anything. */
  readonly abandoned = new Set<string>();
  readonly #verifies: Verifies;

  constructor(shape: { bundle: string; chain: string; replicas: number; verifies: Verifies }) {
    this.written = shape.bundle;
    this.served = Array.from({ length: shape.replicas }, () => settingValueOf(shape.bundle));
    this.chain = shape.chain;
    this.#verifies = shape.verifies;
  }

  /** A cluster comes into the estate; its agent is deployed by Rancher with the pin that is served. */
  import(id: string, shape: ClusterShape): void {
    const pin = pinOf(this.served[0] ?? "");
    const { replicas, minReadySeconds } = shape;
    const cluster = { id, agent: new AgentModel(id, { pin, replicas, minReadySeconds }), ...shape };
    cluster.agent.settle(this.start);
    this.clusters.push(cluster);
  }

  /** Rancher's own redeploy: the pin of what it serves; `minReadySeconds` is not in its manifest and stays. */
  redeploy(cluster: ModelCluster): void {
    cluster.agent.patch(pinOf(this.served[0] ?? ""), 0, this.start);
  }

  observe(): Estate {
    const clusters = this.clusters.map(observedCluster);
    const leaf = leafOf(this.chain);
    return estateWith({
      bundle: this.written,
      chain: this.chain,
      served: this.served,
      presented: [leaf],
      clusters: [localCluster(), ...clusters],
    });
  }

  get start(): StartConditions {
    return {
      accepted: (pin) => {
        const bundle = this.served.find((value) => pinOf(value) === pin);
        return bundle !== undefined && this.#verifies(this.chain, bundle) ? bundle : undefined;
      },
    };
  }

  /** Every working agent dials: none may meet a certificate that its bundle does not verify. */
  judge(when: string): void {
    for (const { id, agent, offline } of this.promised()) {
      if (offline) continue;
      const refusing = agent.pods.find(({ trusts }) => trusts !== undefined && !this.#verifies(this.chain, trusts));
      if (refusing !== undefined) this.violations.push(`${when}: ${refusing.name} refuses the certificate`);
      if (!agent.works) this.violations.push(`${when}: no agent of ${id} works`);
    }
  }

  /** Clusters that no waiver left behind and that no promise was made without. */
  promised(): ModelCluster[] {
    return this.clusters.filter(({ id }) => !this.abandoned.has(id));
  }

  /** Any agent may restart at any moment. */
  restartAgents(which: (index: number) => readonly number[], when: string): void {
    for (const [index, { agent, offline }] of this.clusters.entries()) {
      if (!offline) agent.restart(which(index), this.start);
    }
    this.judge(`${when}, after restarts`);
  }

  /** The effects of a step, in the parts between which a process can be stopped. */
  effects(step: Step, plan: Plan): (() => void)[] {
    if (step.target === "rancher") return this.#rancherEffects(step, plan);
    const cluster = this.clusters.find(({ id }) => id === step.target);
    if (cluster === undefined || cluster.offline) return [];
    return [() => this.#clusterEffect(step, plan, cluster)];
  }

  #rancherEffects(step: Step, plan: Plan): (() => void)[] {
    switch (step.kind) {
      case "serve-bundle": {
        const { bundle } = epochNamed(plan, step.epoch ?? "current");
        const restarts = this.served.map((_, replica) => () => this.#serve(replica));
        return [() => this.#write(bundle), ...restarts];
      }
      case "present-certificate":
        return [() => this.#present(plan.serving.target.chain)];
      default:
        return [() => this.#settleAll()];
    }
  }

  #write(bundle: string): void {
    this.written = bundle;
  }

  #serve(replica: number): void {
    this.served[replica] = settingValueOf(this.written);
    this.#settleAll();
  }

  #present(chain: string): void {
    this.chain = chain;
    this.#settleAll();
  }

  #settleAll(): void {
    for (const cluster of this.clusters) {
      if (!cluster.offline && this.timePasses(cluster)) cluster.agent.settle(this.start);
    }
  }

  #clusterEffect(step: Step, plan: Plan, { id, agent }: ModelCluster): void {
    const pin = step.epoch === undefined ? "" : epochNamed(plan, step.epoch).pin;
    switch (step.kind) {
      case "arm-agent":
        agent.patch(pin, plan.armingMinReadySeconds, this.start);
        break;
      case "roll-agent":
        if (agent.pin !== pin) agent.patch(pin, plan.armingMinReadySeconds, this.start);
        agent.nudge(pin, this.start);
        break;
      case "redeploy-agent":
        agent.patch(pinOf(this.served[0] ?? ""), 0, this.start);
        break;
      case "restart-agent":
        agent.restart([0], this.start);
        break;
      case "settle-agent":
        agent.minReadySeconds = plannedCluster(plan, id)?.minReadySecondsBefore ?? 0;
        agent.settle(this.start);
        break;
      default:
        throw new Error(`a cluster has no step ${step.kind}`);
    }
  }
}

function observedCluster(cluster: ModelCluster): Cluster {
  if (cluster.offline) return offlineCluster(cluster.id);
  const permissions = { patchAgent: cluster.patchable, deletePods: true, listPods: true };
  const said = (allowed: boolean) => (allowed ? ("yes" as const) : ("no" as const));
  const seen = clusterWith(cluster.id, cluster.agent.observed(), {
    connected: { status: cluster.agent.works ? "True" : "False" },
    permissions: { patchAgent: said(permissions.patchAgent), deletePods: "yes", listPods: "yes" },
  });
  return cluster.systemAgent ? withUnproved(seen, "system-agent") : seen;
}

export interface Moves {
  /** Between any two effects; returns false to stop the run there. */
  between(when: string): boolean;
  /** Before each gate is asked: what may happen in an estate that nobody watches. */
  beforeGate(stage: Stage): void;
  /** A step on a cluster fails and changes nothing. */
  fails(): boolean;
}

/** Looks at a gate before a person is asked; the last ones are at an estate where nothing fails any more. */
const LOOKS = 4;

/**
 * Runs a plan as `apply` does: late steps and gate, again and again, then the steps. A gate that does not open in the end
 * is answered with waivers for the clusters that hold it, which are abandoned from then on.
 *
 * @returns false where it was stopped half-way
 */
export function runPlan(world: PlannerWorld, plan: Plan, moves: Moves, waivers: Waiver[]): boolean {
  const calm = { ...moves, fails: () => false };
  for (const stage of plan.stages) {
    moves.beforeGate(stage);
    for (let look = 1; look <= LOOKS; look += 1) {
      const before = (id: string) => plannedCluster(plan, id)?.minReadySecondsBefore ?? 0;
      const question = { plan, stage, estate: world.observe(), waivers, now: NOW, minReadySecondsBefore: before };
      const late = lateSteps(question);
      if (!runSteps(world, plan, late, look > LOOKS / 2 ? calm : moves)) return false;
      if (ask(world, plan, stage, waivers).passes) break;
    }
    passGate(world, plan, stage, waivers);
    if (!runSteps(world, plan, stepsOf(stage), moves)) return false;
  }
  return true;
}

function runSteps(world: PlannerWorld, plan: Plan, steps: readonly Step[], moves: Moves): boolean {
  for (const step of steps.filter(({ target }) => target !== "rotation")) {
    // Rancher's own steps are retried until they succeed; putting minReadySeconds back is asked for by no gate.
    if (step.target !== "rancher" && step.kind !== "settle-agent" && moves.fails()) continue;
    for (const effect of world.effects(step, plan)) {
      effect();
      world.judge(step.id);
      if (!moves.between(step.id)) return false;
    }
  }
  return true;
}

function ask(world: PlannerWorld, plan: Plan, stage: Stage, waivers: readonly Waiver[]): GateVerdict {
  return evaluateGate({ plan, stage, estate: world.observe(), waivers, now: NOW, backupVerified: true });
}

function passGate(world: PlannerWorld, plan: Plan, stage: Stage, waivers: Waiver[]): void {
  for (const { target } of ask(world, plan, stage, waivers).holds) {
    const clusterId = target.split("/")[0] ?? "";
    if (clusterId === "rancher") throw new Error(`Rancher holds ${stage.id}`);
    waivers.push({ clusterId, by: "test", reason: "test", until: "2027-01-01" });
    world.abandoned.add(clusterId);
  }
  const { passes, holds } = ask(world, plan, stage, waivers);
  if (!passes) throw new Error(`gate of ${stage.id} does not open: ${JSON.stringify(holds)}`);
}
