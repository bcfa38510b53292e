/**
 * What an agent's workload shows about a bundle. A pin is one bundle's hash; a pod checks it once, when it starts, and
 * trusts what it fetched then until it ends.
 *
 * - *started*: every running pod carries the pin and has outlived its start check; none with another pin is left.
 * - *armed*: the Deployment straddles. Its old pods serve, and a pod with the next pin has been started at least once;
 *   `minReadySeconds` keeps that pod from ever counting as available while its start check fails, so that the old ones
 *   stay. Seen on a real kubelet: without `minReadySeconds` the old ReplicaSet is at 0 after 4 s and the cluster is lost.
 */
import type { AgentPod, AgentWorkload } from "./agent.ts";

/** A reason why something is not so, as one sentence without the agent's name, and what to do about it. */
export interface Obstacle {
  readonly why: string;
  readonly hint: string;
}

/** A crashing start check ends within seconds (1.5 s seen); an agent that runs for longer has passed it. */
export const START_CHECK_SECONDS = 15;

export interface StartQuestion {
  /** By the downstream cluster's clock, as near as it is known. */
  readonly now: Date;
  /** How long a pod must have been Ready before its Deployment's word `available` is taken. */
  readonly minReadySeconds: number;
  /** Rancher says that the cluster is connected. */
  readonly connected: boolean;
}

/** Pods that run or may run again: evicted and completed ones stay as objects, but never start again. */
export function livePods<Pod extends AgentPod>(agent: { readonly pods: readonly Pod[] }): Pod[] {
  return agent.pods.filter(({ phase }) => phase !== "Failed" && phase !== "Succeeded");
}

/** Why the agent is not armed for the next pin; empty when it is. */
export function armingObstacles(agent: AgentWorkload, nextPin: string, minReadySeconds: number): Obstacle[] {
  if (agent.pin !== nextPin) {
    return [
      {
        why: "its Deployment does not carry the next pin",
        hint: "Arm it; if it was armed before, Rancher has applied its own manifest since.",
      },
    ];
  }
  const obstacles = [...controllerObstacles(agent)];
  if (agent.minReadySeconds < minReadySeconds) {
    obstacles.push({
      why: `its minReadySeconds is ${agent.minReadySeconds}, so that a crashing new pod would end the old one`,
      hint: `Set it to at least ${minReadySeconds}.`,
    });
  }
  return [...obstacles, ...oldPodObstacles(agent, nextPin), ...nextPodObstacles(agent, nextPin)];
}

/** The Deployment straddles its present pin and the next one: see the top of this file. */
export function isArmed(agent: AgentWorkload, nextPin: string, minReadySeconds: number): boolean {
  return armingObstacles(agent, nextPin, minReadySeconds).length === 0;
}

/** Why not every running pod is known to have started with the pin; empty when it is. */
export function startObstacles(agent: AgentWorkload, pin: string, question: StartQuestion): Obstacle[] {
  if (agent.pin !== pin) {
    return [{ why: "its Deployment carries another pin", hint: "Give it the pin of the bundle that is served." }];
  }
  const older = livePods(agent).filter((pod) => pod.pin !== pin);
  return [...controllerObstacles(agent), ...olderPodObstacles(older), ...runningObstacles(agent, pin, question)];
}

/** Every running pod carries the pin and has outlived its start check, and none with another pin is left. */
export function hasStarted(agent: AgentWorkload, pin: string, question: StartQuestion): boolean {
  return startObstacles(agent, pin, question).length === 0;
}

/** Template and every live pod carry the pin; whether they are well is not asked. */
export function alignedWith(agent: AgentWorkload, pin: string): boolean {
  return agent.pin === pin && livePods(agent).every((pod) => pod.pin === pin);
}

/** Pods that wait for the bundle of their pin, in a back-off of up to 5 minutes: deleting them starts them at once. */
export function waitingPods(agent: AgentWorkload, pin: string): AgentPod[] {
  return livePods(agent).filter((pod) => pod.pin === pin && !pod.deleting && !pod.ready);
}

/**
 * Why an agent that works would not survive its next restart, as a sentence; `undefined` when it would.
 * It is connected only because no pod has restarted since the served bundle changed.
 */
export function latentMismatch(agent: AgentWorkload, servedPin: string): string | undefined {
  const ready = livePods(agent).filter((pod) => pod.ready && !pod.deleting);
  if (ready.length > 0 && ready.every((pod) => pod.pin !== servedPin)) {
    return "Its running pods pin another bundle than the one that Rancher serves: they stop at their next start.";
  }
  if (agent.pin !== servedPin && agent.minReadySeconds === 0) {
    return "Its Deployment pins another bundle than the one that Rancher serves: the next pod that it makes stops at its start.";
  }
  return undefined;
}

/** Ready pods of one agent carry different pins although no rollout is under way that would end that. */
export function replicasDisagree(agent: AgentWorkload): boolean {
  const pins = new Set(livePods(agent).flatMap((pod) => (pod.ready && !pod.deleting ? [pod.pin] : [])));
  const rollingOut = agent.minReadySeconds > 0 && agent.pods.length > agent.replicas;
  return pins.size > 1 && !rollingOut;
}

function controllerObstacles(agent: AgentWorkload): Obstacle[] {
  const obstacles: Obstacle[] = [];
  if (agent.paused) {
    obstacles.push({
      why: "the rollout of its Deployment is paused",
      hint: "Find out who paused it, then kubectl rollout resume.",
    });
  }
  if (!agent.settled) {
    obstacles.push({
      why: "the cluster's Deployment controller has not acted on the latest change yet",
      hint: "Wait; if it stays so, look at the cluster's controller manager.",
    });
  }
  return obstacles;
}

function oldPodObstacles(agent: AgentWorkload, nextPin: string): Obstacle[] {
  const old = livePods(agent).filter((pod) => pod.pin !== nextPin && !pod.deleting && pod.ready);
  if (old.length < agent.replicas) {
    return [
      {
        why: `${old.length} of ${agent.replicas} pods with the present pin are Ready`,
        hint: "Look at the agent's pods; the cluster must work under the present bundle before the next one is served.",
      },
    ];
  }
  if (new Set(old.map(({ pin }) => pin)).size > 1) {
    return [
      { why: "its pods carry several older pins", hint: "Let it settle on the bundle that is served, then arm it." },
    ];
  }
  return [];
}

function nextPodObstacles(agent: AgentWorkload, nextPin: string): Obstacle[] {
  const next = livePods(agent).filter((pod) => pod.pin === nextPin && !pod.deleting);
  if (next.some(({ hasRun }) => hasRun)) return [];
  const waiting = next.find((pod) => pod.waiting !== undefined)?.waiting;
  return [
    {
      why: `no pod with the next pin has been started yet${waiting === undefined ? "" : ` (${waiting})`}`,
      hint: HINTS[waiting ?? ""] ?? "Wait for it; then look at the events of the agent's new pod.",
    },
  ];
}

const HINTS: Readonly<Record<string, string>> = {
  ImagePullBackOff: "The node cannot pull the agent's image any more: mend the registry or its credentials.",
  ErrImagePull: "The node cannot pull the agent's image any more: mend the registry or its credentials.",
  Unschedulable: "No node has room for a second agent pod: make room for it.",
};

function olderPodObstacles(older: readonly AgentPod[]): Obstacle[] {
  const [first] = older;
  return first === undefined
    ? []
    : [{ why: `pod ${first.name} with another pin is still there`, hint: "Wait for its end." }];
}

function runningObstacles(agent: AgentWorkload, pin: string, question: StartQuestion): Obstacle[] {
  const own = livePods(agent).filter((pod) => pod.pin === pin && !pod.deleting);
  const { replicas } = agent;
  if (own.length < replicas || own.some(({ ready }) => !ready) || agent.readyReplicas < replicas) {
    const hint = "Look at the agent's pods and the log of the one that is not Ready.";
    return [{ why: "not all of its pods are Ready", hint }];
  }
  if (replicas === 0) {
    return [{ why: "its Deployment is scaled to 0", hint: "Scale it up; nothing can be shown while no agent runs." }];
  }
  if (agent.updatedReplicas !== replicas || agent.totalReplicas !== replicas || agent.availableReplicas < replicas) {
    return [{ why: "its rollout is not finished", hint: "Wait; minReadySeconds must pass first." }];
  }
  return outlived(agent, own, question)
    ? []
    : [{ why: "its pods have not outlived their start check yet", hint: "Wait a few seconds." }];
}

function outlived(agent: AgentWorkload, pods: readonly AgentPod[], question: StartQuestion): boolean {
  if (agent.minReadySeconds >= question.minReadySeconds && question.minReadySeconds > 0) return true;
  const latest = question.now.getTime() - START_CHECK_SECONDS * 1000;
  return (
    question.connected &&
    pods.every(({ runningSince }) => runningSince !== undefined && Date.parse(runningSince) < latest)
  );
}
