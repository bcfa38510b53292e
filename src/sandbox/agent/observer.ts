/** What the sandbox itself wants to know of an agent, beside what the agent logs. */
export interface AgentObserver {
  started(pod: string): void;
  exited(pod: string, code: number): void;
  /** The start check found that Rancher serves another bundle than the one that the agent is pinned to. */
  pinMismatch(pod: string): void;
  /** The agent met a serving chain that it does not trust: what a rotation must never cause. */
  refused(refusal: AgentRefusal): void;
}

export interface AgentRefusal {
  readonly pod: string;
  /** `start`: while it checked the server before anything else; the others: when it dialled one of its two sessions. */
  readonly phase: "start" | "tunnel" | "aggregation";
  /** In Go's words. */
  readonly reason: string;
}
