/** A completion script for fish. */
import type { Completed, CompletedCommand, CompletedFlag } from "../completion.ts";

/** The script; it says by itself how it is loaded. */
export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap((command) => [
    offered(command, commands),
    ...command.flags.map((flag) => flagLine(command, flag)),
    ...placeLines(command),
  ]);
  return `# fish completion for farrier. Load it with: farrier completion fish | source
complete -c farrier -f
${lines.join("\n")}
`;
}

/** The command itself, where its place is still empty. */
function offered({ path, says }: CompletedCommand, commands: readonly CompletedCommand[]): string {
  const siblings = commands.filter((one) => one.path.length === path.length && one.path[0] === path[0]);
  const here =
    path.length === 1
      ? "__fish_use_subcommand"
      : `${seen(path.slice(0, -1))}; and not __fish_seen_subcommand_from ${siblings.map((one) => one.path.at(-1)).join(" ")}`;
  return `complete -c farrier -n ${quoted(here)} -a ${path.at(-1) ?? ""} -d ${quoted(says)}`;
}

function flagLine({ path }: CompletedCommand, { names, says, value }: CompletedFlag): string {
  const known = names.map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(" ");
  return `complete -c farrier -n ${quoted(seen(path))} ${known}${value === undefined ? "" : ` ${action(value)}`} -d ${quoted(says)}`;
}

/** fish does not count places; every place of a command offers what its first one does. */
function placeLines({ path, places }: CompletedCommand): string[] {
  const [first] = places;
  if (first === undefined || first.kind === "unknown") return [];
  const offers = first.kind === "words" ? first.words.join(" ") : "(__fish_complete_directories)";
  return [`complete -c farrier -n ${quoted(seen(path))} -a ${quoted(offers)}`];
}

function action(value: Completed): string {
  switch (value.kind) {
    case "files":
      return "-r -F";
    case "directories":
      return `-x -a ${quoted("(__fish_complete_directories)")}`;
    case "words":
      return `-x -a ${quoted(value.words.join(" "))}`;
    case "unknown":
      return "-x";
  }
}

function seen(path: readonly string[]): string {
  return path.map((part) => `__fish_seen_subcommand_from ${part}`).join("; and ");
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
