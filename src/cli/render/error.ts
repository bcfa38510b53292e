/** An error for people: one sentence, a hint, the code. Never a stack trace. */
import { FarrierError } from "../../errors.ts";
import { plainLine } from "./legible.ts";
import { paint } from "./style.ts";
import { terminalColumns, wrap } from "./wrap.ts";

/** Text for stderr. What is not a FarrierError is a defect; its message may hold anything, so only its kind is shown. */
export function renderError(error: unknown): string {
  if (error instanceof FarrierError) {
    const label = paint("bad", "error", process.stderr);
    const hint = paint("quiet", "hint", process.stderr);
    const code = paint("quiet", `[${error.code}]`, process.stderr);
    const columns = terminalColumns(process.stderr);
    const lines = [`${label}  ${plainLine(error.message)}  ${code}`, `${hint}   ${plainLine(error.hint)}`];
    return `${lines.map((line) => wrap(line, HANG, columns)).join("\n")}\n`;
  }
  const kind = error instanceof Error ? error.name : typeof error;
  const where = error instanceof Error ? firstFrame(error) : "";
  return renderError(
    new FarrierError("internal.unexpected", `An unexpected error (${kind}${where}) stopped the command.`),
  );
}

/** Where the sentences begin. */
const HANG = 7;

/** ` at file.ts:12` of the place that threw, for the report of a defect. */
function firstFrame(error: Error): string {
  const frame = error.stack?.split("\n").find((line) => line.trimStart().startsWith("at "));
  const place = frame?.match(/([\w.-]+\.[jt]s:\d+)/)?.[1];
  return place === undefined ? "" : ` at ${place}`;
}
