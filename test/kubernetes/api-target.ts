/** An API server that the behavioural suite talks to: the sandbox's, or a real one. */

import { Agent, fetch } from "undici";

export interface ApiTarget {
  readonly baseUrl: string;
  /** PEM. */
  readonly ca: string;
  /** Of an administrator. */
  readonly token: string;
  /** Makes it forget changes of long ago, where many writes since then do not. */
  forget?(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape; a wrong look fails the test.
  readonly body: any;
}

export interface Call {
  readonly body?: unknown;
  /** Sent as it is, in place of a body in JSON. */
  readonly text?: string;
  readonly contentType?: string;
  readonly accept?: string;
  /** Null sends none. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface WatchLine {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: see Answer.
  readonly object: any;
}

/** A plain HTTP client that knows nothing of Kubernetes but its media types. */
export class ApiCaller {
  readonly #target: ApiTarget;
  readonly #agent: Agent;

  constructor(target: ApiTarget) {
    this.#target = target;
    this.#agent = new Agent({ connect: { ca: target.ca } });
  }

  async call(method: string, path: string, call: Call = {}): Promise<Answer> {
    const response = await this.#request(method, path, call);
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json");
    return {
      status: response.status,
      headers: new Headers([...response.headers]),
      body: isJson ? JSON.parse(text) : text,
    };
  }

  patch(path: string, type: "merge" | "strategic-merge" | "json" | "apply", body: unknown): Promise<Answer> {
    const contentType = type === "apply" ? "application/apply-patch+yaml" : `application/${type}-patch+json`;
    return this.call("PATCH", path, { body, contentType });
  }

  /** Reads a watch until the condition holds for the events so far, or the server ends it. */
  async watch(path: string, enough: (events: readonly WatchLine[]) => boolean): Promise<readonly WatchLine[]> {
    const response = await this.#request("GET", path, {});
    const events: WatchLine[] = [];
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      events.push(...lines.map((line) => JSON.parse(line)));
      if (enough(events)) break;
    }
    return events;
  }

  /** Forty writes later, no watch can go back to what was before them. */
  async forget(path: string): Promise<void> {
    for (let count = 0; count < 40; count += 1) await this.patch(path, "merge", { data: { count: String(count) } });
    await this.#target.forget?.();
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  #request(method: string, path: string, { body, text, contentType, accept, token, headers }: Call) {
    const content = text ?? (body === undefined ? undefined : JSON.stringify(body));
    const bearer = token === undefined ? this.#target.token : token;
    return fetch(this.#target.baseUrl + path, {
      method,
      dispatcher: this.#agent,
      headers: {
        accept: accept ?? "application/json",
        ...(content === undefined ? {} : { "content-type": contentType ?? "application/json" }),
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
        ...headers,
      },
      ...(content === undefined ? {} : { body: content }),
    });
  }
}
