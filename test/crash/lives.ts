/** A rotation that is applied by one process after the other, each killed at a place where none was killed before. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { build } from "rolldown";
import { expect } from "vitest";
import { openRotation } from "../../src/execute/rotation.ts";
import type { Kubeconfigs } from "../helpers/kubeconfigs.ts";
import type { RotationLab } from "../helpers/rotation-lab.ts";
import { placeOf, placesOfPlan } from "./place.ts";

export interface MortalRun {
  /** What the last process, the one that lived to the end, printed. */
  readonly outcome: unknown;
  /** How many were killed. */
  readonly deaths: number;
  /** Where: one of them can have died at several places, those of entries that share a flush. */
  readonly places: readonly string[];
}

/** What a process needs of a lab, and what part of its own time each step is given. */
export type MortalLab = Pick<RotationLab, "directory" | "kubeconfig" | "environment" | "sandbox" | "helm"> & {
  readonly patience?: number;
  readonly kubeconfigs?: Kubeconfigs;
};

interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  readonly complaint: string;
}

/** A process that lives for some tenths of a second needs no collector of garbage. */
const NODE_OPTIONS = ["--min-semi-space-size=64", "--max-semi-space-size=64"];

/** Far more than there are places. */
const MOST_LIVES = 1000;

/** The program of `mortal.ts` in one file: a process starts it in a third of the time that its modules take. */
export class Mortal {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async build(): Promise<Mortal> {
    const folder = await mkdtemp(join(tmpdir(), "farrier-mortal-"));
    await build({
      input: join(import.meta.dirname, "mortal.ts"),
      platform: "node",
      output: { dir: folder, format: "esm", entryFileNames: "mortal.mjs", chunkFileNames: "[name].mjs" },
      logLevel: "silent",
    });
    return new Mortal(folder);
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  /**
   * Lives and dies until one process comes to the end.
   * @throws Error when a process fails, or is killed by somebody else
   */
  async applyUntilFinished(lab: MortalLab, planFile?: string): Promise<MortalRun> {
    const placesFile = join(this.#folder, "places");
    await writeFile(placesFile, "");
    const placesOf = async () => (await readFile(placesFile, "utf8")).split("\n").slice(0, -1);
    let places = await placesOf();
    for (let deaths = 0; deaths < MOST_LIVES; deaths++) {
      const ended = await this.#live(lab, [placesFile, ...(planFile === undefined ? [] : [planFile])]);
      const before = places.length;
      places = await placesOf();
      if (ended.complaint !== "") throw new Error(`${ended.complaint}\nafter the death at ${places.at(-1)}`);
      if (ended.signal === null) return { outcome: JSON.parse(ended.output), deaths, places };
      if (places.length === before) throw new Error(`ended by ${ended.signal} after ${places.at(-1)}`);
    }
    throw new Error(`after ${MOST_LIVES} lives the rotation is not done; the last death was at ${places.at(-1)}`);
  }

  async #live(lab: MortalLab, rest: readonly string[]): Promise<Ended> {
    const { directory, kubeconfig, environment, sandbox, helm, patience = 1, kubeconfigs = {} } = lab;
    const argv = [...NODE_OPTIONS, join(this.#folder, "mortal.mjs"), directory, kubeconfig, ...rest];
    const env = {
      ...process.env,
      ...environment,
      SANDBOX_TOKEN: sandbox.token,
      PATIENCE: String(patience),
      KUBECONFIGS: JSON.stringify(kubeconfigs),
      PUBLIC_ROOTS: sandbox.pki.publicCa.rootPem,
      ...(helm === undefined ? {} : { FARRIER_HELM: helm }),
      NODE_COMPILE_CACHE: join(this.#folder, "compiled"),
    };
    const child = spawn(process.execPath, argv, { env, stdio: ["ignore", "pipe", "pipe"] });
    return await endOf(child);
  }
}

async function endOf(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Ended> {
  const said = { output: "", complaint: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said.output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said.complaint += text;
  });
  const signal = await new Promise<NodeJS.Signals | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (_code, ended) => resolve(ended));
  });
  return { signal, ...said };
}

/**
 * Somebody died before and after the flush of every entry of the journal from `begin` on, and the journal has every step
 * of its plan. @returns those places
 */
export async function expectDeathEverywhere(
  directory: string,
  { deaths, places }: MortalRun,
  begin = 0,
): Promise<readonly string[]> {
  const { journal, plan } = await openRotation(directory);
  const entries = journal.entries.slice(begin);
  const written = [...new Set(entries.flatMap((entry) => [placeOf(entry, "before"), placeOf(entry, "after")]))];
  const planned = placesOfPlan(plan);
  expect(written.filter((place) => !places.includes(place))).toEqual([]);
  expect(planned.filter((place) => !written.includes(place))).toEqual([]);
  expect(deaths).toBeGreaterThan(planned.length);
  return written;
}
