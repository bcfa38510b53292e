/** A completion script for zsh: for a directory of its `fpath`, or to be sourced after `compinit`. */
import type { Completed, CompletedCommand, CompletedFlag } from "../completion.ts";

/** The script; it says by itself how it is loaded. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  return `#compdef farrier
# zsh completion for farrier. Load it with: source <(farrier completion zsh)
_farrier() {
  local -a parts
${chosen(commands, [])}}
if [ "$funcstack[1]" = _farrier ]; then _farrier "$@"; else compdef _farrier farrier; fi
`;
}

/** Completes the word behind \`path\`, or hands over to the command that stands there. */
function chosen(commands: readonly CompletedCommand[], path: readonly string[]): string {
  const depth = path.length;
  const own = commands.filter(
    (one) => one.path.length === depth + 1 && path.every((part, at) => one.path[at] === part),
  );
  const described = own.map((one) => quoted(`${one.path[depth] ?? ""}:${one.says}`)).join(" ");
  return `  if (( CURRENT == 2 )); then
    parts=(${described})
    _describe command parts
    return
  fi
  words=("\${(@)words[2,-1]}")
  (( CURRENT-- ))
  case "$words[1]" in
${own.map((one) => `  ${one.path[depth] ?? ""})\n${one.flags.length === 0 ? chosen(commands, one.path) : taken(one)}  ;;\n`).join("")}  esac
`;
}

function taken({ flags, places }: CompletedCommand): string {
  const specs = [
    ...flags.flatMap(flagSpecs),
    ...places.map((place, index) => quoted(`${index + 1}:${place.kind}:${action(place)}`)),
  ];
  return `  _arguments ${specs.join(" \\\n    ")}\n`;
}

function flagSpecs({ names, says, value }: CompletedFlag): string[] {
  // Brackets end a description, colons end a part.
  const description = says.replaceAll(/[[\]]/g, "").replaceAll(":", "\\:");
  const behind = value === undefined ? "" : `:${value.kind}:${action(value)}`;
  return names.map((name) => quoted(`${name}[${description}]${behind}`));
}

function action(value: Completed): string {
  switch (value.kind) {
    case "files":
      return "_files";
    case "directories":
      return "_files -/";
    case "words":
      return `(${value.words.join(" ")})`;
    case "unknown":
      return " ";
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
