/** `farrier completion`: prints a script with which a shell completes Farrier's commands, flags and directories. */
import { Command, type Option } from "commander";
import { EXIT, type ExitCode, FarrierError } from "../errors.ts";
import type { CommandEntry } from "./commands.ts";
import { OUTPUT_FORMATS, parseOutputFormat, printResult } from "./output.ts";
import { bashCompletion } from "./render/completion-bash.ts";
import { fishCompletion } from "./render/completion-fish.ts";
import { zshCompletion } from "./render/completion-zsh.ts";

/** What can stand in a place of the command line. */
export type Completed =
  | { readonly kind: "files" }
  | { readonly kind: "directories" }
  | { readonly kind: "words"; readonly words: readonly string[] }
  /** A name, time or text that only the person knows. */
  | { readonly kind: "unknown" };

export interface CompletedFlag {
  /** `--output` and `-o`: the long name first. */
  readonly names: readonly string[];
  readonly says: string;
  /** Absent where the flag takes no value. */
  readonly value?: Completed;
}

/**
 * A command as shells see it: `["ca", "create"]` or `["plan"]`, with its flags and its places in order. A group, `["ca"]`,
 * has no flags.
 */
export interface CompletedCommand {
  readonly path: readonly string[];
  readonly says: string;
  readonly flags: readonly CompletedFlag[];
  readonly places: readonly Completed[];
}

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/**
 * @param table all commands, hidden ones included, and what each group says of itself
 * @throws FarrierError `input.usage` for a shell that is not known
 */
export async function runCompletion(
  words: readonly string[],
  options: Readonly<Record<string, unknown>>,
  table: { readonly commands: readonly CommandEntry[]; readonly groups: Readonly<Record<string, string>> },
): Promise<ExitCode> {
  const format = parseOutputFormat(String(options.output));
  const shell = Object.keys(SHELLS).find((known): known is keyof typeof SHELLS => known === words[0]);
  if (shell === undefined) {
    throw new FarrierError("input.usage", `There is no completion for "${words[0] ?? ""}".`, {
      hint: `Name one of ${Object.keys(SHELLS).join(", ")}.`,
    });
  }
  const groups = Object.entries(table.groups).map(([name, says]) => ({ path: [name], says, flags: [], places: [] }));
  const commands = table.commands.filter(({ hidden }) => hidden !== true).map(completedCommand);
  const script = SHELLS[shell]([...commands, ...groups]);
  await printResult(format, { type: "completion", shell, script }, () => script);
  return EXIT.done;
}

function completedCommand({ group, usage, says, flags }: CommandEntry): CompletedCommand {
  const [name = "", ...places] = usage.split(" ");
  const command = new Command(name);
  for (const addFlags of flags) addFlags(command);
  return {
    path: group === undefined ? [name] : [group, name],
    says,
    flags: [...command.options.map(completedFlag), ...EVERYWHERE],
    places: places.map((place) => completedPlace(place.replaceAll(/[<>[\]]/g, ""))),
  };
}

/** What every command has. */
const EVERYWHERE: readonly CompletedFlag[] = [
  { names: ["--output", "-o"], says: "format of the result", value: listed(OUTPUT_FORMATS) },
  { names: ["--no-color"], says: "print without colour" },
  { names: ["--help", "-h"], says: "print help" },
];

function completedFlag(option: Option): CompletedFlag {
  const names = [option.long, option.short].filter((name): name is string => typeof name === "string");
  const placeholder = /[<[](.+?)(?:\.\.\.)?[>\]]/.exec(option.flags)?.[1];
  const said = { names, says: option.description };
  if (placeholder === undefined) return said;
  const { argChoices } = option;
  return { ...said, value: argChoices === undefined ? completedPlace(placeholder) : listed(argChoices) };
}

/** What `<placeholder>` stands for. */
function completedPlace(placeholder: string): Completed {
  switch (placeholder) {
    case "file":
      return { kind: "files" };
    case "directory":
    case "rotation":
      return { kind: "directories" };
    case "shell":
      return listed(Object.keys(SHELLS));
    default:
      return { kind: "unknown" };
  }
}

function listed(of: readonly string[]): Completed {
  return { kind: "words", words: of };
}
