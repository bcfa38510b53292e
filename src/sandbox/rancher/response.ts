import type { IncomingMessage, ServerResponse } from "node:http";

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, { status, type: "application/json", body: JSON.stringify(body) });
}

export function sendText(response: ServerResponse, status: number, body: string): void {
  send(response, { status, type: "text/plain; charset=utf-8", body });
}

export function send(response: ServerResponse, answer: { status: number; type: string; body: string }): void {
  response.writeHead(answer.status, {
    "Content-Type": answer.type,
    "Content-Length": Buffer.byteLength(answer.body),
  });
  response.end(answer.body);
}

/** The body of a request. @throws Error when it is larger than an API server would take (3 MiB) */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const { headers } = request;
  if (headers["transfer-encoding"] === undefined && Number(headers["content-length"] ?? 0) === 0) return NO_BODY;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new Error("request body too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const NO_BODY = Buffer.alloc(0);
const BODY_LIMIT = 3 * 1024 * 1024;
