/** `farrier pause`: the process that works on the rotation stops after the steps in hand. */

import { resolve } from "node:path";
import { commandWord } from "../errors/command-word.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { parseOutputFormat, printResult } from "./output.ts";
import { person } from "./person.ts";

/** Leaves a request; it counts for a running apply and for the next one. */
export async function runPause(
  words: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const format = parseOutputFormat(String(options.output));
  const directory = resolve(words[0] ?? "");
  const { openUnfinished } = await import("../execute/rotation.ts");
  const { plan } = await openUnfinished(directory);
  const { leaveRequest } = await import("../execute/requests.ts");
  await leaveRequest(directory, { kind: "pause", by: person(), why: String(options.reason) });
  await printResult(
    format,
    { type: "pause", rotation: plan.rotation },
    () => `It pauses after the steps in hand. Go on with: farrier resume ${commandWord(directory)}\n`,
  );
  return EXIT.done;
}
