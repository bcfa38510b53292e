/** `farrier waive`: a named person accepts, with a reason and an end date, that one cluster is left behind. */
import { resolve } from "node:path";
import { EXIT, type ExitCode, FarrierError } from "../errors.ts";
import { findCluster } from "./cluster-name.ts";
import { parseOutputFormat, printResult } from "./output.ts";

/** Leaves a request; a running apply takes it up at its gate, otherwise the next one does. */
export async function runWaive(
  words: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const format = parseOutputFormat(String(options.output));
  const directory = resolve(words[0] ?? "");
  const { openRotation } = await import("../execute/rotation.ts");
  const { plan } = await openRotation(directory);
  const waiver = {
    clusterId: clusterId(words[1] ?? "", plan.clusters),
    by: text("--by", options.by),
    reason: text("--reason", options.reason),
    until: endDate(String(options.until)),
  };
  const { leaveRequest } = await import("../execute/requests.ts");
  await leaveRequest(directory, { kind: "waive", waiver });
  await printResult(
    format,
    { type: "waiver", rotation: plan.rotation, ...waiver },
    () => `${waiver.clusterId} is waived until ${waiver.until}. Go on with: farrier apply ${directory}\n`,
  );
  return EXIT.done;
}

/** A cluster that was imported after planning is not in the plan; its id is still good. */
function clusterId(said: string, planned: readonly { readonly id: string; readonly name: string }[]): string {
  if (/^c-[a-z0-9-]+$/.test(said)) return said;
  return findCluster(said, planned).id;
}

function text(flag: string, value: unknown): string {
  const said = typeof value === "string" ? value.trim() : "";
  if (said === "") throw new FarrierError("input.invalid", `${flag} must not be empty: a waiver is a person's word.`);
  return said;
}

/** The end of the day that was named, or the moment. */
function endDate(said: string): string {
  const moment = new Date(/^\d{4}-\d{2}-\d{2}$/.test(said) ? `${said}T23:59:59Z` : said);
  if (Number.isNaN(moment.getTime()) || !/^\d{4}-/.test(said)) {
    throw new FarrierError("input.invalid", `"${said}" is not a date.`, { hint: "Write it as 2027-01-31." });
  }
  if (moment.getTime() <= Date.now()) {
    throw new FarrierError("input.invalid", `A waiver until ${said} would count for nothing: that is in the past.`);
  }
  return moment.toISOString();
}
