import type { RawData, WebSocket } from "ws";

/**
 * The two ends of an agent's tunnel: Rancher sends requests through the connection that the agent opened, the agent
 * answers them from its own cluster. Real Rancher carries TCP connections in it; here it is HTTP requests, which is
 * what goes through them. Frame: one byte kind, four bytes number of the request, four bytes length of the payload,
 * payload. A message holds all frames of one turn of the event loop, since each costs an encryption and a system call.
 */
const KIND = { request: 1, head: 2, data: 3, end: 4, cancel: 5, failure: 6 } as const;

export interface TunnelRequest {
  readonly method: string;
  /** Path and query, as the cluster's API server sees it. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty when there is none. */
  readonly body: Uint8Array;
  /** What the asking side verifies the cluster's API server with, PEM; absent where that is not looked at. */
  readonly ca?: string;
}

export interface TunnelResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Ends when the answer does: for a watch, when it is closed. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Answers requests in the agent's cluster. The signal fires when the asking side has gone away. */
export type TunnelHandler = (request: TunnelRequest, signal: AbortSignal) => Promise<TunnelResponse>;

/** What a caller of a tunnel gets when it breaks, in Rancher's words. */
export const DISCONNECTED = "cluster agent disconnected";

/** Rancher's end. @returns the function that asks; it rejects with `DISCONNECTED` once the connection is gone */
export function tunnelOver(
  socket: WebSocket,
): (request: TunnelRequest, signal: AbortSignal) => Promise<TunnelResponse> {
  const pending = new Map<number, Answer>();
  let next = 1;
  const send = sender(socket);
  const take = (frame: Frame) => {
    const answer = pending.get(frame.id);
    if (answer === undefined) return;
    if (frame.kind === KIND.head) answer.start(JSON.parse(frame.payload.toString()));
    if (frame.kind === KIND.data) answer.push(frame.payload);
    if (frame.kind === KIND.failure) answer.fail(new Error(frame.payload.toString()));
    if (frame.kind === KIND.end) answer.end();
    if (frame.kind === KIND.end || frame.kind === KIND.failure) pending.delete(frame.id);
  };
  socket.on("message", (data) => {
    for (const frame of framesIn(data)) take(frame);
  });
  socket.on("close", () => {
    for (const answer of pending.values()) answer.fail(new Error(DISCONNECTED));
    pending.clear();
  });
  return (request, signal) => {
    if (socket.readyState !== socket.OPEN) return Promise.reject(new Error(DISCONNECTED));
    const id = next++;
    const cancel = () => answer.cancel();
    const answer = new Answer({
      onCancel: () => {
        if (pending.delete(id)) send(KIND.cancel, id);
      },
      // A signal may live much longer than the answer, and would hold on to it.
      onOutcome: () => signal.removeEventListener("abort", cancel),
    });
    pending.set(id, answer);
    signal.addEventListener("abort", cancel, { once: true });
    send(KIND.request, id, Buffer.from(JSON.stringify({ ...request, body: toBase64(request.body) })));
    return answer.response;
  };
}

/** The agent's end. Answers every request with the handler until the connection closes. */
export function serveTunnel(socket: WebSocket, handler: TunnelHandler): void {
  const running = new Map<number, AbortController>();
  const send = sender(socket);
  const take = (frame: Frame) => {
    if (frame.kind === KIND.cancel) running.get(frame.id)?.abort(CANCELLED);
    if (frame.kind !== KIND.request) return;
    const controller = new AbortController();
    running.set(frame.id, controller);
    const { body, ...rest } = JSON.parse(frame.payload.toString());
    answerOne(send, frame.id, () => handler({ ...rest, body: Buffer.from(body, "base64") }, controller.signal))
      .catch((error) => {
        if (!controller.signal.aborted) send(KIND.failure, frame.id, Buffer.from(String(error?.message)));
      })
      .finally(() => running.delete(frame.id));
  };
  socket.on("message", (data) => {
    for (const frame of framesIn(data)) take(frame);
  });
  socket.on("close", () => {
    for (const controller of running.values()) controller.abort(CANCELLED);
  });
}

/** Without a reason, each signal would make an exception of its own, with its stack. */
const CANCELLED = new Error("the request was cancelled");

async function answerOne(send: Send, id: number, answer: () => Promise<TunnelResponse>): Promise<void> {
  const response = await answer();
  const head = { status: response.status, headers: response.headers };
  send(KIND.head, id, Buffer.from(JSON.stringify(head)));
  for await (const chunk of response.body) send(KIND.data, id, chunk);
  send(KIND.end, id);
}

/** One answer on its way: the head as a promise, then the body as a queue that is read asynchronously. */
class Answer {
  readonly response: Promise<TunnelResponse>;
  readonly #resolve: (response: TunnelResponse) => void;
  readonly #reject: (error: Error) => void;
  readonly #onCancel: () => void;
  readonly #onOutcome: () => void;
  readonly #chunks: Uint8Array[] = [];
  #outcome: "open" | "ended" | Error = "open";
  #wake: () => void = () => {};

  constructor({ onCancel, onOutcome }: { readonly onCancel: () => void; readonly onOutcome: () => void }) {
    const { promise, resolve, reject } = Promise.withResolvers<TunnelResponse>();
    this.response = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#onCancel = onCancel;
    this.#onOutcome = onOutcome;
  }

  start(head: Omit<TunnelResponse, "body">): void {
    this.#resolve({ ...head, body: this.#read() });
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#wake();
  }

  end(): void {
    this.#outcome = "ended";
    this.#onOutcome();
    this.#wake();
  }

  fail(error: Error): void {
    this.#outcome = error;
    this.#onOutcome();
    this.#reject(error);
    this.#wake();
  }

  cancel(): void {
    this.#onCancel();
    this.fail(CANCELLED);
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk !== undefined) yield chunk;
        else if (this.#outcome === "ended") return;
        else if (this.#outcome !== "open") throw this.#outcome;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.#onCancel();
    }
  }
}

interface Frame {
  readonly kind: number;
  readonly id: number;
  readonly payload: Buffer;
}

const FRAME_HEAD = 9;

function* framesIn(message: RawData): Generator<Frame> {
  // Every message is sent in one piece and the sockets' binaryType is the default, so `ws` hands out one Buffer.
  const bytes = message as Buffer;
  for (let at = 0; at < bytes.length; ) {
    const start = at + FRAME_HEAD;
    const end = start + bytes.readUInt32BE(at + 5);
    yield { kind: bytes.readUInt8(at), id: bytes.readUInt32BE(at + 1), payload: bytes.subarray(start, end) };
    at = end;
  }
}

type Send = (kind: number, id: number, payload?: Uint8Array) => void;

/** Sends frames over a socket, those of one turn of the event loop together; none once it is closed. */
function sender(socket: WebSocket): Send {
  let waiting: Uint8Array[] = [];
  const flush = () => {
    const frames = waiting;
    waiting = [];
    if (socket.readyState === socket.OPEN) socket.send(Buffer.concat(frames));
  };
  return (kind, id, payload = new Uint8Array()) => {
    const head = Buffer.allocUnsafe(FRAME_HEAD);
    head.writeUInt8(kind, 0);
    head.writeUInt32BE(id, 1);
    head.writeUInt32BE(payload.length, 5);
    if (waiting.length === 0) setImmediate(flush);
    waiting.push(head, payload);
  };
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
