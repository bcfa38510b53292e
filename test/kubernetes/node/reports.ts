/** Takes what agents in real containers report, and tells it to whom agents of the sandbox tell it. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { AgentObserver } from "../../../src/sandbox/agent/observer.ts";
import { textOf } from "../control-plane/network-client.ts";
import type { Report } from "./report.ts";

export interface Reports {
  readonly url: string;
  stop(): Promise<void>;
}

export async function receiveReports(observer: AgentObserver): Promise<Reports> {
  const server = createServer(async (request, response) => {
    // Only our own agents know of it.
    tell(observer, JSON.parse(await textOf(request)) as Report);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // It listens on a port, not on a path.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function tell(observer: AgentObserver, { pod, what }: Report): void {
  switch (what.kind) {
    case "started":
      observer.started(pod);
      break;
    case "exited":
      observer.exited(pod, what.code);
      break;
    case "pin-mismatch":
      observer.pinMismatch(pod);
      break;
    case "refused":
      observer.refused({ pod, phase: what.phase, reason: what.reason });
      break;
  }
}
