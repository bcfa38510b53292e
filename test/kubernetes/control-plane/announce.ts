/** Says once, before the tests, what they leave out on a machine without the real control plane or what a real node needs. */

import { missingForNode } from "../node/requirements.ts";
import { areBuilt, GO_MODULES } from "./binaries.ts";

export function setup(): void {
  announceBinaries();
  announceNode();
}

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
