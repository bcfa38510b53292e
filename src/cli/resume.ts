/** `farrier resume`: lifts a pause or a rest, then goes on. */
import { resolve } from "node:path";
import type { ExitCode } from "../errors.ts";
import { runApply } from "./apply.ts";
import { refuseWithoutPerson } from "./confirm.ts";
import { person } from "./person.ts";

/** As `apply`, for a rotation that somebody paused or that rests until somebody resumes it. */
export async function runResume(
  words: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const directory = resolve(words[0] ?? "");
  const { openRotation } = await import("../execute/rotation.ts");
  const { state } = await openRotation(directory);
  if (state === undefined) refuseWithoutPerson(options);
  const { leaveRequest } = await import("../execute/requests.ts");
  await leaveRequest(directory, { kind: "resume", by: person() });
  return await runApply(words, options);
}
