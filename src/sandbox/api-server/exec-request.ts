/** `…/pods/<name>/exec` over a WebSocket: a program is run in a container, and what it writes comes back by channels. */

import { ApiError, type KubeObject } from "../cluster-client.ts";
import type { ApiServer } from "./api-server.ts";
import { type ApiRequest, type ApiResponse, header } from "./http-exchange.ts";
import { chosenContainer } from "./log-request.ts";
import { flag } from "./query.ts";
import { badRequest, statusBody } from "./status-errors.ts";
import { TextStream } from "./text-stream.ts";

/** k8s.io/apimachinery/pkg/util/remotecommand; the first that both have is spoken. */
const PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

/** The first character of a message (k8s.io/apimachinery/pkg/util/remotecommand). */
const CHANNEL = { output: "\u0001", outcome: "\u0003" } as const;

/** Each chunk of the answer is one message. @throws ApiError 400 where it is no upgrade, or asks for what there is not */
export function podExec(server: ApiServer, pod: KubeObject, request: ApiRequest, query: URLSearchParams): ApiResponse {
  const container = chosenContainer(pod, query.get("container") ?? "");
  if (header(request, "upgrade")?.toLowerCase() !== "websocket") throw badRequest("Upgrade request required");
  if (!["stdin", "stdout", "stderr"].some((name) => flag(query, name))) {
    throw badRequest("you must specify at least 1 of stdin, stdout, stderr");
  }
  const offered = (header(request, "sec-websocket-protocol") ?? "").split(",").map((name) => name.trim());
  const protocol = PROTOCOLS.find((name) => offered.includes(name));
  if (protocol === undefined) throw badRequest("unable to negotiate protocol");
  const { name, namespace = "" } = pod.metadata;
  if (server.logSource?.read({ namespace, pod: name, container }) === undefined) {
    throw new ApiError(500, "InternalError", `container not found ("${container}")`);
  }
  const { output, outcome } = ended(query.getAll("command"));
  const body = new TextStream();
  if (output !== "" && flag(query, "stdout")) body.write(CHANNEL.output + output);
  body.write(CHANNEL.outcome + JSON.stringify({ metadata: {}, ...outcome }));
  body.end();
  return { status: 101, headers: { "sec-websocket-protocol": protocol }, body };
}

interface Ended {
  readonly output: string;
  readonly outcome: object;
}

/** The containers here have two programs. How each end is told is the kubelet's (k8s.io/kubelet/pkg/cri/streaming). */
function ended([program = "", ...words]: readonly string[]): Ended {
  switch (program) {
    case "echo":
      return { output: `${words.join(" ")}\n`, outcome: { status: "Success" } };
    case "false": {
      const details = { causes: [{ reason: "ExitCode", message: "1" }] };
      const message = "command terminated with non-zero exit code";
      return { output: "", outcome: { status: "Failure", reason: "NonZeroExitCode", message, details } };
    }
    default: {
      const why = `error executing command in container: exec: "${program}": executable file not found in $PATH`;
      return { output: "", outcome: statusBody(new ApiError(500, "InternalError", `Internal error occurred: ${why}`)) };
    }
  }
}
