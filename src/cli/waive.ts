/** `farrier waive`: a named person accepts, with a reason and an end date, that one cluster is left behind. */

import { resolve } from "node:path";
import { commandWord } from "../errors/command-word.ts";
import { EXIT, type ExitCode, FarrierError } from "../errors.ts";
import { findCluster } from "./cluster-name.ts";
import { withWorld } from "./estate-access.ts";
import { parseMoment } from "./moment.ts";
import { parseOutputFormat, printResult } from "./output.ts";

/** Leaves a request; a running apply takes it up at its gate, otherwise the next one does. */
export async function runWaive(
  words: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const format = parseOutputFormat(String(options.output));
  const directory = resolve(words[0] ?? "");
  const { openUnfinished } = await import("../execute/rotation.ts");
  const { plan } = await openUnfinished(directory);
  const accepted = {
    by: text("--by", options.by),
    reason: text("--reason", options.reason),
    until: endDate(String(options.until)),
  };
  const waiver = { clusterId: await clusterId(words[1] ?? "", plan.clusters, options), ...accepted };
  const { leaveRequest } = await import("../execute/requests.ts");
  await leaveRequest(directory, { kind: "waive", waiver });
  await printResult(
    format,
    { type: "waiver", rotation: plan.rotation, ...waiver },
    () => `${waiver.clusterId} is waived until ${waiver.until}. Go on with: farrier apply ${commandWord(directory)}\n`,
  );
  return EXIT.done;
}

/**
 * A cluster that was imported after planning is not in the plan, so the estate is asked for an id that the plan lacks.
 * A waiver for a slip of the pen would be found missing only when a gate holds.
 */
async function clusterId(
  said: string,
  planned: readonly { readonly id: string; readonly name: string }[],
  options: Readonly<Record<string, unknown>>,
): Promise<string> {
  if (!/^c-[a-z0-9-]+$/.test(said) || planned.some(({ id }) => id === said)) return findCluster(said, planned).id;
  return await withWorld(options, async (world) => {
    const { listManagementClusters } = await import("../rancher/management-cluster.ts");
    return findCluster(said, await listManagementClusters(world.management)).id;
  });
}

function text(flag: string, value: unknown): string {
  const said = typeof value === "string" ? value.trim() : "";
  if (said === "") {
    throw new FarrierError("input.invalid", `${flag} must not be empty: a waiver is a person's word.`, {
      hint: "Say who accepts that the cluster is left behind, and why: --by NAME --reason TEXT.",
    });
  }
  return said;
}

/** The last second of the day that was named, or the moment. */
function endDate(said: string): string {
  const moment = parseMoment(said, "last");
  if (moment.getTime() <= Date.now()) {
    throw new FarrierError("input.invalid", `A waiver until ${said} would count for nothing: that is in the past.`, {
      hint: "Name a day on which the cluster will have been brought along.",
    });
  }
  return moment.toISOString();
}
