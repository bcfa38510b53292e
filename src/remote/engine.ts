/**
 * A container engine (Docker, or Podman's service) through the HTTP API that both speak. Paths carry no version: each
 * engine then answers with its own.
 */
import type { Duplex, Readable } from "node:stream";
import { unpackTar } from "modern-tar";
import { type Dispatcher, Pool } from "undici";
import { z } from "zod";
import { FarrierError } from "../errors.ts";
import { startExec } from "./start-exec.ts";

const mountSchema = z.object({
  Type: z.string().default("volume"),
  Name: z.string().optional(),
  Source: z.string().default(""),
  Destination: z.string(),
});

const inspectedSchema = z.object({
  Id: z.string().min(1),
  Name: z.string(),
  Image: z.string(),
  State: z.object({ Status: z.string(), Running: z.boolean(), StartedAt: z.string().default("") }),
  Config: z.object({
    Image: z.string().default(""),
    Env: z
      .array(z.string())
      .nullish()
      .transform((env) => env ?? []),
    Labels: z
      .record(z.string(), z.string())
      .nullish()
      .transform((labels) => labels ?? {}),
  }),
  HostConfig: z.object({ AutoRemove: z.boolean().default(false) }),
  Mounts: z
    .array(mountSchema)
    .nullish()
    .transform((mounts) => mounts ?? []),
});
/** What an engine says of a container. `Image` is the image's id, `Config.Image` what it was asked for by. */
export type Inspected = z.infer<typeof inspectedSchema>;

const listedSchema = z.array(z.object({ Id: z.string(), Names: z.array(z.string()).nullish() }));
const createdSchema = z.object({ Id: z.string().min(1) });
const endedSchema = z.object({ StatusCode: z.int() });
const complaintSchema = z.object({ message: z.string() });

/** Engines are slow to stop a container, and to unpack what they are sent. */
const SILENCE_MS = 10 * 60_000;

interface Call {
  readonly method: Dispatcher.HttpMethod;
  readonly path: string;
  readonly body?: unknown;
  /** A tar, in place of a body in JSON. */
  readonly tar?: Readable;
}

/** Close it, or it keeps the process alive. */
export class Engine {
  /** How sentences call the place where it listens. */
  readonly place: string;
  readonly #pool: Pool;
  readonly #socket: string;

  /** @param socket a path on this host */
  constructor(socket: string, place: string = socket) {
    this.place = place;
    this.#socket = socket;
    const timeouts = { headersTimeout: SILENCE_MS, bodyTimeout: SILENCE_MS };
    this.#pool = new Pool("http://engine", { socketPath: socket, pipelining: 1, ...timeouts });
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  /**
   * @param container its name, its id, or an unambiguous beginning of that
   * @throws FarrierError `engine.container-unknown`, which names those that there are; `engine.*`
   */
  async inspect(container: string): Promise<Inspected> {
    const found = await this.find(container);
    if (found !== undefined) return found;
    const names = await this.#names();
    throw new FarrierError("engine.container-unknown", `The engine at ${this.place} has no container ${container}.`, {
      hint: names.length === 0 ? "It has none at all: name another engine." : `It has ${names.join(", ")}.`,
    });
  }

  /** As {@link inspect}; undefined where the engine has no such container. @throws FarrierError `engine.*` */
  async find(container: string): Promise<Inspected | undefined> {
    const { status, text } = await this.#call({ method: "GET", path: `${at(container)}/json` });
    if (status === 200) return this.#parsed(inspectedSchema, text);
    if (status === 404) return undefined;
    throw this.#refused(`inspect ${container}`, text);
  }

  /** Ends it as `docker stop` does, and resolves when it has ended; one that does not run is left as it is. */
  async stop(container: string, graceSeconds: number): Promise<void> {
    await this.#do(
      { method: "POST", path: `${at(container)}/stop?t=${graceSeconds}` },
      `stop ${container.slice(0, 12)}`,
    );
  }

  async start(container: string): Promise<void> {
    await this.#do({ method: "POST", path: `${at(container)}/start` }, `start ${container.slice(0, 12)}`);
  }

  /** @returns its id; undefined when there is a container of that name already */
  async create(name: string, configuration: object): Promise<string | undefined> {
    const path = `/containers/create?name=${encodeURIComponent(name)}`;
    const { status, text } = await this.#call({ method: "POST", path, body: configuration });
    if (status === 409 || (status === 500 && text.includes("already in use"))) return undefined;
    if (status >= 300) throw this.#refused(`create ${name}`, text);
    return this.#parsed(createdSchema, text).Id;
  }

  /**
   * Removes it, running or not; one that is gone already is fine.
   * @param volumes also those that were made for it and have no name
   */
  async remove(container: string, { volumes }: { readonly volumes: boolean }): Promise<void> {
    const { status, text } = await this.#call({ method: "DELETE", path: `${at(container)}?force=true&v=${volumes}` });
    if (status >= 300 && status !== 404) throw this.#refused(`remove ${container.slice(0, 12)}`, text);
  }

  /** Resolves when it has ended. @returns its exit code */
  async wait(container: string): Promise<number> {
    const text = await this.#do(
      { method: "POST", path: `${at(container)}/wait` },
      `wait for ${container.slice(0, 12)}`,
    );
    return this.#parsed(endedSchema, text).StatusCode;
  }

  /**
   * What a container will write from now on: a stream of frames, which ends when the container does. Attach before it
   * is started, and destroy the stream.
   */
  async attach(container: string): Promise<Readable> {
    const path = `${at(container)}/attach?stream=1&stdout=1&stderr=1`;
    try {
      const { socket } = await this.#pool.upgrade({ path, method: "POST", protocol: "tcp" });
      return socket;
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  /**
   * Starts a command in a container that runs, as `docker exec -i` does, with its input and its outputs attached: what is
   * written to the stream is its input, what is read are frames. It lives until it ends by itself; to close the stream
   * closes its input.
   * @throws FarrierError `engine.*`
   */
  async exec(container: string, command: readonly string[]): Promise<Duplex> {
    const path = `${at(container)}/exec`;
    const body = { Cmd: command, AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: false };
    const what = `run ${command[0] ?? "a command"} in ${container.slice(0, 12)}`;
    const { Id } = this.#parsed(createdSchema, await this.#do({ method: "POST", path, body }, what));
    const answer = await startExec(this.#socket, `/exec/${Id}/start`).catch((error: unknown) => {
      throw this.#unreachable(error);
    });
    if ("stream" in answer) return answer.stream;
    throw this.#refused(what, answer.text);
  }

  /**
   * Unpacks a tar into a directory of a container, running or not. Owners stay as they are numbered in the tar.
   * @throws the tar's own error when it ends before its end; `engine.refused` when there is no room, for instance
   */
  async unpack(container: string, into: { readonly path: string; readonly tar: Readable }): Promise<void> {
    const path = `${at(container)}/archive?path=${encodeURIComponent(into.path)}`;
    await this.#do({ method: "PUT", path, tar: into.tar }, `unpack into ${container.slice(0, 12)}`);
  }

  /**
   * A small file of a container, running or not, as it is there: also one that its host has mounted.
   * @returns undefined where there is none, or no plain file
   * @throws FarrierError `engine.*`
   */
  async readFile(container: string, path: string): Promise<Buffer | undefined> {
    const { status, bytes } = await this.#ask(`${at(container)}/archive?path=${encodeURIComponent(path)}`);
    if (status === 404) return undefined;
    if (status !== 200) throw this.#refused(`read ${path} of ${container.slice(0, 12)}`, bytes.toString("utf8"));
    try {
      const [file] = await unpackTar(bytes);
      return file?.data === undefined ? undefined : Buffer.from(file.data);
    } catch (cause) {
      throw new FarrierError("engine.unreachable", `${this.place} does not answer as a container engine does.`, {
        cause,
      });
    }
  }

  async #ask(path: string): Promise<{ status: number; bytes: Buffer }> {
    try {
      const { statusCode, body } = await this.#pool.request({ method: "GET", path });
      return { status: statusCode, bytes: Buffer.from(await body.arrayBuffer()) };
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  async #names(): Promise<string[]> {
    const text = await this.#do({ method: "GET", path: "/containers/json?all=true" }, "list containers");
    return this.#parsed(listedSchema, text).map(({ Id, Names }) => Names?.[0]?.replace(/^\//, "") ?? Id.slice(0, 12));
  }

  async #do(call: Call, what: string): Promise<string> {
    const { status, text } = await this.#call(call);
    // 304: it is in that state already.
    if (status >= 300 && status !== 304) throw this.#refused(what, text);
    return text;
  }

  async #call({ method, path, body, tar }: Call): Promise<{ status: number; text: string }> {
    let broken: unknown;
    tar?.once("error", (error) => {
      broken = error;
    });
    try {
      const { statusCode, body: answer } = await this.#pool.request({
        method,
        path,
        headers: { "content-type": tar === undefined ? "application/json" : "application/x-tar" },
        body: tar ?? (body === undefined ? null : JSON.stringify(body)),
      });
      return { status: statusCode, text: await answer.text() };
    } catch (error) {
      if (broken !== undefined) throw broken;
      throw this.#unreachable(error);
    }
  }

  #parsed<T>(schema: z.ZodType<T>, text: string): T {
    try {
      return schema.parse(JSON.parse(text));
    } catch (error) {
      throw new FarrierError("engine.unreachable", `${this.place} does not answer as a container engine does.`, {
        cause: error,
      });
    }
  }

  #refused(what: string, text: string): FarrierError {
    const words = complaintOf(text);
    return new FarrierError("engine.refused", `The engine at ${this.place} would not ${what}: ${words}`);
  }

  #unreachable(error: unknown): FarrierError {
    const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    return new FarrierError("engine.unreachable", `The container engine at ${this.place} does not answer${code}.`, {
      cause: error,
    });
  }
}

function at(container: string): string {
  return `/containers/${encodeURIComponent(container)}`;
}

/** Its own words, as a sentence. Where there are many, it begins with what it was at and ends with what went wrong. */
function complaintOf(text: string): string {
  const line = wordsOf(text).trim().split("\n")[0] ?? "";
  const short = line.length <= 300 ? line : `${line.slice(0, 100)} … ${line.slice(-200)}`;
  return short === "" ? "it did not say why." : short.replace(/\.?$/, ".");
}

function wordsOf(text: string): string {
  try {
    return complaintSchema.parse(JSON.parse(text)).message;
  } catch {
    // Some proxies answer in plain text.
    return text;
  }
}
