/**
 * The catalogue of errors. An error has a stable code, one sentence that names the thing that is wrong,
 * and a hint that says what to do; the code decides the exit code. `docs/errors.md` is made from this file.
 */

/** What the process tells its caller; scripts rely on these numbers. */
export const EXIT = {
  done: 0,
  failed: 1,
  badInput: 2,
  checksFoundErrors: 3,
  held: 4,
  stale: 5,
  locked: 6,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

interface ErrorEntry {
  readonly exit: ExitCode;
  /** What the code means, for the documentation. The sentence of a thrown error names the actual thing. */
  readonly meaning: string;
  /** What to do about it, unless the throwing code knows better. */
  readonly hint: string;
}

export const ERRORS = {
  "input.file-missing": {
    exit: EXIT.badInput,
    meaning: "A file or directory that was named does not exist.",
    hint: "Check the path; relative paths start at the current directory.",
  },
  "input.file-unreadable": {
    exit: EXIT.badInput,
    meaning: "A file that was named cannot be read.",
    hint: "Check its permissions, and that it is a regular file.",
  },
  "input.file-empty": {
    exit: EXIT.badInput,
    meaning: "A file that was named is empty.",
    hint: "Check that the command that was to write it succeeded.",
  },
  "input.file-exists": {
    exit: EXIT.badInput,
    meaning: "A file that would be written is already there.",
    hint: "Choose another directory, or give --force to overwrite.",
  },
  "input.file-too-large": {
    exit: EXIT.badInput,
    meaning: "A file that was named is far too large for what it should hold.",
    hint: "Name the PEM file itself: certificates and keys are a few kilobytes.",
  },
  "input.file-unwritable": {
    exit: EXIT.badInput,
    meaning: "A file that was named cannot be written.",
    hint: "Check the directory's permissions and the space on its disk.",
  },
  "input.not-pem": {
    exit: EXIT.badInput,
    meaning: "A file holds no PEM block of the kind that is needed.",
    hint: "Convert it to PEM with openssl.",
  },
  "input.invalid": {
    exit: EXIT.badInput,
    meaning: "A value on the command line, in the environment or in farrier.yaml is not valid.",
    hint: "See the command's --help.",
  },
  "input.usage": {
    exit: EXIT.badInput,
    meaning: "The command line cannot be understood.",
    hint: "See farrier --help.",
  },
  "backup.altered": {
    exit: EXIT.badInput,
    meaning: "A sealed file in backups/ is not the one that the plan or the journal names.",
    hint: "Put the rotation's directory back as it was, from a copy of it.",
  },
  "backup.cannot-decrypt": {
    exit: EXIT.badInput,
    meaning: "A sealed file in backups/ cannot be decrypted.",
    hint: "Name the identity that the rotation was made for: FARRIER_IDENTITY or identityFile in farrier.yaml.",
  },
  "backup.identity-invalid": {
    exit: EXIT.badInput,
    meaning: "The age identity cannot be read or is not one.",
    hint: "Name a file made by farrier or age-keygen: FARRIER_IDENTITY or identityFile in farrier.yaml.",
  },
  "backup.identity-missing": {
    exit: EXIT.badInput,
    meaning: "There is no age identity where one is needed to open the rotation's backups.",
    hint: "Name the identity that the rotation was made for: FARRIER_IDENTITY or identityFile in farrier.yaml.",
  },
  "backup.missing": {
    exit: EXIT.badInput,
    meaning: "A file of backups/ is missing.",
    hint: "Put the rotation's directory back as it was, from a copy of it.",
  },
  "backup.recipient-invalid": {
    exit: EXIT.badInput,
    meaning: "A recipient of the backups is not an age recipient.",
    hint: "Recipients start with age1; farrier.yaml lists them under recipients.",
  },
  "journal.broken": {
    exit: EXIT.badInput,
    meaning: "The journal was edited, lacks lines or belongs to another rotation: its chain of hashes does not hold.",
    hint: "Put the journal back from a copy of the directory, or rebuild it from the estate with farrier adopt.",
  },
  "lock.held": {
    exit: EXIT.locked,
    meaning: "Another process holds the estate, or has gone further with this rotation than this directory knows.",
    hint: "Go on where it was last worked on. If that is lost, farrier apply --take-over, or farrier adopt.",
  },
  "plan.stale": {
    exit: EXIT.stale,
    meaning: "The estate is not as it was when the plan was made, or it is another estate.",
    hint: "Look at the difference, then make a new plan.",
  },
  "rotation.held": {
    exit: EXIT.held,
    meaning: "A gate did not open, the rotation was paused, or a step was left undone.",
    hint: "farrier status says what it waits for; farrier apply goes on.",
  },
  "rotation.unwritable": {
    exit: EXIT.failed,
    meaning: "A file of the rotation cannot be written. What was not recorded was not done.",
    hint: "Make room or fix the permissions, then run the same command again.",
  },
  "step.failed": {
    exit: EXIT.failed,
    meaning: "A step failed for good.",
    hint: "Read the reason in farrier status; after mending it, farrier apply goes on.",
  },
  "step.conflict": {
    exit: EXIT.failed,
    meaning: "Somebody else changed the very field that Farrier was about to write.",
    hint: "Find out who it was before going on; farrier apply looks again.",
  },
  "internal.unexpected": {
    exit: EXIT.failed,
    meaning: "Farrier met a state that its authors held to be impossible.",
    hint: "Nothing more was done. Report it with the command, the version and this message.",
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** Every error that Farrier raises on purpose. Anything else that is thrown is a defect and is reported as one. */
export class FarrierError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;

  /** @param sentence one sentence that names the thing. It must never hold a key, token or password. */
  constructor(code: ErrorCode, sentence: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(sentence, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "FarrierError";
    this.code = code;
    this.hint = options.hint ?? ERRORS[code].hint;
  }

  get exitCode(): ExitCode {
    return ERRORS[this.code].exit;
  }
}
