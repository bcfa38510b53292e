/** A running estate that commands are refused by: whether they left it, and the person's files, as they were. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { isWrite } from "../../src/sandbox/api-server/audit.ts";
import type { ScenarioInput } from "../../src/sandbox/scenario/scenario.ts";
import { type Journey, startJourney } from "./journey.ts";
import { type Ended, farrierBeside, type RunOptions } from "./run-farrier.ts";

export interface CommandLab extends Pick<Journey, "sandbox" | "folder" | "plan" | "start" | "stop"> {
  /** The absolute path of a file below the folder. */
  path(name: string): string;
  /** Makes a file below the folder, for its owner alone. */
  put(name: string, content: string | Uint8Array): void;
  /** Runs `farrier <args>` in the folder, without a terminal; see {@link farrierBeside}. */
  farrier(args: readonly string[], options?: RunOptions): Promise<Ended>;
  /**
   * What people's accounts have changed in the management cluster, as `update secrets/tls-ca`; the sandbox's own parts
   * are service accounts.
   */
  readonly writes: string[];
  /** Digests of every file below a folder, by path. */
  files(folder?: string): Promise<Readonly<Record<string, string>>>;
}

/** Flags for a target that is good for the estate: a certificate of a new authority. */
export const TARGET = ["--cert", "tls.crt", "--key", "tls.key", "--cacerts", "cacerts.pem"] as const;

/** Two clusters, with everything that a person has for them. */
export async function startCommandLab(scenario: ScenarioInput = {}): Promise<CommandLab> {
  const journey = await startJourney(scenario);
  const { sandbox, folder, plan, start, stop } = journey;
  const writes: string[] = [];
  sandbox.managementServer.audit.onEntry((entry) => {
    if (isWrite(entry) && !entry.user.startsWith("system:"))
      writes.push(`${entry.verb} ${entry.resource}/${entry.name}`);
  });
  const environment = { XDG_CONFIG_HOME: join(folder, "config"), KUBECONFIG: "" };
  return {
    sandbox,
    folder,
    plan,
    start,
    stop,
    writes,
    path: (name) => join(folder, name),
    put: (name, content) => {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content, { mode: 0o600 });
    },
    farrier: (args, options = {}) =>
      farrierBeside(folder, args, { ...options, environment: { ...environment, ...options.environment } }),
    files: (below = ".") => digests(join(folder, below)),
  };
}

async function digests(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = files.sort().map(async (file): Promise<[string, string]> => {
    const hash = createHash("sha256").update(await readFile(file));
    return [file.slice(folder.length + 1), hash.digest("hex")];
  });
  return Object.fromEntries(await Promise.all(read));
}

export interface Refusal {
  readonly exit: number;
  readonly code: string;
  readonly says: RegExp;
  readonly hint?: RegExp;
}

/** One sentence with its code and one hint on stderr, nothing on stdout, no trace of the inside. */
export function expectRefusal({ code, stdout, stderr }: Ended, { exit, code: name, says, hint = /\w/ }: Refusal): void {
  const lines = stderr.trimEnd().split("\n");
  expect(lines, stderr).toHaveLength(2);
  expect(lines[0]).toMatch(/^error {2}[^\s].*\[[a-z-]+\.[a-z-]+\]$/);
  expect(lines[0]).toContain(`[${name}]`);
  expect(lines[0]).toMatch(says);
  expect(lines[1]).toMatch(/^hint {3}\S/);
  expect(lines[1]).toMatch(hint);
  expect({ code, stdout }).toEqual({ code: exit, stdout: "" });
}
