import { serveTunnel } from "../rancher/tunnel.ts";
import { writeAggregationSecret } from "./aggregation-secret.ts";
import { connectionParameters } from "./connection-parameters.ts";
import { closed, type DialFailure, dial } from "./dial.ts";
import { type AgentProcess, TERMINATED } from "./process.ts";
import type { SecureConnection } from "./strict-check.ts";
import { throttled } from "./throttle.ts";
import { refusalOf } from "./trust.ts";

type Trusted = Extract<SecureConnection, { kind: "trusted" }>;

/**
 * Holds the tunnel for as long as the process lives, and the second session from the moment the first one is open.
 * A lost or refused connection is tried again every 5–10 s for ever: the process keeps running, so that its pod looks
 * healthy (rancher.md §0a row 11). The roots are those of the start; nothing is read again. It ends at once where it has
 * no token of its account.
 */
export async function holdSessions(agent: AgentProcess, connection: Trusted): Promise<number> {
  const token = agent.context.readFile("/cattle-credentials/token") ?? "";
  const parameters = await connectionParameters(agent);
  if (parameters === undefined) return 1;
  const websocketServer = agent.server.replace(/^http/, "ws");
  let path = "/v3/connect/register";
  let aggregation: Promise<void> | undefined;
  await agent.sleep(BINARY_START_MS);
  while (!agent.signal.aborted) {
    const url = websocketServer + path;
    agent.log("info", `Connecting to ${url} with token starting with ${token.slice(0, 4)}`);
    agent.log("info", "Connecting to proxy", { url });
    const headers = { "X-API-Tunnel-Token": token, "X-API-Tunnel-Params": parameters() };
    const dialled = await dial(agent, url, { trust: connection.trust, headers });
    if (dialled.kind === "open") {
      agent.log("info", "Connected to proxy", { url });
      path = "/v3/connect";
      serveTunnel(dialled.socket, throttled(agent.surroundings, agent.context.clock));
      await writeAggregationSecret(agent, { token, bundle: connection.bundle, valid: connection.validWithBundle });
      if (hasEmbeddedRancher(agent)) aggregation ??= holdAggregation(agent, connection, token);
      await closed(dialled.socket);
    } else if (!agent.signal.aborted) {
      reportTunnelFailure(agent, dialled);
    }
    await agent.sleep(retryDelay(agent));
  }
  await aggregation;
  return TERMINATED;
}

/** From the end of `run.sh` until the binary dials: reading its service account's token and its leader lease. */
const BINARY_START_MS = 2000;
/** The embedded Rancher: row 8 of §0a has the new agent `Connected` about 11 s after the annotation. */
const EMBEDDED_START_MS = 3000;

function retryDelay(agent: AgentProcess): number {
  return 5000 + agent.surroundings.random() * 5000;
}

/** Without this feature only the tunnel is opened, and the cluster never becomes `Connected` (§0a row 14). */
function hasEmbeddedRancher(agent: AgentProcess): boolean {
  const features = (agent.context.env.CATTLE_FEATURES ?? "").split(",");
  return features.includes("multi-cluster-management-agent=true");
}

/** The second session, made by the Rancher that is embedded in the agent; the condition `Connected` needs it. */
async function holdAggregation(agent: AgentProcess, connection: Trusted, token: string): Promise<void> {
  await agent.sleep(EMBEDDED_START_MS);
  const url = `${agent.server.replace(/^http/, "ws")}/v3/connect`;
  const headers = { Authorization: `Bearer stv-cluster-${token}` };
  while (!agent.signal.aborted) {
    const dialled = await dial(agent, url, { trust: connection.trust, headers });
    if (dialled.kind === "open") await closed(dialled.socket);
    else if (!agent.signal.aborted) {
      const reason = tlsReason(agent, dialled.error, "aggregation");
      agent.log("error", `Failed to dial steve aggregation server: ${reason ?? dialled.error.message}`);
    }
    await agent.sleep(retryDelay(agent));
  }
}

function reportTunnelFailure(agent: AgentProcess, failure: DialFailure): void {
  const reason = tlsReason(agent, failure.error, "tunnel") ?? failure.error.message;
  const { response } = failure;
  if (response === undefined) {
    agent.log("error", "Failed to connect to proxy. Empty dialer response", { error: reason });
  } else {
    const answer = `Response status: ${response.status} - ${response.status} ${response.statusText}. Response body: ${response.body}`;
    agent.log("error", `Failed to connect to proxy. ${answer}`, { error: reason });
  }
  agent.log("error", "Remotedialer proxy error", { error: reason });
}

function tlsReason(agent: AgentProcess, error: Error, phase: "tunnel" | "aggregation"): string | undefined {
  const reason = refusalOf(error, new URL(agent.server).hostname);
  if (reason === undefined) return undefined;
  agent.surroundings.observer.refused({ pod: agent.podName, phase, reason });
  return `tls: failed to verify certificate: ${reason}`;
}
