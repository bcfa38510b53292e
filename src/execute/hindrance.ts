/** Why a new pod of an agent will not start by itself, so that nobody waits for it until the deadline. */
import type { AgentPod } from "../estate/agent.ts";
import type { Obstruction } from "./step-action.ts";

/** Reasons that a pod gives for waiting that don't go away by themselves, and what helps. */
const HINDRANCES: Readonly<Record<string, string>> = {
  ImagePullBackOff: "Make the agent's image available to the cluster's nodes.",
  ErrImagePull: "Make the agent's image available to the cluster's nodes.",
  InvalidImageName: "Correct the agent's image.",
  Unschedulable: "Make room for one more pod of the agent, or mend its node selector and tolerations.",
  CreateContainerConfigError: "Look at the pod's events: something that its container needs is missing.",
};
/** A pull or a scheduling may fail once and then succeed; after this long it is called an obstacle. */
const PATIENCE_MS = 10_000;

/** Watches the new pods for a reason to give up before the deadline. */
export class Hindrance {
  found: Obstruction | undefined;
  /** What was missing when it was looked at last. */
  missing = "its agent could not be looked at";
  readonly #pin: string;
  readonly #ending = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(pin: string) {
    this.#pin = pin;
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  see(agent: { readonly pods: readonly AgentPod[] }): void {
    const fresh = agent.pods.filter((pod) => pod.pin === this.#pin && !pod.deleting);
    const reason = fresh.map((pod) => pod.waiting ?? "").find((waiting) => HINDRANCES[waiting] !== undefined);
    if (reason === undefined) {
      this.forget();
      return;
    }
    this.#timer ??= setTimeout(() => {
      this.found = { why: `a new pod of its agent cannot start: ${reason}`, hint: HINDRANCES[reason] ?? "" };
      this.#ending.abort();
    }, PATIENCE_MS);
  }

  forget(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
