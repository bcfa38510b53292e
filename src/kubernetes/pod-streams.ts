/** What a person watches in a pod: a container's log as it grows, and a command that is run in it. */
import type { RawData, WebSocket } from "ws";
import { z } from "zod";
import { type Asked, errorOfAnswer, errorOfBody, errorOfConnection } from "./api-error.ts";
import { pods, resourcePath } from "./resource.ts";
import type { Exchange, TransportRequest } from "./transport.ts";
import { tooLate } from "./watch.ts";

export interface PodLog {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly deadlineMs: number;
}

export interface PodCommand extends PodLog {
  /** The program and its arguments: no shell takes them apart. */
  readonly command: readonly [string, ...string[]];
}

export interface LogEnd extends PodLog {
  /** How many lines. */
  readonly lines: number;
}

/** A part of the verbs of an API server. */
export interface PodStreams {
  /**
   * Follows a container's log, as a person does who watches it, until the first text comes.
   * Throws an `ApiError` when it cannot be followed; after `deadlineMs` without a text, of kind `deadline`.
   */
  followLog(log: PodLog): Promise<string>;
  /** The last lines of a container's log; they may hold secrets. Throws an `ApiError` when it cannot be read. */
  readLogEnd(end: LogEnd): Promise<string>;
  /**
   * Runs a command in a container, as a person's shell does. @returns what it wrote to its standard output
   * Throws an `ApiError` when it cannot be run, or ends with a failure; after `deadlineMs`, of kind `deadline`.
   */
  run(command: PodCommand): Promise<string>;
}

/** An API server as one account. */
export interface StreamDoor {
  readonly server: string;
  readonly transport: Exchange;
  /** Adds the path of the door and the account's headers. */
  readonly prepared: (request: TransportRequest) => Promise<TransportRequest>;
}

/** The last lines of a log, as they are: they may hold secrets. @throws ApiError */
export async function readLogEnd(door: StreamDoor, { namespace, pod, container, ...end }: LogEnd): Promise<string> {
  const asked: Asked = { server: door.server, what: `read the log of pods/${pod} in ${namespace}`, secret: true };
  // limitBytes bounds lines of whatever length; the API server counts it from where the lines begin.
  const query = new URLSearchParams({ container, tailLines: String(end.lines), limitBytes: "65536" });
  const path = `${resourcePath(pods(namespace), pod, "log")}?${query}`;
  const headers = { accept: "application/json, */*" };
  const request = await door.prepared({ method: "GET", path, headers, timeoutMs: end.deadlineMs });
  const answer = await door.transport.send(asked, request);
  if (answer.status !== 200) throw errorOfAnswer(asked, answer);
  return answer.body;
}

/** The first text of a log; empty where it ends without one. @throws ApiError */
export async function followLog(door: StreamDoor, { namespace, pod, container, deadlineMs }: PodLog): Promise<string> {
  const asked: Asked = { server: door.server, what: `follow the log of pods/${pod} in ${namespace}` };
  const query = new URLSearchParams({ container, follow: "true", tailLines: "1" });
  const path = `${resourcePath(pods(namespace), pod, "log")}?${query}`;
  const late = AbortSignal.timeout(deadlineMs);
  const headers = { accept: "application/json, */*" };
  try {
    const request = await door.prepared({ method: "GET", path, headers, signal: late });
    const answer = await door.transport.stream(asked, request);
    if (answer.status !== 200) throw errorOfAnswer(asked, { status: answer.status, body: await answer.body.text() });
    for await (const chunk of answer.body) return String(chunk);
    return "";
  } catch (error) {
    if (late.aborted) throw tooLate(asked, deadlineMs);
    throw error;
  }
}

/** k8s.io/apimachinery/pkg/util/remotecommand: every version that has WebSockets for commands speaks it. */
const PROTOCOL = "v4.channel.k8s.io";

/** What a command has written to its standard output, once it has ended well. @throws ApiError */
export async function runInPod(door: StreamDoor, command: PodCommand): Promise<string> {
  const { namespace, pod, deadlineMs } = command;
  const asked: Asked = { server: door.server, what: `run ${command.command[0]} in pods/${pod} in ${namespace}` };
  const late = AbortSignal.timeout(deadlineMs);
  const request = await door.prepared({ method: "GET", path: pathOf(command) });
  const [{ WebSocket: Socket }, connection] = await Promise.all([import("ws"), door.transport.connect(asked)]);
  const url = new URL(request.path, door.transport.origin.replace(/^http/, "ws"));
  const socket = new Socket(url, [PROTOCOL], {
    createConnection: () => connection,
    headers: { "user-agent": "farrier", ...request.headers },
    perMessageDeflate: false,
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  late.addEventListener("abort", () => reject(tooLate(asked, deadlineMs)));
  socket.on("error", (error) => reject(errorOfConnection(asked, error)));
  socket.on("unexpected-response", (_request, response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("end", () => {
      reject(errorOfAnswer(asked, { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
  });
  readChannels(socket, asked).then(resolve, reject);
  try {
    return await promise;
  } finally {
    socket.terminate();
    connection.destroy();
  }
}

function pathOf({ namespace, pod, container, command }: PodCommand): string {
  const words = command.map((word): [string, string] => ["command", word]);
  const query = new URLSearchParams([["container", container], ["stdout", "true"], ["stderr", "true"], ...words]);
  return `${resourcePath(pods(namespace), pod, "exec")}?${query}`;
}

/** The first byte of a message is its channel: 1 and 2 are the command's outputs, 3 tells how it ended. */
const CHANNEL = { output: 1, outcome: 3 } as const;

const outcomeSchema = z.object({ status: z.string(), code: z.number().default(500) });

function readChannels(socket: WebSocket, asked: Asked): Promise<string> {
  const texts = { output: "", outcome: "" };
  socket.on("message", (data: RawData) => {
    // Messages come as one Buffer each: the socket's binaryType is the default.
    if (!Buffer.isBuffer(data)) return;
    const text = data.subarray(1).toString();
    if (data[0] === CHANNEL.output) texts.output += text;
    if (data[0] === CHANNEL.outcome) texts.outcome += text;
  });
  return new Promise((resolve, reject) => {
    socket.on("close", () => {
      const outcome = parsedOutcome(texts.outcome);
      if (outcome === undefined) reject(errorOfBody(asked, 101, "an end without an outcome"));
      else if (outcome.status === "Success") resolve(texts.output);
      else reject(errorOfAnswer(asked, { status: outcome.code, body: texts.outcome }));
    });
  });
}

function parsedOutcome(text: string): z.infer<typeof outcomeSchema> | undefined {
  try {
    return outcomeSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
