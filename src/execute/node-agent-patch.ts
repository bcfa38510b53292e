/**
 * The one patch by which node agents are armed, moved and settled: the pin and how the DaemonSet is updated go together, or
 * its controller would end working pods.
 */
import type { NodeAgentBefore, NodeAgentSet } from "../estate/node-agent.ts";
import type { Api } from "../kubernetes/api.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { daemonSets } from "../kubernetes/resource.ts";
import { AGENT } from "../rancher/agent-workload.ts";
import { nodeAgentsOf } from "../rancher/node-agent-workload.ts";
import { conflict } from "./step-action.ts";

export interface NodeAgentChange extends NodeAgentBefore {
  /** Left as it is where there is none. */
  readonly pin?: string;
  /** The pin must be one of these, or somebody else has changed it. */
  readonly expectedPins: readonly string[];
}

const ATTEMPTS = 20;

/**
 * Writes what differs. The DaemonSet's status moves all the time, so a conflict is looked at: only a change of the pin
 * itself stops the step.
 * @returns the DaemonSet as it is now
 * @throws FarrierError `step.conflict`; ApiError
 */
export async function changeNodeAgents(api: Api, change: NodeAgentChange): Promise<KubeObject> {
  for (let attempt = 1; ; attempt++) {
    const { object, set } = await presentSet(api, change.name);
    if (!change.expectedPins.includes(set.pin)) {
      throw conflict(`The pin of DaemonSet ${set.name} in ${api.server}`, `it is ${set.pin || "empty"} now`);
    }
    if (isSo(set, change)) return object;
    try {
      const body = bodyOf(set, change);
      return await api.patch(daemonSets(AGENT.namespace), set.name, { kind: "strategic", body });
    } catch (error) {
      if (!(error instanceof ApiError) || error.kind !== "conflict" || attempt === ATTEMPTS) throw error;
    }
  }
}

async function presentSet(
  api: Api,
  name: string,
): Promise<{ readonly object: KubeObject; readonly set: NodeAgentSet }> {
  const object = await api.get(daemonSets(AGENT.namespace), name);
  const [set] = object === undefined ? [] : nodeAgentsOf([object], []);
  if (object === undefined || set === undefined) {
    throw conflict(`The node agents of ${api.server}`, `DaemonSet ${name} is gone`);
  }
  return { object, set };
}

function isSo(set: NodeAgentSet, change: NodeAgentChange): boolean {
  return (change.pin === undefined || set.pin === change.pin) && isUpdatedAs(set, change);
}

/** Whether the DaemonSet is updated in that way. */
export function isUpdatedAs(set: NodeAgentSet, { updateStrategy, minReadySeconds }: NodeAgentBefore): boolean {
  return (
    set.minReadySeconds === minReadySeconds &&
    JSON.stringify(wholeStrategy(set.updateStrategy)) === JSON.stringify(wholeStrategy(updateStrategy))
  );
}

function bodyOf(set: NodeAgentSet, { pin, updateStrategy, minReadySeconds }: NodeAgentChange): object {
  const container = { name: set.container, env: [{ name: AGENT.pinVariable, value: pin }] };
  return {
    metadata: { resourceVersion: set.resourceVersion },
    spec: {
      updateStrategy: wholeStrategy(updateStrategy),
      // Zero is the field's absence: `null` removes it.
      minReadySeconds: minReadySeconds === 0 ? null : minReadySeconds,
      ...(pin === undefined ? {} : { template: { spec: { containers: [container] } } }),
    },
  };
}

/** With everything that another strategy may have left: a merge would keep it. */
function wholeStrategy({ type, rollingUpdate }: NodeAgentBefore["updateStrategy"]): object {
  if (rollingUpdate === undefined) return { type, rollingUpdate: null };
  const { maxSurge = null, maxUnavailable = null } = rollingUpdate;
  return { type, rollingUpdate: { maxSurge, maxUnavailable } };
}
