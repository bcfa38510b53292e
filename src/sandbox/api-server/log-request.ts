/** `GET …/pods/<name>/log`: what a container wrote, and with `follow` what it goes on writing. */

import type { KubeObject } from "../cluster-client.ts";
import type { ApiServer } from "./api-server.ts";
import { at, list, text } from "./json-value.ts";
import type { LogAddress, LogLine } from "./pod-logs.ts";
import { amount, flag } from "./query.ts";
import { badRequest } from "./status-errors.ts";
import { TextStream } from "./text-stream.ts";

/** @throws ApiError 400 if there is no such container, or no log of it yet. */
export function podLog(
  server: ApiServer,
  pod: KubeObject,
  query: URLSearchParams,
  signal: AbortSignal | undefined,
): string | TextStream {
  const container = chosenContainer(pod, query.get("container") ?? "");
  const previous = flag(query, "previous");
  const { name, namespace = "" } = pod.metadata;
  const address: LogAddress = { namespace, pod: name, container };
  const lines = server.logSource?.read({ ...address, previous });
  if (lines === undefined) throw nothingToRead(pod, container, previous);
  const shown = [...selectedLines(lines, query, server.clock.now())];
  const render = lineRenderer(query);
  const past = shown.map(render).join("");
  return flag(query, "follow") && !previous ? followed(server, { address, past, render }, signal) : past;
}

interface Following {
  readonly address: LogAddress;
  readonly past: string;
  readonly render: (line: LogLine) => string;
}

function followed(
  server: ApiServer,
  { address, past, render }: Following,
  signal: AbortSignal | undefined,
): TextStream {
  const stream = new TextStream();
  if (past !== "") stream.write(past);
  const end = () => stream.end();
  const unfollow = server.logSource?.follow(address, (line) => stream.write(render(line)), end);
  const stopping = server.onStop(end);
  signal?.addEventListener("abort", end);
  stream.onEnd(() => {
    unfollow?.();
    stopping.remove();
    signal?.removeEventListener("abort", end);
  });
  return stream;
}

function selectedLines(lines: readonly LogLine[], query: URLSearchParams, now: Date): readonly LogLine[] {
  const seconds = amount(query, "sinceSeconds");
  const sinceTime = Date.parse(query.get("sinceTime") ?? "");
  const since = seconds === undefined ? sinceTime : now.getTime() - seconds * 1000;
  const recent = Number.isNaN(since) ? lines : lines.filter((line) => line.at.getTime() >= since);
  if (query.get("tailLines") === "0") return [];
  const tail = amount(query, "tailLines");
  return tail === undefined ? recent : recent.slice(-tail);
}

function lineRenderer(query: URLSearchParams): (line: LogLine) => string {
  if (!flag(query, "timestamps")) return (line) => `${line.text}\n`;
  return (line) => `${line.at.toISOString()} ${line.text}\n`;
}

/** The one that is asked for, or the only one. @throws ApiError 400 */
export function chosenContainer(pod: KubeObject, asked: string): string {
  const containers = ["initContainers", "containers", "ephemeralContainers"].flatMap((key) =>
    list(at(pod, "spec", key)).map((container) => String(at(container, "name"))),
  );
  const [only] = containers;
  const { name } = pod.metadata;
  if (asked === "") {
    if (only !== undefined && containers.length === 1) return only;
    throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${containers.join(" ")}]`);
  }
  if (!containers.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${name}`);
  return asked;
}

function nothingToRead(pod: KubeObject, container: string, previous: boolean): Error {
  const { name } = pod.metadata;
  if (previous) return badRequest(`previous terminated container "${container}" in pod "${name}" not found`);
  const state = list(at(pod, "status", "containerStatuses")).find((each) => at(each, "name") === container);
  const reason = text(at(state, "state", "waiting", "reason")) ?? "ContainerCreating";
  return badRequest(`container "${container}" in pod "${name}" is waiting to start: ${reason}`);
}
