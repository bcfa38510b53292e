import type { ContainerContext, ContainerProgram, RunningContainer } from "../controllers/container-program.ts";
import { recordOf } from "../rancher/norman.ts";
import type { TunnelHandler } from "../rancher/tunnel.ts";
import type { ClusterLink } from "./link.ts";
import type { AgentObserver } from "./observer.ts";
import { AgentProcess, TERMINATED } from "./process.ts";
import { holdSessions } from "./sessions.ts";
import { checkServer } from "./start-check.ts";
import { secureConnection } from "./strict-check.ts";

/** What the agents of one cluster have around them. */
export interface AgentSurroundings {
  readonly link: ClusterLink;
  readonly observer: AgentObserver;
  /** Answers what comes through the tunnel: the cluster's own API server, as the account of the agent. */
  readonly api: TunnelHandler;
  /** Roots of the operating system's store, as PEM. Private CAs are not in it. */
  readonly systemRoots: string;
  /** Numbers in [0, 1), from the scenario's seed. */
  readonly random: () => number;
  /**
   * True while a start skips the comparison of pins, as if Rancher had served what the agent is pinned to when it
   * started: how an agent comes to run with a pin that would not survive a restart.
   */
  readonly startedEarlier: () => boolean;
  /** Calls back when the agent cannot renew its leader lease any more. @returns how to give the lease up */
  readonly holdLease: (onLost: () => void) => () => void;
  /** Lets the cluster's time stand still while a start waits for the real network. */
  readonly standingStill: <T>(work: Promise<T>) => Promise<T>;
  /** Nothing that starts on this node gets anywhere. */
  readonly isBroken: (node: string) => boolean;
}

/**
 * The image rancher/rancher-agent as cluster agent, or as node agent (`CATTLE_CLUSTER` is not `true`): what its `run.sh`
 * and then its binary do, in that order. It ends with 1 where they do, and never while it merely cannot reach Rancher.
 */
export function agentProgram(surroundings: AgentSurroundings): ContainerProgram {
  return {
    start(context: ContainerContext): RunningContainer {
      const isNodeAgent = context.env.CATTLE_CLUSTER !== "true";
      const agent = new AgentProcess(context, isNodeAgent ? withoutHistory(surroundings) : surroundings);
      const exited = isNodeAgent ? runOnNode(agent) : run(agent);
      return { exited, stop: () => agent.stop(), ready: () => true };
    },
  };
}

async function run(agent: AgentProcess): Promise<number> {
  const { observer, holdLease } = agent.surroundings;
  observer.started(agent.podName);
  const release = holdLease(() => agent.loseLease());
  try {
    const ended = await runUntilExit(agent);
    const code = agent.leaseLost ? 1 : ended;
    observer.exited(agent.podName, code);
    return code;
  } finally {
    release();
    agent.end();
  }
}

/** A drift of the cluster agent's pin is its own. */
function withoutHistory(surroundings: AgentSurroundings): AgentSurroundings {
  return { ...surroundings, startedEarlier: () => false };
}

/** The same checks; then it stays. The tunnel to its node, which only RKE1's provisioning uses, is not simulated. */
async function runOnNode(agent: AgentProcess): Promise<number> {
  if (isBroken(agent)) return 1;
  const serverCa = await checkServer(agent);
  if (serverCa.kind === "exit") return serverCa.code;
  const trust = await secureConnection(agent, serverCa.bundle);
  if (trust.kind === "exit") return trust.code;
  await new Promise<void>((resolve) => {
    if (agent.signal.aborted) resolve();
    else agent.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  return TERMINATED;
}

function isBroken(agent: AgentProcess): boolean {
  const { nodeName } = recordOf(agent.context.pod.spec);
  if (typeof nodeName !== "string" || !agent.surroundings.isBroken(nodeName)) return false;
  agent.say("ERROR", "/etc/kubernetes/ssl/certs/serverca: No space left on device");
  return true;
}

async function runUntilExit(agent: AgentProcess): Promise<number> {
  if (isBroken(agent)) return 1;
  const serverCa = await checkServer(agent);
  if (serverCa.kind === "exit") return serverCa.code;
  const trust = await secureConnection(agent, serverCa.bundle);
  if (trust.kind === "exit") return trust.code;
  return await holdSessions(agent, trust);
}
