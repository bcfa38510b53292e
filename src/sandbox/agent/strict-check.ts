import { type AgentProcess, SERVER_CA_PATH, TERMINATED } from "./process.ts";
import { fetchOnce } from "./request.ts";
import { refusalOf, type Trust, trustOf } from "./trust.ts";

/** Either the container ends, or it goes on with the roots that its process keeps until it ends. */
export type SecureConnection =
  | { readonly kind: "exit"; readonly code: number }
  | {
      readonly kind: "trusted";
      readonly trust: Trust;
      /** What `stv-aggregation` says as `CATTLE_CACERTS_VALID`: the stored bundle alone verified the served chain. */
      readonly validWithBundle: boolean;
      readonly bundle: string | undefined;
    };

const FAILED: SecureConnection = { kind: "exit", code: 1 };

/**
 * The first thing that the agent's binary does: does the stored bundle verify the served chain? In strict mode that
 * decides; otherwise the system's store (which the image extends by the stored bundle) is tried as well, and only a
 * certificate that is refused ends the process.
 */
export async function secureConnection(agent: AgentProcess, bundle: string | undefined): Promise<SecureConnection> {
  const probe = bundle === undefined ? noBundle(agent) : await probeWithBundle(agent, bundle);
  if (agent.signal.aborted) return { kind: "exit", code: TERMINATED };
  const trust = trustOf([agent.surroundings.systemRoots, bundle ?? ""]);
  if (probe === "verified") return { kind: "trusted", trust, validWithBundle: true, bundle };
  if (agent.strict) return FAILED;
  return await probeWithSystemStore(agent, trust, bundle);
}

function noBundle(agent: AgentProcess): "failed" {
  agent.log(
    "error",
    `unable to read CA file from ${SERVER_CA_PATH}: open ${SERVER_CA_PATH}: no such file or directory`,
  );
  if (agent.strict) agent.log("error", "Strict CA verification is enabled but encountered error finding root CA");
  return "failed";
}

async function probeWithBundle(agent: AgentProcess, bundle: string): Promise<"verified" | "failed"> {
  const { server } = agent;
  agent.log("info", `Testing connection to ${server} using trusted certificate authorities within: ${SERVER_CA_PATH}`);
  try {
    await probe(agent, trustOf([bundle]));
    return "verified";
  } catch (error) {
    const refusal = refusalOf(error, new URL(server).hostname);
    if (refusal !== undefined && agent.strict) noteRefusal(agent, refusal);
    agent.log("error", `Could not securely connect to ${server}: ${getFailed(server, refusal, error)}`);
    return "failed";
  }
}

async function probeWithSystemStore(
  agent: AgentProcess,
  trust: Trust,
  bundle: string | undefined,
): Promise<SecureConnection> {
  const goOn: SecureConnection = { kind: "trusted", trust, validWithBundle: false, bundle };
  try {
    await probe(agent, trust);
    return goOn;
  } catch (error) {
    if (agent.signal.aborted) return { kind: "exit", code: TERMINATED };
    const refusal = refusalOf(error, new URL(agent.server).hostname);
    if (refusal === undefined) return goOn;
    noteRefusal(agent, refusal);
    agent.log("fatal", `${explain(refusal)} error: ${getFailed(agent.server, refusal, error)}`);
    return FAILED;
  }
}

async function probe(agent: AgentProcess, trust: Trust): Promise<void> {
  const { link, standingStill } = agent.surroundings;
  await standingStill(fetchOnce(agent.server, { link, trust, signal: agent.signal, timeoutMs: 5000 }));
}

function noteRefusal(agent: AgentProcess, reason: string): void {
  agent.surroundings.observer.refused({ pod: agent.podName, phase: "start", reason });
}

function getFailed(server: string, refusal: string | undefined, error: unknown): string {
  const inner = error instanceof Error ? error.message : String(error);
  return `Get "${server}": ${refusal === undefined ? inner : `tls: failed to verify certificate: ${refusal}`}`;
}

/** The sentence that the agent's binary puts before each kind of refusal. */
function explain(refusal: string): string {
  const shown = "Certificate information is displayed above.";
  if (refusal.includes("expired")) {
    return `Server certificate is not valid, please check if the host has the correct time configured and if the server certificate has a notAfter date and time in the future. ${shown}`;
  }
  if (refusal.includes("is valid for") || refusal.includes("Common Name")) {
    return `Server certificate does not contain correct DNS and/or IP address entries in the Subject Alternative Names (SAN). ${shown}`;
  }
  return `Certificate chain is not complete, please check if all needed intermediate certificates are included in the server certificate (in the correct order) and if the cacerts setting in Rancher either contains the correct CA certificate (in the case of using self signed certificates) or is empty (in the case of using a certificate signed by a recognized CA). ${shown}`;
}
