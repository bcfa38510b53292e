/**
 * A cluster's API through `kubectl` on a node, request by request: each is one command in a session of its own. For nodes
 * whose SSH server forwards no ports (`AllowTcpForwarding no`, as hardening guides ask for).
 */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { FarrierError } from "../errors.ts";
import { type Asked, errorOfConnection } from "../kubernetes/api-error.ts";
import type { Exchange, StreamedAnswer, TransportRequest } from "../kubernetes/transport.ts";
import type { Answer } from "../kubernetes/whole-answer.ts";
import { Secret } from "../pki/secret.ts";
import { quoted } from "../plan/shell-word.ts";
import { kubectlPrelude, NO_KUBECONFIG, NO_KUBECTL } from "./kubectl-script.ts";
import type { NodeFiles } from "./node-kubeconfig.ts";
import { complaintsOf, endOf, errorOfSession, nodeCalled, type SshTarget, startSession } from "./ssh.ts";

/** Sessions at the same time: `sshd` begins to drop further ones at ten. */
const SESSIONS = 4;
/** A session takes its time to begin. */
const SESSION_MS = 20_000;
const TIMEOUT_MS = 30_000;

export class NodeKubectl implements Exchange {
  /** No connection begins here: kubectl knows the server. */
  readonly origin = "https://127.0.0.1";
  readonly #target: SshTarget;
  readonly #prelude: Secret;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** @param kubeconfig where there is no file on the node that kubectl could be told to read */
  constructor(target: SshTarget, files: NodeFiles, kubeconfig?: Secret) {
    this.#target = target;
    this.#prelude = Secret.of(kubectlPrelude(files, kubeconfig?.reveal()));
  }

  async send(asked: Asked, request: TransportRequest): Promise<Answer> {
    await this.#turn();
    try {
      return await this.#exchange(asked, request);
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  /** For watches; one that fails shows in its body, as a broken connection would. */
  async stream(asked: Asked, request: TransportRequest): Promise<StreamedAnswer> {
    const session = this.#start(request);
    const complaints = complaintsOf(session);
    const end = (): void => void session.kill();
    request.signal?.addEventListener("abort", end, { once: true });
    const { stdout } = session;
    stdout.once("close", end);
    endOf(session).then(
      (code) => {
        if (code !== 0 && !stdout.destroyed) stdout.destroy(failureOf(asked, complaints()));
      },
      (error: Error) => stdout.destroy(error),
    );
    return { ...JSON_ANSWER, status: 200, body: readable(stdout) };
  }

  connect(asked: Asked): Promise<never> {
    const sentence = `${nodeCalled(this.#target)} forwards no ports by SSH, which is needed to: ${asked.what}.`;
    throw new FarrierError("ssh.no-forwarding", sentence);
  }

  async #turn(): Promise<void> {
    while (this.#running >= SESSIONS) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running += 1;
  }

  #start(request: TransportRequest): ChildProcessWithoutNullStreams {
    const session = startSession(this.#target);
    // A session that could not be opened is told of by its end.
    session.stdin.on("error", () => {});
    session.stdin.end(`${this.#prelude.reveal()}${commandOf(request)}`);
    return session;
  }

  async #exchange(asked: Asked, request: TransportRequest): Promise<Answer> {
    const session = this.#start(request);
    const complaints = complaintsOf(session);
    const end = (): void => void session.kill();
    request.signal?.addEventListener("abort", end, { once: true });
    const late = setTimeout(end, (request.timeoutMs ?? TIMEOUT_MS) + SESSION_MS);
    try {
      const [body, code] = await Promise.all([text(session.stdout), endOf(session)]);
      request.signal?.throwIfAborted();
      if (code === 0) return { ...JSON_ANSWER, status: 200, body };
      return this.#refusal(asked, complaints(), code);
    } finally {
      clearTimeout(late);
      request.signal?.removeEventListener("abort", end);
    }
  }

  /** @throws FarrierError where it was not the API server that refused */
  #refusal(asked: Asked, complaints: string, code: number | null): Answer {
    const node = nodeCalled(this.#target);
    if (code === NO_KUBECONFIG) throw new FarrierError("ssh.no-kubeconfig", `No kubeconfig can be read on ${node}.`);
    if (code === NO_KUBECTL) {
      throw new FarrierError(
        "ssh.no-kubectl",
        `Neither kubectl nor the agent's image to run it in was found on ${node}.`,
      );
    }
    if (code === 255 || code === null) throw errorOfSession(this.#target, complaints, code);
    const refused = statusIn(complaints);
    if (refused === undefined) throw failureOf(asked, complaints);
    return { ...JSON_ANSWER, status: refused.code, body: JSON.stringify({ kind: "Status", ...refused }) };
  }
}

/** kubectl tells nothing of the headers. */
const JSON_ANSWER = { contentType: "application/json", retryAfter: undefined, date: undefined } as const;

/** A child's stdout is a Readable; only the library's own way to read it whole is added. */
function readable(stdout: Readable): StreamedAnswer["body"] {
  return Object.assign(stdout, { text: () => text(stdout) });
}

/** What kubectl says is not repeated: it may hold what was to be written. */
function failureOf(asked: Asked, complaints: string): Error {
  const unreachable = /Unable to connect|connection refused|no such host|i\/o timeout|did you specify the right host/;
  const code = unreachable.test(complaints) ? "ECONNREFUSED" : "KUBECTL_FAILED";
  return errorOfConnection(asked, Object.assign(new Error("kubectl failed"), { code }));
}

const CODES: Readonly<Record<string, number>> = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  Conflict: 409,
  AlreadyExists: 409,
  Expired: 410,
  Gone: 410,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
};

/** `Error from server (Conflict): …`: kubectl's words for a Status. */
function statusIn(complaints: string): { reason: string; message: string; code: number } | undefined {
  if (/You must be logged in to the server|\(Unauthorized\)/.test(complaints)) {
    return { reason: "Unauthorized", message: "Unauthorized", code: 401 };
  }
  const found = /Error from server(?: \((\w+)\))?: (.*)/.exec(complaints);
  // `The Deployment "x" is invalid: …` is how an Invalid is told.
  if (found === null && / is invalid: /.test(complaints)) return { reason: "Invalid", message: "", code: 422 };
  if (found === null) return undefined;
  const [, reason = "InternalError", message = ""] = found;
  return { reason, message, code: CODES[reason] ?? 500 };
}

/** The request as a command; what is sent goes through stdin, as a here-document of one line. */
function commandOf({ method, path, body = "", headers = {} }: TransportRequest): string {
  const sent = ` -f - <<'FARRIER_BODY'\n${body}\nFARRIER_BODY\n`;
  switch (method) {
    case "GET":
      return `k get --raw ${quoted(path)}\n`;
    case "POST":
      return `k create --raw ${quoted(path)}${sent}`;
    case "PUT":
      return `k replace --raw ${quoted(path)}${sent}`;
    case "DELETE":
      return `k delete --raw ${quoted(path)}${sent}`;
    case "PATCH":
      return patchCommand(path, body, headers["content-type"] ?? "");
  }
}

const PATH = /^\/apis?\/(?:([^/]+)\/)?(v[^/]+)\/(?:namespaces\/([^/]+)\/)?([^/]+)\/([^/?]+)(?:\/([^/?]+))?(?:\?(.*))?$/;
const TYPES: Readonly<Record<string, string>> = {
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
  "application/json-patch+json": "json",
};

/** `kubectl patch` is the one verb that takes no path. */
function patchCommand(path: string, body: string, contentType: string): string {
  const [, group, version = "", namespace, plural = "", name = "", subresource, query = ""] = PATH.exec(path) ?? [];
  const kind = group === undefined ? plural : `${plural}.${version}.${group}`;
  const words = [
    "k patch",
    quoted(kind),
    quoted(name),
    ...(namespace === undefined ? [] : [`-n ${quoted(namespace)}`]),
    `--type=${TYPES[contentType] ?? "merge"}`,
    ...(subresource === undefined ? [] : [`--subresource=${quoted(subresource)}`]),
    ...(query.includes("dryRun=All") ? ["--dry-run=server"] : []),
    "-o json",
    `-p ${quoted(body)}`,
  ];
  return `${words.join(" ")}\n`;
}
