/** What an agent in a real pod tells the test that it runs in: what the sandbox itself wants to know, beside the log. */

import type { AgentRefusal } from "../../../src/sandbox/agent/observer.ts";

export interface Report {
  readonly namespace: string;
  readonly pod: string;
  readonly what:
    | { readonly kind: "started" }
    | { readonly kind: "exited"; readonly code: number }
    | { readonly kind: "pin-mismatch" }
    | ({ readonly kind: "refused" } & Pick<AgentRefusal, "phase" | "reason">);
}

/** Variables in the environment of every container. */
export const VARIABLES = {
  /** URL of the cluster's API server. */
  apiServer: "FARRIER_TEST_API_SERVER",
  /** URL that takes reports; they are not made where it is unset. */
  reports: "FARRIER_TEST_REPORTS",
} as const;
