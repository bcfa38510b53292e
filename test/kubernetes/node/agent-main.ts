/** What a container of the image `rancher/rancher-agent` runs: the simulated agent, as a process of its own in a real pod. */

import { readFileSync } from "node:fs";
import { agentProgram } from "../../../src/sandbox/agent/agent-program.ts";
import { FaultyLink } from "../../../src/sandbox/agent/link.ts";
import type { AgentObserver } from "../../../src/sandbox/agent/observer.ts";
import { realClock } from "../../../src/sandbox/clock.ts";
import { NetworkClient } from "../control-plane/network-client.ts";
import { Wire } from "../control-plane/wire.ts";
import { type Report, VARIABLES } from "./report.ts";

/** Where the kubelet puts what a pod needs to be a client of its cluster. */
const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

const { namespace, pod, node } = boundTo();
const reports: Promise<unknown>[] = [];

/** There is no service network: the image knows where the API server is. */
const wire = new Wire(variable(VARIABLES.apiServer), readFileSync(`${ACCOUNT}/ca.crt`, "utf8"));
const own = wire.as({ authorization: async () => `Bearer ${readFileSync(`${ACCOUNT}/token`, "utf8")}` });

const observer: AgentObserver = {
  started: () => tell({ kind: "started" }),
  exited: (_pod, code) => tell({ kind: "exited", code }),
  pinMismatch: () => tell({ kind: "pin-mismatch" }),
  refused: ({ phase, reason }) => tell({ kind: "refused", phase, reason }),
};

const program = agentProgram({
  link: new FaultyLink(0),
  observer,
  api: (request, signal) =>
    request.headers.authorization === undefined ? own(request, signal) : wire.forwarded(request, signal),
  systemRoots: "",
  random: Math.random,
  startedEarlier: () => false,
  holdLease: () => () => {},
  standingStill: (work) => work,
  isBroken: () => false,
});

const running = program.start({
  pod: {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...pod, namespace, resourceVersion: "" },
    spec: { nodeName: node.name },
  },
  container: { name: "", image: "" },
  env: Object.fromEntries(Object.entries(process.env).map(([name, value]) => [name, value ?? ""])),
  client: new NetworkClient(own),
  readFile: (path) => {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return undefined;
    }
  },
  log: (line) => process.stdout.write(`${line}\n`),
  clock: keepingAlive(),
});
process.on("SIGTERM", () => running.stop());
const code = await running.exited;
await Promise.allSettled(reports);
process.exit(code);

/** What the pod's token says of the pod that it was made for. */
function boundTo(): { namespace: string; pod: { name: string; uid: string }; node: { name: string } } {
  const [, claims = ""] = readFileSync(`${ACCOUNT}/token`, "utf8").split(".");
  return JSON.parse(Buffer.from(claims, "base64url").toString())["kubernetes.io"];
}

/** The sandbox's timers keep no process alive; here they are what the process lives for. */
function keepingAlive() {
  setInterval(() => {}, 60_000);
  return realClock();
}

function tell(what: Report["what"]): void {
  const to = process.env[VARIABLES.reports];
  if (to === undefined) return;
  const report: Report = { namespace, pod: pod.name, what };
  reports.push(fetch(to, { method: "POST", body: JSON.stringify(report) }));
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}
