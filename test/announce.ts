/** Says once, before the tests, what they leave out: by themselves, or for want of real programs on this machine. */
import type { TestProject } from "vitest/node";
import { areBuilt, GO_MODULES } from "./kubernetes/control-plane/binaries.ts";
import { missingForNode } from "./kubernetes/node/requirements.ts";

export function setup({ config }: TestProject): void {
  if (config.exclude.includes("**/*.long.test.ts")) {
    process.stderr.write(`${SHORT}\n`);
    return;
  }
  announceBinaries();
  announceNode();
}

const SHORT =
  "left out: the long tests (*.long.test.ts) and those of real programs (test/kubernetes, test/remote): npm run test:all, half an hour, with what npm run control-plane builds with Go 1.26";

/** `FARRIER_TEST_NODE=required` takes no excuse: the proof of a checkout is to have all tests. */
function announceNode(): void {
  const missing = missingForNode();
  if (missing === "") return;
  const what = `real node: ${missing}; its tests are left out`;
  if (process.env.FARRIER_TEST_NODE === "required") throw new Error(what);
  process.stderr.write(`${what}\n`);
}

function announceBinaries(): void {
  const names = GO_MODULES.flatMap(({ binaries }) => binaries.map(({ name }) => name));
  const missing = names.filter((name) => !areBuilt(name));
  if (missing.length === 0) return;
  const what = `${missing.join(", ")}: not built; the tests that run them are left out`;
  process.stderr.write(`${what} (npm run control-plane builds them with Go 1.26)\n`);
}
