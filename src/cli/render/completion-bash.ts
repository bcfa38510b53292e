/** A completion script for bash 3.2 and newer, without the bash-completion package. */
import type { Completed, CompletedCommand } from "../completion.ts";

/** The script; it says by itself how it is loaded. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const top = commands.filter(({ path }) => path.length === 1);
  const groups = [...new Set(commands.flatMap(({ path }) => (path.length > 1 ? [path[0] ?? ""] : [])))];
  return `# bash completion for farrier. Load it with: source <(farrier completion bash)
_farrier_words() { COMPREPLY=($(compgen -W "$1" -- "$2")); }
_farrier_paths() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen "$1" -- "$2"))
}
_farrier() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}"
  local place=$((COMP_CWORD - 2))
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    _farrier_words "${names(top, 0)} --help --version" "$current"
    return
  fi
${groups.map((group) => groupOf(group, commands)).join("")}  case "$command:$before" in
${commands.flatMap(flagArms).join("")}  esac
  case "$command" in
${commands
  .filter(({ flags }) => flags.length > 0)
  .map(commandArm)
  .join("")}  esac
}
complete -F _farrier farrier
`;
}

function names(commands: readonly CompletedCommand[], depth: number): string {
  return commands.map(({ path }) => path[depth]).join(" ");
}

function groupOf(group: string, commands: readonly CompletedCommand[]): string {
  const parts = commands.filter(({ path }) => path.length > 1 && path[0] === group);
  return `  if [ "$command" = ${group} ]; then
    if [ "$COMP_CWORD" -eq 2 ]; then
      _farrier_words "${names(parts, 1)} --help" "$current"
      return
    fi
    command="${group} \${COMP_WORDS[2]}" place=$((place - 1))
  fi
`;
}

/** Behind a flag that takes a value: the value. */
function flagArms({ path, flags }: CompletedCommand): string[] {
  return flags.flatMap(({ names: known, value }) => {
    if (value === undefined) return [];
    const patterns = known.map((name) => `"${path.join(" ")}:${name}"`).join("|");
    return [`    ${patterns}) ${completed(value)}; return ;;\n`];
  });
}

/** Elsewhere: flags where one was begun, otherwise what stands in this place. */
function commandArm({ path, flags, places }: CompletedCommand): string {
  const known = flags.flatMap(({ names: own }) => own.slice(0, 1)).join(" ");
  const arms = places.map((place, index) => `        ${index}) ${completed(place)} ;;\n`).join("");
  const otherwise = arms === "" ? "" : `\n      *) case "$place" in\n${arms}      esac ;;`;
  return `    "${path.join(" ")}") case "$current" in
      -*) _farrier_words "${known}" "$current" ;;${otherwise}
    esac ;;
`;
}

function completed(value: Completed): string {
  switch (value.kind) {
    case "files":
      return '_farrier_paths -f "$current"';
    case "directories":
      return '_farrier_paths -d "$current"';
    case "words":
      return `_farrier_words "${value.words.join(" ")}" "$current"`;
    case "unknown":
      return ":";
  }
}
