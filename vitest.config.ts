import { defineConfig } from "vitest/config";
import LongestFirstSequencer from "./scripts/longest-first-sequencer.ts";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    globalSetup: ["test/announce.ts"],
    reporters: ["default", "./scripts/closing-line-reporter.ts"],
    // For what never ends: a test on a busy machine takes several times its own time, and only some longer ones say theirs.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // Most tests wait for a simulated estate more than they compute: four of them keep two cores busy.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirstSequencer },
    // No test changes what another one of its process sees; loading everything anew for each file took a fifth of the time.
    isolate: false,
    // Estates live for seconds and leave much behind: with room for it the collector has less to do.
    execArgv: ["--min-semi-space-size=32", "--max-semi-space-size=64"],
    // Of a file that lets its tests run side by side.
    maxConcurrency: 8,
    passWithNoTests: true,
  },
});
