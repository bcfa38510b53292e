/**
 * A connection to a port of a container that its host does not publish: a process in the container makes it, and carries
 * its bytes between the port and its own input and output, which the engine hands over.
 *
 * The process is bash, and its own `/dev/tcp`: the entry point of every image of Rancher's server is a bash script, so that
 * it is there (rancher/rancher `package/entrypoint.sh`, v2.0.16 to v2.15.0). It ends with either side; where Farrier is
 * killed, the engine closes its input, and that is the end of it.
 */
import { Duplex } from "node:stream";
import { FarrierError } from "../errors.ts";
import { attachedOutput } from "./attached-output.ts";
import type { Engine } from "./engine.ts";

/** Says that the connection stands: whatever comes before is somebody's complaint. */
const READY = "farrier-bridge\n";

/**
 * A job in the background has no input unless it is told which; what is not its own, it does not hold open. Not cat: some
 * let the kernel splice the connection into the output, which is locked then until the next byte comes.
 */
const SCRIPT = `exec 3<>"/dev/tcp/$1/$2" || exit 111
echo ${READY.trim()}
dd bs=65536 <&3 3<&- 2>/dev/null & dd bs=65536 <&0 >&3 3>&- 2>/dev/null &
wait -n
kill $(jobs -p) 2>/dev/null`;

/** Engines take up to a second to start a process, busy ones longer. */
const DEADLINE_MS = 30_000;

export interface ContainerPort {
  /** The container's id. */
  readonly id: string;
  /** How sentences call the container. */
  readonly name: string;
  /** As the container reaches it. */
  readonly host: string;
  readonly port: string;
}

/**
 * @throws FarrierError `engine.port-silent` when nothing answers at the port, `engine.no-bridge` when the container has no
 * bash; `engine.*`
 */
export async function connectInContainer(engine: Engine, to: ContainerPort): Promise<Duplex> {
  const connection = await engine.exec(to.id, ["bash", "-c", SCRIPT, "farrier", to.host, to.port]);
  const { stdout, complaints } = attachedOutput(connection);
  const carried = new Carried(connection, stdout);
  const late = setTimeout(() => connection.destroy(), DEADLINE_MS);
  try {
    const said = await carried.until(READY);
    if (said === undefined) return carried;
    throw refusal(engine, to, `${said}${complaints()}`);
  } catch (cause) {
    carried.destroy();
    if (cause instanceof FarrierError) throw cause;
    const sentence = `The container engine at ${engine.place} started nothing in container ${to.name}.`;
    throw new FarrierError("engine.unreachable", sentence, { cause });
  } finally {
    clearTimeout(late);
  }
}

/** Bash's and the engines' own words. */
function refusal(engine: Engine, { name, host, port }: ContainerPort, said: string): FarrierError {
  const words = said.trim().split("\n")[0]?.trim().slice(0, 300) ?? "";
  if (/executable file|no such file|not found|exit code 12[67]/i.test(said) && !said.includes("/dev/tcp")) {
    return new FarrierError("engine.no-bridge", `Container ${name} has no bash to be reached through: ${words}`);
  }
  const why = /connect: (.*)/.exec(said)?.[1] ?? words;
  const sentence = `Nothing answers at ${host}:${port} in container ${name} at ${engine.place}`;
  return new FarrierError("engine.port-silent", why === "" ? `${sentence}.` : `${sentence}: ${why}.`);
}

/** Writes to the process, and reads what it writes to its standard output. */
class Carried extends Duplex {
  readonly #connection: Duplex;
  readonly #chunks: AsyncIterator<Buffer>;

  constructor(connection: Duplex, stdout: AsyncIterable<Buffer>) {
    super({ allowHalfOpen: false });
    this.#connection = connection;
    this.#chunks = stdout[Symbol.asyncIterator]();
    connection.on("error", (error) => this.destroy(error));
    // Before anybody has taken it over, whoever reads is told.
    this.on("error", () => {});
  }

  /** Reads up to a mark. @returns what came in its place; undefined where it came */
  async until(mark: string): Promise<string | undefined> {
    let read = Buffer.alloc(0);
    while (read.length < mark.length) {
      const { done, value } = await this.#chunks.next();
      if (done === true) return read.toString("utf8");
      read = Buffer.concat([read, value]);
    }
    if (!read.subarray(0, mark.length).equals(Buffer.from(mark))) return read.toString("utf8");
    if (read.length > mark.length) this.push(read.subarray(mark.length));
    return undefined;
  }

  override _read(): void {
    this.#chunks.next().then(
      ({ done, value }) => this.push(done === true ? null : value),
      (error: unknown) => this.destroy(error instanceof Error ? error : new Error("the connection broke")),
    );
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, written: (error?: Error | null) => void): void {
    this.#connection.write(chunk, written);
  }

  override _final(ended: (error?: Error | null) => void): void {
    this.#connection.end(() => ended());
  }

  override _destroy(error: Error | null, destroyed: (error?: Error | null) => void): void {
    this.#connection.destroy();
    destroyed(error);
  }
}
