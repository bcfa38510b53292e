/** Builds the command line from the table of commands. Each action imports its command only when it runs. */
import { Command, Option } from "commander";
import type { ExitCode } from "../errors.ts";
import { version } from "../version.ts";
import { COMMANDS, type CommandEntry, GROUPS } from "./commands.ts";
import { refuseEmptyValues } from "./empty-values.ts";
import { connectionFlags } from "./flags.ts";
import { saveMemory } from "./memory.ts";
import { OUTPUT_FORMATS } from "./output.ts";
import { disableColor } from "./render/style.ts";

/** Builds the program; `finish` receives the exit code of the command that ran. */
export function createProgram(finish: (code: ExitCode) => void): Command {
  const program = new Command("farrier")
    .description("Changes the certificate authority that a Rancher estate trusts, without losing a cluster.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .showSuggestionAfterError(true)
    // Errors are shown in one way, wherever they come from; see run.ts.
    .configureOutput({ outputError: () => {} })
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false, subcommandTerm, optionDescription })
    .addHelpText("after", AFTER_HELP)
    .exitOverride();

  const groups = new Map<string, Command>();
  const parentOf = (group: string | undefined): Command => {
    if (group === undefined) return program;
    const parent =
      groups.get(group) ??
      program
        .command(group)
        .description(GROUPS[group] ?? "")
        .exitOverride();
    groups.set(group, parent);
    return parent;
  };
  for (const entry of COMMANDS) act(addCommand(parentOf(entry.group), entry), entry, finish);
  return program;
}

const AFTER_HELP = `
farrier COMMAND --help shows a command's flags and an example.
farrier demo shows a whole rotation on a simulated estate.

Exit codes: 0 done, 1 failed, 2 bad input or usage, 3 checks found errors,
4 held, paused or partly done, 5 plan stale, 6 locked by another.`;

/** `apply <rotation>`; that every command has options need not be said. */
function subcommandTerm(command: Command): string {
  const words = command.registeredArguments.map((one) => (one.required ? `<${one.name()}>` : `[${one.name()}]`));
  return [command.name(), ...words].join(" ");
}

/** Choices in words: `format of the result: table, json or yaml (default: table)`. */
function optionDescription(option: Option): string {
  const choices = option.argChoices ?? [];
  const said = choices.length === 0 ? "" : `: ${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
  const byDefault = option.defaultValue === undefined || option.negate ? "" : ` (default: ${option.defaultValue})`;
  return `${option.description}${said}${byDefault}`;
}

function addCommand(parent: Command, { usage, says, example, flags, hidden }: CommandEntry): Command {
  const command = parent
    .command(usage, { hidden: hidden ?? false })
    .description(says)
    .exitOverride();
  for (const addFlags of flags) addFlags(command);
  command.addOption(
    new Option("-o, --output <format>", "format of the result").choices(OUTPUT_FORMATS).default("table"),
  );
  command.option("--no-color", "print without colour");
  command.addHelpText("after", `\nExample:\n  $ ${example}`);
  command.hook("preAction", () => {
    if (command.opts().color === false) disableColor();
  });
  return command;
}

function act(command: Command, { load, flags }: CommandEntry, finish: (code: ExitCode) => void): void {
  command.action(async (...words: unknown[]) => {
    if (flags.includes(connectionFlags)) saveMemory();
    const positional = words.flat().filter((word) => typeof word === "string");
    refuseEmptyValues(positional, command.opts());
    const action = await load();
    finish(await action(positional, command.opts()));
  });
}
