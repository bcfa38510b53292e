/**
 * A process that applies a rotation and kills itself, as `kill -9` does, at the first place in the journal that no
 * earlier one has died at.
 *
 * `node mortal.ts <directory> <kubeconfig> <places> [<plan file>]`, the token in `SANDBOX_TOKEN`, in `PATIENCE` what part
 * of its time a step is given, the public authority's root in `PUBLIC_ROOTS`, the helm to upgrade with, if any, in
 * `FARRIER_HELM`, and kubeconfigs of clusters by their ids, as JSON, in `KUBECONFIGS`. `<places>` is a file with one place
 * a line, to which it adds the one that it dies at. It prints the outcome as JSON if it lives to the end, and leaves an
 * error on stderr.
 *
 * - *Before* an entry's flush nothing of the entry is on disk, or (every second time) a part of its line.
 * - *After* it the entry is on disk and nothing later has been done. Entries that share a flush come on disk together,
 *   so that there is one such moment for all of them: the process dies at all their places at once.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { applyRotation } from "../../src/execute/apply.ts";
import type { JournalObserver } from "../../src/execute/journal-store.ts";
import { JOURNAL_FILE } from "../../src/execute/rotation.ts";
import type { JournalEntry } from "../../src/journal/entry.ts";
import { openWorld } from "../../src/observe/world.ts";
import { Secret } from "../../src/pki/secret.ts";
import { giveKubeconfigs } from "../helpers/kubeconfigs.ts";
import { placeOf } from "./place.ts";

const [directory = "", kubeconfig = "", placesFile = "", planFile] = process.argv.slice(2);
const diedAt = new Set(readFileSync(placesFile, "utf8").split("\n"));

function die(places: readonly string[]): void {
  appendFileSync(placesFile, places.map((place) => `${place}\n`).join(""));
  process.kill(process.pid, "SIGKILL");
}

/** What the disk may hold of a line whose flush never ended. */
function tear(entry: JournalEntry): void {
  const line = JSON.stringify(entry);
  appendFileSync(join(directory, JOURNAL_FILE), line.slice(0, line.length / 2), { mode: 0o600 });
}

/** Entries whose flush is under way. */
let flushing: JournalEntry[] = [];

const reaper: JournalObserver = {
  beforeFlush(entry) {
    flushing.push(entry);
    const place = placeOf(entry, "before");
    if (diedAt.has(place)) return;
    if (diedAt.size % 2 === 0) tear(flushing[0] ?? entry);
    die([place]);
  },
  afterFlush() {
    const places = flushing.map((entry) => placeOf(entry, "after")).filter((place) => !diedAt.has(place));
    flushing = [];
    if (places.length > 0) die(places);
  },
};

const token = Secret.of(process.env.SANDBOX_TOKEN ?? "");
const { FARRIER_HELM: program, PUBLIC_ROOTS: publicRoots = "" } = process.env;
const world = await openWorld({
  kubeconfig,
  context: "management",
  token,
  publicRoots,
  ...(program === undefined ? {} : { helm: { program } }),
});
giveKubeconfigs(world, JSON.parse(process.env.KUBECONFIGS ?? "{}"));
try {
  const plan = planFile === undefined ? {} : { planFile };
  const outcome = await applyRotation({
    directory,
    world,
    observers: [reaper],
    patience: Number(process.env.PATIENCE),
    ...plan,
  });
  process.stdout.write(JSON.stringify(outcome));
} finally {
  await world.close();
}
