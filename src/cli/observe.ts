/** `farrier observe`: the estate as it is now. */
import { EXIT, type ExitCode } from "../errors.ts";
import { withWorld } from "./estate-access.ts";
import { parseOutputFormat, printResult } from "./output.ts";

/** Prints the whole estate; gaps are named in it, and are no failure. */
export async function runObserve(
  _words: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const format = parseOutputFormat(String(options.output));
  await withWorld(
    options,
    async (world) => {
      const { observeEstate } = await import("../observe/observe-estate.ts");
      const { renderEstate } = await import("./render/estate.ts");
      const estate = await observeEstate(world, { now: () => new Date(), concurrency: 50 });
      await printResult(format, estate, () => renderEstate(estate));
    },
    { mayBeContainer: true },
  );
  return EXIT.done;
}
