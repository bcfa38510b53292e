/** The data of a single-container Rancher: read as a tar, and the container kept still meanwhile. */
import { Readable } from "node:stream";
import { FarrierError } from "../errors.ts";
import { DATA_DIRECTORY, type RancherContainer } from "../rancher/single-container.ts";
import { type Beside, type BesideEnd, runBeside } from "../remote/beside-container.ts";
import type { Engine } from "../remote/engine.ts";
import { abandonedStop, forgetStop, recordStop, type StoppedFor } from "./stop-record.ts";

/** An engine, and a container of it. */
export interface AtEngine {
  readonly engine: Engine;
  readonly container: RancherContainer;
  /** Ends what is going on, and leaves everything as it was. */
  readonly signal?: AbortSignal;
}

/** How long Rancher may take to end by itself before the engine kills it. */
const GRACE_SECONDS = 60;

/** GNU tar: some files changed while they were read. In a copy of what runs, that is what to expect. */
const CHANGED_MEANWHILE = 1;

/** A shell's loop over everything in the present directory, hidden or not, but one name; `$f` is the name. */
export const eachBut = (name: string, act: string): string =>
  `for f in ..?* .[!.]* *; do if [ "$f" != ${name} ] && { [ -e "$f" ] || [ -L "$f" ]; }; then ${act}; fi; done`;

/** With the directory's own owner and mode. */
const WHOLE = `exec tar -C ${DATA_DIRECTORY} -c .`;
const withoutOne = (name: string): string =>
  `cd ${DATA_DIRECTORY} || exit; set --; ${eachBut(name, 'set -- "$@" "./$f"')}; exec tar -c "$@"`;

/**
 * The data directory as a tar whose names start at that directory.
 * @param read must read it to its end
 * @param without the name of what is not wanted of it
 * @throws FarrierError `backup.incomplete`, `engine.*`; what `read` throws
 */
export async function readData<T>(
  { engine, container, signal }: AtEngine,
  read: (tar: Readable) => Promise<T>,
  without?: string,
): Promise<T> {
  const script = without === undefined ? WHOLE : withoutOne(without);
  const end = await interruptible(signal, () =>
    runBeside(engine, besideOf(container), script, async (stdout): Promise<() => T> => {
      const tar = Readable.from(stdout, { objectMode: false, ...(signal === undefined ? {} : { signal }) });
      try {
        const result = await read(tar);
        return () => result;
      } catch (error) {
        // The reader stumbles over a tar that was cut off; why it was is for the one who wrote it to say.
        if (!tar.readableEnded) throw error;
        return () => {
          throw error;
        };
      }
    }),
  );
  if (end.exitCode === 0 || (end.exitCode === CHANGED_MEANWHILE && container.running)) return end.result();
  throw failed(`The copy of ${DATA_DIRECTORY} in container ${container.name} ended early`, end);
}

function besideOf({ id, name, imageId, data }: RancherContainer): Beside {
  if (data.kind === "volume") return { id, name, imageId };
  return { id, name, imageId, hostDirectory: { path: data.path, at: DATA_DIRECTORY } };
}

/** Runs a script on the data. @throws FarrierError `backup.incomplete` with its complaints; `engine.*` */
export async function changeData({ engine, container }: AtEngine, script: string, what: string): Promise<void> {
  const end = await runBeside(engine, besideOf(container), script, async (stdout) => {
    for await (const _ of stdout);
  });
  if (end.exitCode !== 0) throw failed(`${what} in container ${container.name} failed`, end);
}

function failed(sentence: string, { exitCode, complaints }: BesideEnd<unknown>): FarrierError {
  const words = complaints.split("\n")[0]?.slice(0, 300) ?? "";
  return new FarrierError("backup.incomplete", `${sentence}: ${words === "" ? `exit code ${exitCode}` : words}.`);
}

/** @throws FarrierError `backup.incomplete` when the signal ended it */
export async function interruptible<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (signal?.aborted !== true) throw error;
    throw new FarrierError("backup.incomplete", "The copy was interrupted.", { hint: "Run the command again." });
  }
}

/**
 * Works while the container stands still, and starts it again whatever happens, if it ran; where this process is killed,
 * {@link startAbandoned} does so.
 * @returns what `work` returned, and why the container could not be started again, if so
 * @throws FarrierError `engine.container-unsuitable` when stopping it would remove it; `lock.held`; what `work` throws
 */
export async function whileStopped<T>(
  { engine, container }: AtEngine,
  what: StoppedFor,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly notStarted?: FarrierError }> {
  if (!container.running) return { result: await work() };
  if (container.vanishes) {
    throw new FarrierError(
      "engine.container-unsuitable",
      `Container ${container.name} was started with --rm: the engine would remove it, and its data, when it stops.`,
      { hint: "Copy it while it runs, with --hot." },
    );
  }
  await recordStop(engine, container, what);
  let result: T;
  try {
    await engine.stop(container.id, GRACE_SECONDS);
    result = await work();
  } catch (error) {
    const notStarted = await startAgain(engine, container);
    if (notStarted === undefined || !(error instanceof FarrierError)) throw error;
    throw new FarrierError(error.code, `${error.message} ${notStarted.message}`, {
      hint: notStarted.hint,
      cause: error,
    });
  }
  const notStarted = await startAgain(engine, container);
  return notStarted === undefined ? { result } : { result, notStarted };
}

async function startAgain(engine: Engine, container: RancherContainer): Promise<FarrierError | undefined> {
  const { id, name } = container;
  try {
    await engine.start(id);
    // What stays of the record is taken for an abandoned one, and harms nothing.
    await forgetStop(engine, container).catch(() => {});
    return undefined;
  } catch (cause) {
    const why = cause instanceof FarrierError ? ` ${cause.message}` : "";
    return new FarrierError("engine.refused", `Container ${name} was not started again.${why}`, {
      hint: `Start it by hand: docker start ${name}`,
      cause,
    });
  }
}

/**
 * Starts a container again that a process has stopped which was then killed. The data of one that was to be replaced is
 * first put back as it was.
 * @param putBack a script that does so, wherever the replacing was cut off
 * @returns whether there was such a stop; then the container runs
 * @throws FarrierError `lock.held`, `backup.incomplete`, `engine.*`
 */
export async function startAbandoned(place: AtEngine, putBack: string): Promise<boolean> {
  const { engine, container } = place;
  const record = await abandonedStop(engine, container);
  if (record === undefined) return false;
  // Whoever has started it by hand goes on with the data that there are.
  if (record.work === "restore" && !container.running) await changeData(place, putBack, "Putting the data back");
  const notStarted = await startAgain(engine, container);
  if (notStarted !== undefined) throw notStarted;
  return true;
}
