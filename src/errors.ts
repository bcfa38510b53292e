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
  "input.file-too-large": {
    exit: EXIT.badInput,
    meaning: "A file that was named is far too large for what it should hold.",
    hint: "Name the PEM file itself: certificates and keys are a few kilobytes.",
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
