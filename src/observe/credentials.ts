/** The Secret with which an agent registers: without it none of its pods can start, while those that run go on. */
import type { AgentWorkload } from "../estate/agent.ts";
import type { Api } from "../kubernetes/api.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { secrets } from "../kubernetes/resource.ts";
import { AGENT } from "../rancher/agent-workload.ts";

/** The name of the Secret that the agent mounts, where there is no such Secret. An account that may not look sees none missing. */
export async function missingCredentials(
  api: Api,
  agent: Pick<AgentWorkload, "credentials"> | undefined,
): Promise<string | undefined> {
  const name = agent?.credentials;
  if (name === undefined) return undefined;
  try {
    return (await api.get(secrets(AGENT.namespace), name)) === undefined ? name : undefined;
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return undefined;
    throw error;
  }
}
