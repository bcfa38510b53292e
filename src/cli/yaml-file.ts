/** YAML that people wrote: settings, scenarios. */
import { FarrierError } from "../errors.ts";

/**
 * Parses the text of a YAML file; what is in it, the caller judges.
 * @throws FarrierError `input.invalid` that names the line
 */
export async function parseYaml(text: string, path: string): Promise<unknown> {
  const { parse, YAMLParseError } = await import("yaml");
  try {
    return parse(text);
  } catch (error) {
    // The parser's message repeats the line that it does not understand, and that may hold what is secret.
    const line = error instanceof YAMLParseError ? error.linePos?.[0].line : undefined;
    const place = line === undefined ? "" : `: see its line ${line}`;
    throw new FarrierError("input.invalid", `${path} is not valid YAML${place}.`, {
      hint: "Check its brackets, quotes and indentation.",
    });
  }
}
