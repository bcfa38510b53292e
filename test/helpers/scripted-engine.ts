/** A container engine whose answers a test writes: a real HTTP server on a socket. For what a well-behaved one never does. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Engine } from "../../src/remote/engine.ts";

export interface EngineAnswer {
  readonly status: number;
  /** A text as it is, or what becomes JSON. */
  readonly body: unknown;
}

export interface ScriptedEngine {
  /** Called `the engine`. */
  readonly engine: Engine;
  /** Answers by `METHOD path`: the first for the first request, and so on; the last one for all that follow. */
  script(answers: Readonly<Record<string, readonly EngineAnswer[]>>): void;
  /** `METHOD path` of every request since the script was given, in order. */
  readonly asked: () => readonly string[];
  stop(): Promise<void>;
}

/** An engine's complaint. */
export const says = (status: number, message: string): EngineAnswer => ({ status, body: { message } });

export async function startScriptedEngine(): Promise<ScriptedEngine> {
  const folder = await mkdtemp(join(tmpdir(), "farrier-scripted-engine-"));
  const socket = join(folder, "engine.sock");
  let asked: string[] = [];
  let answers: Readonly<Record<string, readonly EngineAnswer[]>> = {};
  const server = createServer((request, response) => {
    const line = `${request.method} ${request.url}`;
    const before = asked.filter((other) => other === line).length;
    asked.push(line);
    const all = answers[line] ?? [];
    const { status, body } = all[before] ?? all.at(-1) ?? { status: 418, body: "not asked for by the test" };
    request.resume().on("end", () => {
      response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const engine = new Engine(socket, "the engine");
  return {
    engine,
    script: (given) => {
      asked = [];
      answers = given;
    },
    asked: () => asked,
    stop: async () => {
      await engine.close();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}
