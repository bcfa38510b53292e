/** `farrier check`: everything that would go wrong, all at once. */
import { EXIT, type ExitCode, FarrierError } from "../errors.ts";
import type { Finding } from "../findings.ts";
import { withWorld } from "./estate-access.ts";
import { parseOutputFormat, printResult } from "./output.ts";
import { renderFindings } from "./render/findings.ts";

/** Exit 3 when there are errors among the findings. */
export async function runCheck(
  words: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  if (options.offline === true) return (await import("./check-offline.ts")).runCheckOffline(words, options);
  if (options.hostname !== undefined || options.at !== undefined) {
    throw new FarrierError("input.usage", "--hostname and --at are for farrier check --offline.");
  }
  const format = parseOutputFormat(String(options.output));
  const { readTargetFiles } = await import("./target-files.ts");
  const target = readTargetFiles(options);
  const findings = await withWorld(options, async (world, settings) => {
    const { findAll } = await import("./findings-of-estate.ts");
    return (await findAll(world, settings, target)).findings;
  });
  await printResult(format, { findings }, () => renderFindings(findings));
  return exitCodeOf(findings);
}

/** Errors among the findings stop a pipeline, and planning. */
export function exitCodeOf(findings: readonly Finding[]): ExitCode {
  return findings.some((finding) => finding.severity === "error") ? EXIT.checksFoundErrors : EXIT.done;
}
