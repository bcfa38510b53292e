import { createHash } from "node:crypto";
import { z } from "zod";
import { sharedText } from "../api-server/shared-text.ts";
import { type AgentProcess, TERMINATED } from "./process.ts";
import { asCurlSaysIt, type Fetched, fetchOnce } from "./request.ts";
import { pemCertificates } from "./trust.ts";

/** Either the container ends, or it goes on with the bundle that it fetched (undefined: it is not pinned). */
export type StartCheck =
  | { readonly kind: "exit"; readonly code: number }
  | { readonly kind: "passed"; readonly bundle: string | undefined };

const FAILED: StartCheck = { kind: "exit", code: 1 };

const settingSchema = z.looseObject({ value: z.string().nullish() });

/**
 * The agent's `run.sh`: is Rancher reachable, does it serve the bundle that this agent is pinned to? Both without
 * looking at the server's certificate. An empty `CATTLE_CA_CHECKSUM` skips the second question, and then no bundle
 * is stored at all.
 */
export async function checkServer(agent: AgentProcess): Promise<StartCheck> {
  agent.say("INFO", `Environment: ${environmentOf(agent)}`);
  await agent.sleep(START_MS);
  const ping = await curl(agent, `${agent.server}/ping`);
  if (agent.signal.aborted) return { kind: "exit", code: TERMINATED };
  if (ping.kind === "failed") {
    agent.say("ERROR", `${agent.server}/ping is not accessible (${ping.reason})`);
    return FAILED;
  }
  agent.say("INFO", `${agent.server}/ping is accessible`);
  const pin = agent.context.env.CATTLE_CA_CHECKSUM ?? "";
  return pin === "" ? { kind: "passed", bundle: undefined } : await checkPin(agent, pin);
}

/** How long `run.sh` takes before it asks anything. */
const START_MS = 1000;

async function checkPin(agent: AgentProcess, pin: string): Promise<StartCheck> {
  const url = `${agent.server}/v3/settings/cacerts`;
  const answer = await curl(agent, url);
  if (agent.signal.aborted) return { kind: "exit", code: TERMINATED };
  const value = answer.kind === "answered" ? valueIn(answer.body) : "";
  if (value === "") {
    agent.say(
      "ERROR",
      `The environment variable CATTLE_CA_CHECKSUM is set but there is no CA certificate configured at ${url}`,
    );
    return FAILED;
  }
  if (pemCertificates(value).length === 0) {
    agent.say("ERROR", `Value from ${url} does not look like an x509 certificate (unable to load certificate)`);
    agent.say("ERROR", "Retrieved cacerts:");
    for (const line of value.split("\n")) agent.context.log(line);
    return FAILED;
  }
  agent.say("INFO", `Value from ${url} is an x509 certificate`);
  return comparePins(agent, { pin, url, bundle: `${value}\n` });
}

/** `jq -r` writes the value and a newline, and that is what is hashed and stored. */
function comparePins(agent: AgentProcess, found: { pin: string; url: string; bundle: string }): StartCheck {
  const served = createHash("sha256").update(found.bundle).digest("hex");
  if (served === found.pin || agent.surroundings.startedEarlier())
    return { kind: "passed", bundle: sharedText(found.bundle) };
  agent.surroundings.observer.pinMismatch(agent.podName);
  agent.say("ERROR", `Configured cacerts checksum (${served}) does not match given --ca-checksum (${found.pin})`);
  agent.say("ERROR", `Please check if the correct certificate is configured at ${found.url}`);
  return FAILED;
}

type CurlAnswer =
  | { readonly kind: "answered"; readonly body: string }
  | { readonly kind: "failed"; readonly reason: string };

/** `curl --insecure -fL` */
async function curl(agent: AgentProcess, url: string): Promise<CurlAnswer> {
  let answer: Fetched;
  try {
    const { link, standingStill } = agent.surroundings;
    answer = await standingStill(fetchOnce(url, { link, signal: agent.signal }));
  } catch (error) {
    return { kind: "failed", reason: asCurlSaysIt(error, url) };
  }
  if (answer.status < 400) return { kind: "answered", body: answer.body };
  return { kind: "failed", reason: `The requested URL returned error: ${answer.status}` };
}

/** `jq -r '.value | select(length > 0)'`; what is no JSON counts as nothing. */
function valueIn(body: string): string {
  try {
    return settingSchema.parse(JSON.parse(body)).value ?? "";
  } catch {
    return "";
  }
}

function environmentOf(agent: AgentProcess): string {
  const ours = Object.entries(agent.context.env).filter(([name]) => name.startsWith("CATTLE"));
  return ours
    .sort(([a], [b]) => a.localeCompare(b, "en"))
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}
