/** A cluster's node agents as one step sees them: what it has given them is theirs until somebody takes it back. */
import type { NodeAgentSet } from "../estate/node-agent.ts";
import type { Api } from "../kubernetes/api.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { nodeAgentObjects, observeNodeAgents } from "../observe/node-agents.ts";
import { nodeAgentsOf } from "../rancher/node-agent-workload.ts";
import { changeNodeAgents, type NodeAgentChange } from "./node-agent-patch.ts";
import { watchNodeAgents } from "./node-agent-watch.ts";
import { answerOf, type Given, isTakenBack, type Seen, seen, takenBack } from "./pin-taken-back.ts";

/** A pin that is waited for. */
export interface AwaitedPin {
  readonly pin: string;
  /** The DaemonSets as the journal has them of the moment before the step did anything. */
  readonly before: readonly { readonly name: string; readonly pin: string }[];
}

export class NodeAgentSight {
  readonly #api: Api;
  readonly #given = new Map<string, Given>();

  constructor(api: Api) {
    this.#api = api;
  }

  /** Asked now; empty where the cluster has none. @throws ApiError */
  look(): Promise<NodeAgentSet[]> {
    return observeNodeAgents(this.#api);
  }

  /** See `changeNodeAgents`. */
  async change(change: NodeAgentChange): Promise<void> {
    this.#given.delete(change.name);
    const object = await changeNodeAgents(this.#api, change);
    if (change.pin !== undefined) this.#given.set(change.name, { pin: change.pin, object });
  }

  /** The same as {@link look}. @throws FarrierError `step.taken-back` where a DaemonSet had the pin, and has it no more */
  async lookFor(awaited: AwaitedPin): Promise<NodeAgentSet[]> {
    const { sets, pods } = await nodeAgentObjects(this.#api);
    return answerOf(this.#lost(awaited, sets) ?? { answer: nodeAgentsOf(sets, pods) });
  }

  /**
   * Follows them until `decide` answers with something.
   * @throws ApiError kind `deadline`; FarrierError `step.taken-back`; whatever `decide` throws
   */
  async watchFor<T>(
    awaited: AwaitedPin,
    decide: (sets: readonly NodeAgentSet[]) => T | undefined,
    waiting: { readonly deadlineMs: number; readonly signal: AbortSignal },
  ): Promise<T> {
    const kept = (sets: readonly NodeAgentSet[], objects: readonly KubeObject[]): Seen<T> | undefined =>
      this.#lost(awaited, objects) ?? seen(decide(sets));
    return answerOf(await watchNodeAgents(this.#api, kept, waiting));
  }

  #lost(
    { pin, before }: AwaitedPin,
    objects: readonly KubeObject[],
  ): Extract<Seen<never>, { takenBack: unknown }> | undefined {
    for (const object of objects) {
      const [set] = nodeAgentsOf([object], []);
      if (set === undefined || set.pin === pin) continue;
      const hadPin = before.some(({ name, pin: earlier }) => name === set.name && earlier === pin);
      if (!hadPin && !isTakenBack(this.#given.get(set.name), pin, object)) continue;
      return { takenBack: takenBack(this.#api.server, `DaemonSet ${set.name}`, set.pin) };
    }
    return undefined;
  }
}
