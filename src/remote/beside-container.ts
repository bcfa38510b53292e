/**
 * A short-lived container beside another one: of the same image, with its volumes and nothing else of it. What it
 * leaves is what its script writes there; the other one may run or not. The engine's own way to copy files out is not
 * used, because Podman's (4.3) gives every file to root.
 */
import { FarrierError } from "../errors.ts";
import { type AttachedOutput, attachedOutput } from "./attached-output.ts";
import type { Engine } from "./engine.ts";

const LABEL = "farrier.beside";

export interface Beside {
  readonly id: string;
  readonly name: string;
  readonly imageId: string;
  /**
   * A directory of the host that is mounted in it at a place where its image declares a volume. Podman 4.3 refuses to
   * take that over together with the volumes, so it alone is mounted, and the volumes are left.
   */
  readonly hostDirectory?: { readonly path: string; readonly at: string };
}

export interface BesideEnd<T> {
  /** What `read` made of its output. */
  readonly result: T;
  readonly exitCode: number;
  /** What it wrote to its standard error. */
  readonly complaints: string;
}

/**
 * Runs a shell script beside a container, as root and without a network, and removes its container whatever happens.
 * @param read must read the output to its end, or destroy what it reads for
 * @throws FarrierError `lock.held` when another one runs there; `engine.*`; what `read` throws
 */
export async function runBeside<T>(
  engine: Engine,
  beside: Beside,
  script: string,
  read: (stdout: AttachedOutput["stdout"]) => Promise<T>,
): Promise<BesideEnd<T>> {
  const helper = await createBeside(engine, beside, script);
  try {
    const connection = await engine.attach(helper);
    try {
      const { stdout, complaints } = attachedOutput(connection);
      await engine.start(helper);
      const result = await read(stdout);
      return { result, exitCode: await engine.wait(helper), complaints: complaints() };
    } finally {
      connection.destroy();
    }
  } finally {
    // Those that its image declares were made for it; with the other's volumes it has none of its own.
    await engine.remove(helper, { volumes: beside.hostDirectory !== undefined });
  }
}

const nameBeside = (id: string): string => `farrier-${id.slice(0, 12)}`;

/** The container that runs beside that one, or that a process which was killed has left there; its id. */
export async function leftoverBeside(engine: Engine, id: string): Promise<string | undefined> {
  const there = await engine.find(nameBeside(id));
  return there?.Config.Labels[LABEL] === id ? there.Id : undefined;
}

async function createBeside(engine: Engine, beside: Beside, script: string): Promise<string> {
  const { id, name, imageId, hostDirectory } = beside;
  const own = nameBeside(id);
  const configuration = {
    Image: imageId,
    Entrypoint: ["/bin/sh", "-c", script],
    Cmd: [],
    User: "0:0",
    WorkingDir: "/",
    Labels: { [LABEL]: id },
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: {
      ...(hostDirectory === undefined
        ? { VolumesFrom: [id] }
        : { Mounts: [{ Type: "bind", Source: hostDirectory.path, Target: hostDirectory.at }] }),
      NetworkMode: "none",
      // Engines write what a container says to a file of their own; what is said here is not to lie there in the clear.
      LogConfig: { Type: "none" },
      // The volumes are labelled for the other container alone, where SELinux is enforced.
      SecurityOpt: ["label=disable"],
    },
  };
  const created = await engine.create(own, configuration);
  if (created !== undefined) return created;
  await removeLeftover(engine, own, name);
  const again = await engine.create(own, configuration);
  if (again !== undefined) return again;
  throw new FarrierError("engine.refused", `The engine at ${engine.place} would not create ${own}: it is still there.`);
}

/** Of a process that was killed: its script has long ended, because nobody reads its output. */
async function removeLeftover(engine: Engine, own: string, name: string): Promise<void> {
  const there = await engine.inspect(own);
  if (!(LABEL in there.Config.Labels)) {
    throw new FarrierError("engine.refused", `A container that is not Farrier's has the name ${own}.`, {
      hint: "Rename it: Farrier needs that name for a moment.",
    });
  }
  if (there.State.Running) {
    throw new FarrierError("lock.held", `Another process is copying the data of container ${name}.`, {
      hint: `Let it end. If there is none, remove the container ${own}.`,
    });
  }
  await engine.remove(there.Id, { volumes: false });
}
