import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    globalSetup: ["test/kubernetes/control-plane/announce.ts"],
    reporters: ["default", "./scripts/closing-line-reporter.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Most tests wait for a simulated estate more than they compute: four of them keep two cores busy.
    maxWorkers: 4,
    // Of a file that lets its tests run side by side.
    maxConcurrency: 8,
    passWithNoTests: true,
  },
});
