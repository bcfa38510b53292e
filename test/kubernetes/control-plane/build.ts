/**
 * Builds the real programs of the tests' control planes from their Go modules, unless they are in the cache already.
 * The first time it takes minutes; it leaves half of the machine to others.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { setPriority } from "node:os";
import { dirname, join } from "node:path";
import { areBuilt, buildFlags, cacheOf, GO_MODULES, type GoModule } from "./binaries.ts";

setPriority(10);
for (const module of GO_MODULES) {
  if (!areBuilt(...module.binaries.map(({ name }) => name))) build(module);
  for (const { name } of module.binaries) process.stdout.write(`${join(cacheOf(module), name)}\n`);
}

/** Either all of a module's programs are in the cache afterwards or none, whoever else builds at the same time. */
function build(module: GoModule): void {
  const cache = cacheOf(module);
  mkdirSync(dirname(cache), { recursive: true });
  const unfinished = mkdtempSync(`${cache}.`);
  try {
    for (const binary of module.binaries) {
      const started = performance.now();
      go(module, ["build", ...buildFlags(module), "-o", join(unfinished, binary.name), binary.package]);
      const seconds = Math.round((performance.now() - started) / 1000);
      process.stderr.write(`built ${binary.name} in ${seconds} s\n`);
    }
    renameSync(unfinished, cache);
  } catch (error) {
    if (!areBuilt(...module.binaries.map(({ name }) => name))) throw error;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

function go(module: GoModule, args: readonly string[]): void {
  const { error, status } = spawnSync("go", args, {
    cwd: module.directory,
    env: { ...process.env, CGO_ENABLED: "0" },
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (error !== undefined) throw new Error(`Go is needed to build the control plane: ${error.message}`);
  if (status !== 0) throw new Error(`go ${args[0]} failed in ${module.directory}`);
}
