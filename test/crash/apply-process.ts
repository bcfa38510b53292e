/**
 * A process that applies a rotation and may be told to kill itself, as `kill -9` does, at a place in the journal.
 *
 * `node apply-process.ts <directory> <kubeconfig> [<place of death>]`, the token in `SANDBOX_TOKEN`. Prints the outcome
 * as JSON; leaves the code of an error, and its sentence, on stderr.
 */
import { applyRotation } from "../../src/execute/apply.ts";
import type { JournalEntry } from "../../src/journal/entry.ts";
import { openWorld } from "../../src/observe/world.ts";
import { Secret } from "../../src/pki/secret.ts";
import { type Moment, placeOf } from "./place.ts";

const [directory = "", kubeconfig = "", placeOfDeath] = process.argv.slice(2);

function dieIf(entry: JournalEntry, moment: Moment): void {
  if (placeOf(entry, moment) === placeOfDeath) process.kill(process.pid, "SIGKILL");
}

const token = Secret.of(process.env.SANDBOX_TOKEN ?? "");
const world = await openWorld({ kubeconfig, context: "management", token });
try {
  const observers = [
    {
      beforeFlush: (entry: JournalEntry) => dieIf(entry, "before"),
      afterFlush: (entry: JournalEntry) => dieIf(entry, "after"),
    },
  ];
  const outcome = await applyRotation({ directory, world, observers });
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error && "code" in error ? error.code : ""} ${String(error)}\n`);
  process.exitCode = 1;
} finally {
  await world.close();
}
