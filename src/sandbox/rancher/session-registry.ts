import type { WebSocket } from "ws";
import { type TunnelRequest, type TunnelResponse, tunnelOver } from "./tunnel.ts";

/** One open connection of an agent. */
export interface Session {
  /** `c-…` for the tunnel, `stv-cluster-c-…` for the aggregation. */
  readonly key: string;
  /** The Rancher pod that holds it. */
  readonly pod: string;
  readonly since: Date;
  ask(request: TunnelRequest, signal: AbortSignal): Promise<TunnelResponse>;
  /** Resolves true when the other end answered within that many wall milliseconds. */
  ping(timeoutMs: number): Promise<boolean>;
  close(): void;
}

/** Told whenever a cluster gains its first or loses its last session of a kind. */
export type SessionListener = (key: string, open: boolean) => void;

/**
 * All sessions of the estate, whichever Rancher pod holds them: the pods of one Rancher are peers and forward
 * requests to the one that has the session. They die with their pod.
 */
export class SessionRegistry {
  readonly #sessions = new Map<string, Set<Session>>();
  readonly #listener: SessionListener;

  constructor(listener: SessionListener) {
    this.#listener = listener;
  }

  /** Takes an accepted connection in; it is forgotten by itself when it closes. */
  add(socket: WebSocket, key: string, pod: string, since: Date): void {
    const session: Session = {
      key,
      pod,
      since,
      ask: tunnelOver(socket),
      ping: (timeoutMs) => pinged(socket, timeoutMs),
      close: () => socket.terminate(),
    };
    const sessions = this.#sessions.get(key) ?? new Set();
    this.#sessions.set(key, sessions.add(session));
    if (sessions.size === 1) this.#listener(key, true);
    socket.once("close", () => {
      sessions.delete(session);
      if (sessions.size === 0) this.#listener(key, false);
    });
  }

  has(key: string): boolean {
    return (this.#sessions.get(key)?.size ?? 0) > 0;
  }

  /** The youngest session: an older one may already be dying. */
  find(key: string): Session | undefined {
    return [...(this.#sessions.get(key) ?? [])].at(-1);
  }

  /** Breaks every session that this pod holds. */
  closePod(pod: string): void {
    for (const sessions of this.#sessions.values()) {
      for (const session of sessions) if (session.pod === pod) session.close();
    }
  }
}

/** The key of a cluster's second session. */
export function aggregationKey(clusterId: string): string {
  return `stv-cluster-${clusterId}`;
}

function pinged(socket: WebSocket, timeoutMs: number): Promise<boolean> {
  if (socket.readyState !== socket.OPEN) return Promise.resolve(false);
  return new Promise((resolve) => {
    const timer = setTimeout(() => settle(false), timeoutMs);
    const settle = (answered: boolean) => {
      clearTimeout(timer);
      socket.off("pong", onPong);
      resolve(answered);
    };
    const onPong = () => settle(true);
    timer.unref();
    socket.on("pong", onPong);
    socket.ping();
  });
}
