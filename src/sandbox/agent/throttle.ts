import type { Clock } from "../clock.ts";
import type { TunnelHandler } from "../rancher/tunnel.ts";
import type { AgentSurroundings } from "./agent-program.ts";

/** The cluster's API as it is reached over a link that may be slow or swallow everything. */
export function throttled({ api, link }: Pick<AgentSurroundings, "api" | "link">, clock: Clock): TunnelHandler {
  return async (request, signal) => {
    if (link.latencyMs > 0) await new Promise<void>((resolve) => clock.after(link.latencyMs, resolve));
    if (link.halfOpen) await aborted(signal);
    return api(request, signal);
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = () => reject(new Error("the request was cancelled"));
    if (signal.aborted) fail();
    else signal.addEventListener("abort", fail, { once: true });
  });
}
