/** `farrier prove`: what every consumer trusts now, by which evidence, and when it was seen. */
import { resolve } from "node:path";
import { EXIT, type ExitCode } from "../errors.ts";
import { withWorld } from "./estate-access.ts";
import { parseOutputFormat, printResult } from "./output.ts";

/** Exit 0 when every gating consumer has started with the bundle that Rancher serves now; otherwise 4. */
export async function runProve(
  words: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const format = parseOutputFormat(String(options.output));
  const directory = resolve(words[0] ?? "");
  return await withWorld(options, async (world, settings) => {
    const { lookAgain } = await import("./look-again.ts");
    const { rotation, estate } = await lookAgain(directory, world, settings);
    const { trustMatrix } = await import("../estate/trust-matrix.ts");
    const { plan } = rotation;
    const rows = trustMatrix(estate, plan.epochs, { now: new Date(), minReadySeconds: plan.armingMinReadySeconds });
    const served = plan.epochs.find((epoch) => epoch.pin === estate.trust.pin);
    const proved = rows
      .filter((row) => row.consumer.gating)
      .every((row) => row.cells.some((cell) => cell.epoch === served?.name && cell.state === "started"));
    const { renderMatrix } = await import("./render/matrix.ts");
    await printResult(format, { served: served?.name ?? null, proved, rows }, () => renderMatrix(rows, plan, estate));
    return proved && served !== undefined ? EXIT.done : EXIT.held;
  });
}
