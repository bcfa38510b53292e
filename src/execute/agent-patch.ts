/**
 * The one patch by which an agent's pin is set: pin and `minReadySeconds` together, or a new pod would count as
 * available before its start check has failed (a pod without probes is Ready at once).
 */
import type { AgentWorkload } from "../estate/agent.ts";
import type { Api } from "../kubernetes/api.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { deployments } from "../kubernetes/resource.ts";
import { observeAgent } from "../observe/agent.ts";
import { AGENT } from "../rancher/agent-workload.ts";
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
 * @throws FarrierError `step.conflict`; ApiError
 */
export async function changeAgent(api: Api, change: AgentChange): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const agent = await observeAgent(api);
    if (agent === undefined) throw conflict(`The agent of ${api.server}`, "its Deployment is gone");
    if (!change.expectedPins.includes(agent.pin)) {
      throw conflict(`The agent's pin in ${api.server}`, `it is ${agent.pin || "empty"} now`);
    }
    if (isSo(agent, change)) return;
    try {
      await api.patch(deployments(AGENT.namespace), AGENT.deployment, {
        kind: "strategic",
        body: bodyOf(agent, change),
      });
      return;
    } catch (error) {
      if (!(error instanceof ApiError) || error.kind !== "conflict" || attempt === ATTEMPTS) throw error;
    }
  }
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
