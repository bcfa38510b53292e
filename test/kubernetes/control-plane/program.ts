/** A real program that runs beside the test: started, watched, and ended by its own process ID. */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { type BinaryName, pathOf } from "./binaries.ts";

/** How long a program may take to end by itself, in wall milliseconds, before it is killed. */
const PATIENCE_MS = 10_000;

/** The end of a log that is shown when a program fails, in characters. */
const SHOWN = 4_000;

/** Programs of the system's packages, found on the `PATH`. */
type InstalledName = "containerd";

export class Program {
  readonly name: BinaryName | InstalledName;
  readonly #logPath: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #hasEnded = false;

  /** @param logPath where everything that it says is written */
  constructor(name: BinaryName | InstalledName, flags: Readonly<Record<string, string>>, logPath: string) {
    this.name = name;
    this.#logPath = logPath;
    const log = openSync(logPath, "a");
    const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
    this.#child = spawn(name === "containerd" ? name : pathOf(name), args, { stdio: ["ignore", log, log] });
    closeSync(log);
    this.#ended = new Promise((resolve) => {
      const end = () => {
        this.#hasEnded = true;
        resolve();
      };
      this.#child.once("exit", end);
      this.#child.once("error", end);
    });
    // A test that is broken off must not leave programs behind.
    process.once("exit", this.#kill);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get log(): string {
    return readFileSync(this.#logPath, "utf8");
  }

  /** What to say when the program did not do what it was started for. */
  failure(what: string): Error {
    return new Error(`${this.name} ${what}; the end of its log:\n${this.log.slice(-SHOWN)}`);
  }

  /** SIGTERM, and after some patience SIGKILL. Resolves when the process is gone. */
  async stop(): Promise<void> {
    process.removeListener("exit", this.#kill);
    if (this.#hasEnded) return;
    this.#child.kill("SIGTERM");
    const impatience = setTimeout(this.#kill, PATIENCE_MS);
    await this.#ended;
    clearTimeout(impatience);
  }

  readonly #kill = (): void => {
    this.#child.kill("SIGKILL");
  };
}
