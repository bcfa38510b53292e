/** Runs a command line and turns whatever happens into an exit code and a message for the person. */
import { CommanderError } from "commander";
import { EXIT, type ExitCode, FarrierError } from "../errors.ts";
import { createProgram } from "./program.ts";
import { renderError } from "./render/error.ts";

/** Parses `argv` (without node and script) and runs the command; returns its exit code. */
export async function run(argv: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  const program = createProgram((commandCode) => {
    code = commandCode;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.badInput;
    process.stderr.write(renderError(error));
    if (wantsJson(argv)) process.stdout.write(`${JSON.stringify(errorObject(error))}\n`);
    return error instanceof FarrierError ? error.exitCode : EXIT.failed;
  }
}

function errorObject(error: unknown): object {
  const known = error instanceof FarrierError;
  return {
    type: "error",
    code: known ? error.code : "internal.unexpected",
    message: known ? error.message : "An unexpected error stopped the command.",
    hint: known ? error.hint : "Report it with the command and the version.",
  };
}

/** The error may be about the command line itself, so the format is looked up without parsing it. */
function wantsJson(argv: readonly string[]): boolean {
  return argv.some(
    (word, index) =>
      word === "-ojson" || word === "--output=json" || (word === "json" && isOutputFlag(argv[index - 1])),
  );
}

function isOutputFlag(word: string | undefined): boolean {
  return word === "-o" || word === "--output";
}
