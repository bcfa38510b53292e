/** Says once, before the tests, what they leave out on a machine where the real control plane has not been built. */

import { areBuilt, GO_MODULES } from "./binaries.ts";

export function setup(): void {
  const names = GO_MODULES.flatMap(({ binaries }) => binaries.map(({ name }) => name));
  const missing = names.filter((name) => !areBuilt(name));
  if (missing.length === 0) return;
  const what = `${missing.join(", ")}: not built; the tests that run them are left out`;
  process.stderr.write(`${what} (npm run control-plane builds them with Go 1.26)\n`);
}
