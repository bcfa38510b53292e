/**
 * Which of what Rancher holds for a cluster, and of what Rancher's parts hold inside it, is stale, and what follows from
 * it. Pure: by fingerprints, by what tokens say of themselves and by what the cluster answered to them.
 */
import { clusterTarget } from "../../checks/check.ts";
import { CLUSTER_AGENT } from "../../estate/agent.ts";
import { AGENT_ACCOUNT, type ClusterAccess, type NeighbourPod, type TokenSecret } from "../../estate/cluster-access.ts";
import type { Finding } from "../../findings.ts";
import { finding } from "../../findings.ts";
import type { Comparison } from "./comparison.ts";

export interface AccessVerdict {
  readonly comparisons: readonly Comparison[];
  readonly findings: readonly Finding[];
  /** Secrets that are to go: the API server refuses their token, or their `ca.crt` is not the cluster's CA. */
  readonly doomed: { readonly agent: readonly TokenSecret[]; readonly persons: readonly TokenSecret[] };
  /** Rancher's own CA or token for the cluster is stale or missing. */
  readonly heldStale: boolean;
  /** The agent must start anew, and pins another bundle than Rancher serves: it needs that pin first. */
  readonly pinStale: boolean;
}

/** @param servedPin what agents must be pinned to, to come back after a restart */
export function judgeAccess(access: ClusterAccess, servedPin: string): AccessVerdict {
  const { own } = access;
  const ca = compareCa(access);
  const token = compareToken(access);
  const agent = own.agentTokens.map((secret) => compareSecret(secret, "agent-token", own.ca));
  const persons = own.personTokens.map((secret) => compareSecret(secret, "person-token", own.ca));
  const comparisons = [ca, token, ...agent, ...persons];
  const doomed = {
    agent: own.agentTokens.filter((_, index) => agent[index]?.state === "stale"),
    persons: own.personTokens.filter((_, index) => persons[index]?.state === "stale"),
  };
  const heldStale = [ca, token].some(({ state }) => state === "stale" || state === "missing");
  const pin = comparePin(access, servedPin, { doomed, heldStale });
  if (pin !== undefined) comparisons.push(pin);
  const verdict = { comparisons, doomed, heldStale, pinStale: pin !== undefined };
  const against = obstacles(access, servedPin, verdict);
  // Of another cluster, nothing that was found says anything about this one.
  const isOther = against.some(({ code }) => code === "refresh.other-cluster" || code === "refresh.no-agent");
  const about = isOther ? [] : [...facts(access, verdict), ...leftAlone(access, servedPin, verdict)];
  return { ...verdict, findings: [...against, ...about] };
}

/** Nothing has to be done about the cluster. */
export function isCurrent({ doomed, heldStale }: Pick<AccessVerdict, "doomed" | "heldStale">): boolean {
  return !heldStale && doomed.agent.length === 0 && doomed.persons.length === 0;
}

/** What Rancher itself holds and was not seen to be right; what could not be asked about proves nothing. */
export function notHeld({ comparisons }: Pick<AccessVerdict, "comparisons">): Comparison[] {
  return comparisons.filter(({ subject, state }) => (subject === "ca" || subject === "token") && state !== "same");
}

/** The agent has to start anew: to get a new token, or to report what Rancher does not hold. */
export function needsRestart({ doomed, heldStale }: Pick<AccessVerdict, "doomed" | "heldStale">): boolean {
  return heldStale || doomed.agent.length > 0;
}

function compareCa({ held, own }: ClusterAccess): Comparison {
  const [ours, theirs] = [shown(held.ca), shown(own.ca)];
  const common = { subject: "ca", where: "status.caCert", held: ours, own: theirs } as const;
  if (own.ca.length === 0) return { ...common, state: "unknown", why: "the cluster shows no CA" };
  if (held.ca.length === 0) return { ...common, state: "missing", why: "Rancher holds no CA" };
  if (sameCa(held.ca, own.ca)) return { ...common, state: "same", why: "the cluster's CA" };
  return { ...common, state: "stale", why: "another CA than the cluster's" };
}

function compareToken({ held, own }: ClusterAccess): Comparison {
  const { token, storage } = held;
  const where = storage.kind === "secret" ? `Secret cattle-global-data/${storage.name}` : "status.serviceAccountToken";
  const theirs = own.agentTokens.find((secret) => secret.token?.accepted === "yes")?.token?.fingerprint ?? "";
  const common = { subject: "token", where, held: token?.fingerprint ?? "", own: theirs } as const;
  if (token === undefined) return { ...common, state: "missing", why: "Rancher holds no token" };
  return { ...common, ...tokenState(token.accepted) };
}

function tokenState(accepted: "yes" | "no" | "unknown"): Pick<Comparison, "state" | "why"> {
  switch (accepted) {
    case "yes":
      return { state: "same", why: "the cluster accepts it" };
    case "no":
      return { state: "stale", why: "the cluster refuses it" };
    case "unknown":
      return { state: "unknown", why: "the cluster could not be asked about it" };
  }
}

function compareSecret(secret: TokenSecret, subject: Comparison["subject"], ownCa: readonly string[]): Comparison {
  const where = `Secret ${secret.namespace}/${secret.name}`;
  const common = { subject, where, held: secret.token?.fingerprint ?? "", own: "" };
  if (secret.token === undefined) return { ...common, state: "missing", why: "it holds no token yet" };
  const judged = tokenState(secret.token.accepted);
  const otherCa = secret.ca.length > 0 && ownCa.length > 0 && !sameCa(secret.ca, ownCa);
  if (judged.state === "same" && otherCa)
    return { ...common, state: "stale", why: "its ca.crt is not the cluster's CA" };
  return { ...common, ...judged };
}

/** Undefined where it is the served one, or has not to start, or where pods of it differ. */
function comparePin(
  access: ClusterAccess,
  servedPin: string,
  judged: Pick<AccessVerdict, "doomed" | "heldStale">,
): Comparison | undefined {
  const pinned = pinnedPods(access).filter((pod) => !isNodeAgent(pod));
  const [first] = pinned;
  const { namespace, deployment } = CLUSTER_AGENT;
  const isOne = pinned.every(({ name, pin }) => pin === first?.pin && name.startsWith(`${deployment}-`));
  if (first === undefined || first.pin === servedPin || !isOne || !needsRestart(judged)) return undefined;
  const where = `Deployment ${namespace}/${deployment}`;
  const why = `Rancher serves ${servedPin.slice(0, 16)}`;
  return { subject: "pin", where, state: "stale", held: first.pin.slice(0, 16), own: "", why };
}

function pinnedPods({ own }: ClusterAccess): NeighbourPod[] {
  return own.pods.filter(({ account, pin }) => account === AGENT_ACCOUNT.name && pin !== "");
}

/** Pods of the DaemonSets `cattle-node-agent` and `cattle-node-agent-windows` (Rancher ≤ 2.11). */
function isNodeAgent({ name }: NeighbourPod): boolean {
  return name.startsWith("cattle-node-agent");
}

/** Pods that must not start anew: they pin another bundle than is served, and would not come back. */
export function pinnedElsewhere(access: ClusterAccess, servedPin: string): NeighbourPod[] {
  return pinnedPods(access).filter(({ pin }) => pin !== servedPin);
}

function sameCa(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((fingerprint) => other.includes(fingerprint));
}

function shown(fingerprints: readonly string[]): string {
  return fingerprints.map((fingerprint) => fingerprint.slice(0, 16)).join(" ");
}

type Judged = Omit<AccessVerdict, "findings">;

/** What must be mended before a refresh, or shows that a refresh is not what is needed. */
function obstacles(access: ClusterAccess, servedPin: string, judged: Judged): Finding[] {
  const { held, own, driver } = access;
  const target = clusterTarget(access);
  const found: Finding[] = [];
  if (!REPORTING_DRIVERS.includes(driver)) {
    found.push(
      finding("refresh.driver", target, `Rancher has the CA and token of ${target} from its provider (${driver}).`),
    );
  }
  if (own.registeredAs !== undefined && own.registeredAs !== access.id) {
    const sentence = `The kubeconfig leads to the cluster that Rancher calls ${own.registeredAs}, not to ${target}.`;
    return [...found, finding("refresh.other-cluster", target, sentence)];
  }
  if (own.accountUid === undefined) {
    const sentence = `There is no service account ${AGENT_ACCOUNT.namespace}/${AGENT_ACCOUNT.name} in ${target}.`;
    return [...found, finding("refresh.no-agent", target, sentence)];
  }
  const { token } = held;
  if (
    token?.subject === AGENT_ACCOUNT.subject &&
    token.accountUid !== undefined &&
    token.accountUid !== own.accountUid
  ) {
    const sentence = `Rancher's token for ${target} is for the account ${token.accountUid}, and the cluster's is ${own.accountUid}.`;
    found.push(finding("refresh.recreated", target, sentence));
  }
  const stray = pinnedElsewhere(access, servedPin).find((pod) => !isNodeAgent(pod));
  if (stray !== undefined && needsRestart(judged) && !judged.pinStale) {
    const sentence = `Pod ${stray.name} of ${target} pins ${stray.pin.slice(0, 12)}, and Rancher serves ${servedPin.slice(0, 12)}.`;
    found.push(finding("refresh.pin-differs", target, sentence));
  }
  return found;
}

/** Agents of these report CA and token; Rancher looks at no other's (pkg/tunnelserver/mcmauthorizer). */
const REPORTING_DRIVERS = ["imported", "k3s", "k3os", "rancherd", "rke2", ""];

/** Node agents that a refresh leaves as they are: moving them to another bundle is a rotation's business. */
function leftAlone(access: ClusterAccess, servedPin: string, judged: Judged): Finding[] {
  const left = pinnedElsewhere(access, servedPin).filter(isNodeAgent);
  if (left.length === 0 || !needsRestart(judged)) return [];
  const target = clusterTarget(access);
  const names = left.map(({ name }) => name).join(", ");
  const sentence = `Node agents of ${target} pin another bundle than Rancher serves, and are left as they are: ${names}.`;
  return [finding("refresh.node-agents-left", target, sentence)];
}

/** Which of the doors was the wrong one. */
function facts(access: ClusterAccess, { comparisons, doomed, pinStale }: Judged): Finding[] {
  const target = clusterTarget(access);
  const found: Finding[] = [];
  const state = (subject: Comparison["subject"]) => comparisons.find((one) => one.subject === subject)?.state;
  const [ca, token] = [state("ca"), state("token")];
  if (ca === "stale" || ca === "missing") {
    const beside = token === "same" ? "; its token is accepted" : "";
    found.push(finding("refresh.ca-stale", target, `Rancher holds another CA for ${target} than it has${beside}.`));
  }
  if (token === "stale" || token === "missing") {
    const beside = ca === "same" ? "; its CA is right" : "";
    found.push(
      finding("refresh.token-stale", target, `The token that Rancher holds for ${target} is refused by it${beside}.`),
    );
  }
  if (pinStale) {
    const sentence = `Rancher serves another bundle than the agent of ${target} pins, and that agent must start anew.`;
    found.push(finding("refresh.pin-stale", target, sentence));
  }
  if (doomed.persons.length > 0) {
    const sentence = `Tokens for people's requests to ${target} are stale: ${doomed.persons.length}.`;
    found.push(finding("refresh.person-tokens-stale", target, sentence));
  }
  const clock = clockOff(access);
  if (clock !== undefined) return [...found, clock];
  if (notHeld({ comparisons }).length === 0 && access.ready?.status !== "True") found.push(notTheKeys(access));
  return found;
}

/** Tokens and certificates are judged by it, also where nobody complains of a certificate. */
function clockOff(access: ClusterAccess): Finding | undefined {
  const seconds = access.own.clockAheadSeconds;
  if (seconds === undefined) return undefined;
  const target = clusterTarget(access);
  const far =
    Math.abs(seconds) < 120 ? `${Math.abs(seconds)} seconds` : `${Math.round(Math.abs(seconds) / 60)} minutes`;
  const sentence = `The clock of ${target} is ${far} ${seconds > 0 ? "ahead of" : "behind"} this machine's.`;
  return finding("refresh.clock", target, sentence);
}

/** The cluster is not Ready, and neither its CA nor its token is why. */
function notTheKeys(access: ClusterAccess): Finding {
  const target = clusterTarget(access);
  const said = access.ready?.message ?? "";
  const told = said === "" ? "" : `: ${said}`;
  if (/expired or is not yet valid|not yet valid|has expired/i.test(said)) {
    return finding("refresh.clock", target, `A certificate of ${target} is not valid at this time${told}`);
  }
  return finding(
    "refresh.network",
    target,
    `Rancher does not show ${target} Ready, and its CA and token are right${told}`,
  );
}
