/** What a cluster's agent has written last, for people: it often says why a cluster is away. */
import type { Api } from "../kubernetes/api.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { redactedLine } from "../pki/redacted-text.ts";
import { AGENT } from "../rancher/agent-workload.ts";
import { observeAgent } from "./agent.ts";

export type AgentLog =
  | { readonly kind: "read"; readonly pod: string; readonly lines: readonly string[] }
  | { readonly kind: "unread"; readonly why: string };

const LINES = 10;
const LOG_MS = 10_000;

/** The last lines of the youngest pod, without anything that may be a secret. @throws what is no answer of the API */
export async function lastLinesOfAgent(api: Api): Promise<AgentLog> {
  try {
    const pods = (await observeAgent(api))?.pods ?? [];
    const youngest = pods.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1))[0];
    if (youngest === undefined) return { kind: "unread", why: "the cluster has no pod of it" };
    const { namespace, container } = AGENT;
    const place = { namespace, container, pod: youngest.name };
    const text = await api.readLogEnd({ ...place, lines: LINES, deadlineMs: LOG_MS });
    const lines = text.split("\n").map(redactedLine);
    return { kind: "read", pod: youngest.name, lines: lines.filter((line) => line !== "") };
  } catch (error) {
    if (error instanceof ApiError) return { kind: "unread", why: error.message };
    throw error;
  }
}
