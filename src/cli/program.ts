/** The commands and their flags. Each action imports its command only when it runs. */
import { Command, Option } from "commander";
import type { ExitCode } from "../errors.ts";
import { version } from "../version.ts";
import { caCreateFlags, caIssueFlags } from "./ca-flags.ts";
import { OUTPUT_FORMATS } from "./output.ts";
import { disableColor } from "./render/style.ts";

/** A command's action gets its positional arguments and its options, unparsed, and answers with an exit code. */
export type Action = (words: readonly string[], options: Readonly<Record<string, unknown>>) => Promise<ExitCode>;

/** Builds the program; `finish` receives the exit code of the command that ran. */
export function createProgram(finish: (code: ExitCode) => void): Command {
  const program = new Command("farrier")
    .description("Changes the certificate authority that a Rancher estate trusts, without losing a cluster.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .showSuggestionAfterError(true)
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .exitOverride();

  const groups = new Map<string, Command>();
  const parentOf = (group: string | undefined): Command => {
    if (group === undefined) return program;
    const parent = groups.get(group) ?? program.command(group).description(GROUPS[group] ?? "");
    groups.set(group, parent);
    return parent;
  };
  const add = ({ group, usage, says, example }: CommandEntry): Command => {
    const command = parentOf(group).command(usage).description(says).exitOverride();
    command.option("--no-color", "print without colour");
    command.addOption(
      new Option("-o, --output <format>", "format of the result").choices(OUTPUT_FORMATS).default("table"),
    );
    command.addHelpText("after", `\nExample:\n  $ ${example}`);
    command.hook("preAction", () => {
      if (command.opts().color === false) disableColor();
    });
    return command;
  };
  const act = (command: Command, load: () => Promise<Action>): void => {
    command.action(async (...words: unknown[]) => {
      const positional = words.filter((word) => typeof word === "string");
      const action = await load();
      finish(await action(positional, command.opts()));
    });
  };

  for (const entry of COMMANDS) {
    const command = add(entry);
    for (const addFlags of entry.flags) addFlags(command);
    act(command, entry.load);
  }
  return program;
}

interface CommandEntry {
  /** The command that this one is a part of: `ca` in `farrier ca create`. */
  readonly group?: string;
  readonly usage: string;
  readonly says: string;
  readonly example: string;
  readonly flags: readonly ((command: Command) => void)[];
  readonly load: () => Promise<Action>;
}

const connection = (command: Command): void => {
  command
    .option("--config <file>", "settings file (default: farrier.yaml, if there is one)")
    .option("--kubeconfig <file>", "kubeconfig of the management cluster")
    .option("--context <name>", "context in that kubeconfig")
    .option("--server <url>", "Rancher's URL (default: its setting server-url)")
    .option("--token-file <file>", "file with an API token of a Rancher administrator");
};
const target = (command: Command): void => {
  command
    .option("--cert <file>", "target serving certificate with its intermediates, PEM")
    .option("--key <file>", "its private key, PEM")
    .option("--cacerts <file>", "target trust bundle, PEM")
    .option("--key-passphrase-file <file>", "passphrase of the key (or FARRIER_KEY_PASSPHRASE)");
};
const yes = (command: Command): void => {
  command.option("--yes", "do not ask");
};

const GROUPS: Readonly<Record<string, string>> = { ca: "make a private certificate authority and certificates" };

const COMMANDS: readonly CommandEntry[] = [
  {
    group: "ca",
    usage: "create",
    says: "make a root, and an intermediate if asked for",
    example: "farrier ca create --out ca/ --intermediate",
    flags: [caCreateFlags],
    load: async () => (await import("./ca-create.ts")).run,
  },
  {
    group: "ca",
    usage: "issue",
    says: "issue a serving certificate",
    example: "farrier ca issue --ca ca/ --out target/ --hostname rancher.example.com",
    flags: [caIssueFlags],
    load: async () => (await import("./ca-issue.ts")).run,
  },
];

export { connection, target, yes };
