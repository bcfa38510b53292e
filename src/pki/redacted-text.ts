/** Text that other programs wrote, such as a log's lines, made fit to be shown: nothing in it may be a secret. */
import { stripVTControlCharacters } from "node:util";
import { REDACTED } from "./secret.ts";

/** Longer lines are cut: what matters of an error is at its beginning. */
const LONGEST = 300;
/** No more of a line is looked at. */
const READ = 2_000;

/** One line, without control characters (a terminal would obey them) and without anything that may be a secret. */
export function redactedLine(line: string): string {
  // Of what is cut off here, nothing is left of its last word: the beginning of a token does not look like one.
  const start = line.length > READ ? line.slice(0, READ).replace(/\S*$/, "") : line;
  const plain = stripVTControlCharacters(start).replace(CONTROL, " ").trim();
  const clean = plain
    .replace(AUTHORIZATION, `$1 ${REDACTED}`)
    .replace(USER_INFO, `$1${REDACTED}@`)
    .replace(NAMED, (all, name: string, mark: string, value: string) =>
      isProse(mark, value) ? all : name + mark + REDACTED,
    )
    .replace(RUN, (run) => (isHarmless(run) ? run : REDACTED));
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST)}…` : clean;
}

/** Those that a terminal obeys, that end a line, or that change the direction of writing. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu;

const AUTHORIZATION = /\b(bearer|basic)\s+[^\s"',]+/gi;
const USER_INFO = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/"'@]+@/gi;
/** `CATTLE_TOKEN=…`, `password: "…"`, `token starting with …` (pkg/agent of Rancher). */
const NAMED =
  /([a-z_-]*(?:token|passw(?:or)?d|passphrase|secret|credential|api[-_]?key|private[-_]?key)s?)(\\?["']?\s*[=:]\s*\\?["']?|\s+starting with\s+)([^\s"',;}\\]+)/gi;

/** `looking up ca/token: failed to …`: an error that tells its cause. */
function isProse(mark: string, value: string): boolean {
  return (
    mark === ": " && /^(failed|no|not|unable|cannot|error|invalid|the|secrets?|serviceaccounts?|get|post)$/i.test(value)
  );
}

/** What could be a key, a token or a part of one: no word is that long. */
const RUN = /[A-Za-z0-9+/_=.-]{24,}/g;

function isHarmless(run: string): boolean {
  // A SHA-256, such as a pin, leads nowhere.
  if (/^[0-9a-f]{64}$/.test(run)) return true;
  // Names, UUIDs, addresses and paths are of short parts; what stands between two marks of a key or a token is long.
  const isMixed = /\d/.test(run) && /[A-Z]/.test(run);
  return !isMixed && run.split(/[/.-]/).every((part) => part.length <= LONGEST_PART);
}

/** A Deployment's template hash has 10 characters, and no part of a name that Rancher gives is longer than this. */
const LONGEST_PART = 20;
