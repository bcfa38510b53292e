/** A word of a command that no shell reads anything into: what a person named may have spaces, quotes and dollars in it. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
