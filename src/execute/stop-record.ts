/**
 * That a container which ran was stopped, and is to run again: written before it is stopped, into the engine itself, as
 * a container that is never started. Whoever comes next finds it there, from whichever directory or machine, also where
 * the process that stopped it was killed; and while that process lives, nobody else stops the same container.
 */
import { z } from "zod";
import { FarrierError } from "../errors.ts";
import type { RancherContainer } from "../rancher/single-container.ts";
import { leftoverBeside } from "../remote/beside-container.ts";
import type { Engine } from "../remote/engine.ts";
import { describeHolder, type Holder, holderSchema, thisProcess, whereabouts } from "./holder.ts";

const STOPPED = "farrier.stopped";
const WORK = "farrier.work";
const HOLDER = "farrier.holder";

/** What it was stopped for. */
export type StoppedFor = "copy" | "restore" | "restart";

export interface StopRecord {
  readonly work: StoppedFor;
  readonly holder: Holder;
}

const recordName = (id: string): string => `farrier-${id.slice(0, 12)}-stopped`;

/** @throws FarrierError `lock.held` when another process has stopped it; `engine.*` */
export async function recordStop(engine: Engine, container: RancherContainer, work: StoppedFor): Promise<void> {
  const { id, name, imageId } = container;
  const created = await engine.create(recordName(id), {
    Image: imageId,
    Entrypoint: ["/bin/true"],
    Cmd: [],
    Labels: { [STOPPED]: id, [WORK]: work, [HOLDER]: JSON.stringify(thisProcess()) },
    HostConfig: { NetworkMode: "none" },
  });
  if (created === undefined) throw held(name, recordName(id), "another process");
}

/** @throws FarrierError `engine.*` */
export async function forgetStop(engine: Engine, { id }: RancherContainer): Promise<void> {
  await engine.remove(recordName(id), { volumes: true });
}

/**
 * What a process that has ended has left of a stop; undefined where there is nothing. What it had running beside the
 * container is ended.
 * @throws FarrierError `lock.held` while that process lives, or may live elsewhere; `engine.*`
 */
export async function abandonedStop(engine: Engine, container: RancherContainer): Promise<StopRecord | undefined> {
  const { id, name } = container;
  const there = await engine.find(recordName(id));
  if (there === undefined) return undefined;
  const record = readRecord(there.Config.Labels);
  if (record === undefined || there.Config.Labels[STOPPED] !== id) {
    throw new FarrierError("engine.refused", `A container that is not Farrier's has the name ${recordName(id)}.`, {
      hint: "Rename it: Farrier needs that name for a moment.",
    });
  }
  if (whereabouts(record.holder) !== "gone") throw held(name, recordName(id), describeHolder(record.holder));
  const beside = await leftoverBeside(engine, id);
  if (beside !== undefined) await engine.remove(beside, { volumes: false });
  return record;
}

function held(name: string, record: string, who: string): FarrierError {
  return new FarrierError("lock.held", `Container ${name} is stopped by ${who}, which will start it again.`, {
    hint: `Let it end. If that process is no more, remove the container ${record}, and start ${name} by hand.`,
  });
}

const holderText = z.string().transform((text, context) => {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    context.addIssue("no holder");
    return z.NEVER;
  }
});
const recordSchema = z.object({ [WORK]: z.enum(["copy", "restore", "restart"]), [HOLDER]: holderText });

function readRecord(labels: Readonly<Record<string, string>>): StopRecord | undefined {
  const { data } = recordSchema.safeParse(labels);
  return data === undefined ? undefined : { work: data[WORK], holder: data[HOLDER] };
}
