/** Runs a command line and turns whatever happens into an exit code and a message for the person. */
import { CommanderError } from "commander";
import { EXIT, type ExitCode, FarrierError } from "../errors.ts";
import { COMMANDS, GROUPS } from "./commands.ts";
import { documentLine } from "./output.ts";
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
    // Help was printed: asked for (0), or because no command was named.
    if (error instanceof CommanderError && isHelp(error)) return error.exitCode === 0 ? EXIT.done : EXIT.badInput;
    const told = error instanceof CommanderError ? usageError(error, argv) : error;
    process.stderr.write(renderError(told));
    const format = wantedFormat(argv);
    if (format !== undefined) process.stdout.write(documentLine(format, errorObject(told)));
    return told instanceof FarrierError ? told.exitCode : EXIT.failed;
  }
}

function isHelp({ code }: CommanderError): boolean {
  return code === "commander.help" || code === "commander.helpDisplayed" || code === "commander.version";
}

/** `error: unknown command 'plann'\n(Did you mean plan?)`, as a sentence and a hint. */
function usageError({ message }: CommanderError, argv: readonly string[]): FarrierError {
  const [first = "", ...rest] = message.replace(/^error: /, "").split("\n");
  const sentence = `${first.charAt(0).toUpperCase()}${first.slice(1)}`;
  const suggestion = rest.join(" ").match(/\((.+)\)/)?.[1];
  return new FarrierError("input.usage", /[.!?]$/.test(sentence) ? sentence : `${sentence}.`, {
    hint: suggestion ?? `See farrier ${commandOf(argv)}--help.`,
  });
}

/** `apply `, `ca issue `, or nothing: the command whose help fits what was typed. */
function commandOf([first, second]: readonly string[]): string {
  const of = (name: string | undefined, group?: string) =>
    COMMANDS.find((entry) => entry.group === group && entry.usage.split(" ")[0] === name);
  if (of(first) !== undefined) return `${first} `;
  if (first === undefined || GROUPS[first] === undefined) return "";
  return of(second, first) === undefined ? `${first} ` : `${first} ${second} `;
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
function wantedFormat(argv: readonly string[]): "json" | "yaml" | undefined {
  return MACHINE_FORMATS.find((format) =>
    argv.some(
      (word, index) =>
        word === `-o${format}` || word === `--output=${format}` || (word === format && isOutputFlag(argv[index - 1])),
    ),
  );
}

const MACHINE_FORMATS = ["json", "yaml"] as const;

function isOutputFlag(word: string | undefined): boolean {
  return word === "-o" || word === "--output";
}
