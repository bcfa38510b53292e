/**
 * The one patch by which an agent's pin is set: pin and `minReadySeconds` together, or a new pod would count as
 * available before its start check has failed (a pod without probes is Ready at once).
 */
import type { AgentWorkload } from "../estate/agent.ts";
import type { Api } from "../kubernetes/api.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { deployments } from "../kubernetes/resource.ts";
import { AGENT, agentWorkloadOf } from "../rancher/agent-workload.ts";
import { conflict } from "./step-action.ts";

export interface AgentChange {
  readonly pin?: string;
  readonly minReadySeconds: number;
  /** The pin must be one of these, or somebody else has changed it. */
  readonly expectedPins: readonly string[];
}

const ATTEMPTS = 20;

/**
 * Writes pin and `minReadySeconds` unless they are so already. The Deployment's status moves all the time, so a
 * conflict is looked at: only a change of the pin itself stops the step.
 * @param seen the Deployment as it was read a moment ago: the write is against that version, and reads it again only
 *   where there is a newer one
 * @returns the Deployment as it is now
 * @throws FarrierError `step.conflict`; ApiError
 */
export async function changeAgent(api: Api, change: AgentChange, seen?: KubeObject): Promise<KubeObject> {
  // That nothing is left to do is never concluded from what was seen before.
  let known = seen === undefined || isSo(agentIn(api, seen), change) ? undefined : seen;
  for (let attempt = 1; ; attempt++) {
    const object = known ?? (await presentDeployment(api));
    known = undefined;
    const agent = agentIn(api, object);
    if (!change.expectedPins.includes(agent.pin)) {
      throw conflict(`The agent's pin in ${api.server}`, `it is ${agent.pin || "empty"} now`);
    }
    if (isSo(agent, change)) return object;
    try {
      const body = bodyOf(agent, change);
      return await api.patch(deployments(AGENT.namespace), AGENT.deployment, { kind: "strategic", body });
    } catch (error) {
      if (!(error instanceof ApiError) || error.kind !== "conflict" || attempt === ATTEMPTS) throw error;
    }
  }
}

async function presentDeployment(api: Api): Promise<KubeObject> {
  const found = await api.get(deployments(AGENT.namespace), AGENT.deployment);
  if (found === undefined) throw conflict(`The agent of ${api.server}`, "its Deployment is gone");
  return found;
}

/** What the Deployment says; its pods don't matter to a write. */
function agentIn(api: Api, deployment: KubeObject): AgentWorkload {
  const agent = agentWorkloadOf(deployment, []);
  if (agent === undefined) throw conflict(`The agent of ${api.server}`, "its Deployment is not Rancher's");
  return agent;
}

function isSo(agent: AgentWorkload, change: AgentChange): boolean {
  return agent.minReadySeconds === change.minReadySeconds && (change.pin === undefined || agent.pin === change.pin);
}

function bodyOf(agent: AgentWorkload, { pin, minReadySeconds }: AgentChange): object {
  const container = { name: AGENT.container, env: [{ name: AGENT.pinVariable, value: pin }] };
  return {
    metadata: { resourceVersion: agent.resourceVersion },
    spec: {
      // Zero is the field's absence: `null` removes it, so that it looks as it did before it was ever set.
      minReadySeconds: minReadySeconds === 0 ? null : minReadySeconds,
      ...(pin === undefined ? {} : { template: { spec: { containers: [container] } } }),
    },
  };
}
