/**
 * Reads an answer whole. Nearly everything that is asked of an API server is small, and a stream for each answer costs
 * more than all the rest of a request: see docs/adr/0011.
 */
import type { Dispatcher } from "undici";

/** An answer of whatever status, with its text. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  /** The server's clock, as HTTP writes it. */
  readonly date: string | undefined;
  readonly body: string;
}

/** What is needed of a pool of connections. */
export type Dispatching = Pick<Dispatcher, "dispatch">;

/**
 * Resolves when the answer has ended. Rejects with the signal's reason as soon as that fires, and with the library's
 * error when there is no whole answer.
 */
export function wholeAnswer(
  pool: Dispatching,
  request: Dispatcher.DispatchOptions,
  signal?: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) reject(signal.reason);
    else pool.dispatch(request, new Collector({ resolve, reject }, signal));
  });
}

interface Awaiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Called by the library as the answer comes in. */
class Collector implements Dispatcher.DispatchHandler {
  readonly #awaiting: Awaiting;
  readonly #signal: AbortSignal | undefined;
  readonly #chunks: Buffer[] = [];
  #head: Omit<Answer, "body"> = { status: 0, contentType: "", retryAfter: undefined, date: undefined };
  #controller: Dispatcher.DispatchController | undefined;

  constructor(awaiting: Awaiting, signal: AbortSignal | undefined) {
    this.#awaiting = awaiting;
    this.#signal = signal;
    signal?.addEventListener("abort", this.#giveUp, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#signal?.aborted === true) this.#giveUp();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    this.#head = {
      status,
      contentType: single(headers["content-type"]) ?? "",
      retryAfter: single(headers["retry-after"]),
      date: single(headers.date),
    };
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#signal?.removeEventListener("abort", this.#giveUp);
    const [first, ...others] = this.#chunks;
    const bytes = first === undefined || others.length > 0 ? Buffer.concat(this.#chunks) : first;
    this.#awaiting.resolve({ ...this.#head, body: withoutMark(bytes) });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#signal?.removeEventListener("abort", this.#giveUp);
    this.#awaiting.reject(error);
  }

  /** A request that still waits for a connection is given up as soon as it is begun. */
  readonly #giveUp = (): void => {
    this.#awaiting.reject(this.#signal?.reason);
    this.#controller?.abort(new Error("given up"));
  };
}

/** The first value of a header. */
export function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

/** Some proxies put a byte order mark before JSON, which no parser takes. */
function withoutMark(bytes: Buffer): string {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return bytes.toString("utf8", marked ? 3 : 0);
}
