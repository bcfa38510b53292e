/** `farrier rollback`: plans the way back from wherever the rotation stands, shows it, and walks it. */
import { resolve } from "node:path";
import type { IdentityChoice } from "../backup/owner-identity.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { agreed } from "./apply.ts";
import { refuseWithoutPerson } from "./confirm.ts";
import { withWorld } from "./estate-access.ts";
import type { Settings } from "./settings.ts";

function identityOf({ identityFile }: Settings): { readonly identity?: IdentityChoice } {
  return identityFile === undefined ? {} : { identity: { identityFile } };
}

/** A rollback that was begun is gone on with. */
export async function runRollback(
  words: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  refuseWithoutPerson(options);
  const directory = resolve(words[0] ?? "");
  return await withWorld(options, async (world, settings) => {
    const { prepareRollback } = await import("../execute/prepare.ts");
    const { plan, file } = await prepareRollback({ directory, world, ...identityOf(settings), now: new Date() });
    if (!(await agreed(plan, options))) return EXIT.held;
    const { runApplying } = await import("./apply-run.ts");
    return await runApplying({ directory, world, settings, options, planFile: file });
  });
}
