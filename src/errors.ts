/**
 * The catalogue of errors. An error has a stable code, one sentence that names the thing that is wrong,
 * and a hint that says what to do; the code decides the exit code. `docs/errors.md` is made from this catalogue.
 */
import { CONNECTION_ERRORS } from "./errors/connections.ts";
import type { ExitCode } from "./errors/exit.ts";
import { INPUT_ERRORS } from "./errors/input.ts";
import { PROGRAM_ERRORS } from "./errors/programs.ts";
import { ROTATION_ERRORS } from "./errors/rotations.ts";

export { EXIT, type ExitCode } from "./errors/exit.ts";

/** Every code, by subject. */
export const ERRORS = {
  ...CONNECTION_ERRORS,
  ...INPUT_ERRORS,
  ...PROGRAM_ERRORS,
  ...ROTATION_ERRORS,
};

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
