/** The plan as a file: the same plan is always the same bytes. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { FarrierError } from "../errors.ts";
import type { Estate } from "../estate/estate.ts";
import { type Plan, planSchema } from "./plan.ts";

const FORMAT = "farrier.plan/v1";

/** JSON with the keys in the schema's order, two spaces, and a newline at the end. */
export function serialisePlan(plan: Plan): string {
  return `${JSON.stringify(planSchema.parse(plan), null, 2)}\n`;
}

/**
 * Reads a plan. Whether it is the one that was begun is another question: its digest answers that.
 *
 * @throws FarrierError `plan.unreadable` (cut off, or not JSON), `plan.other-version`, `plan.invalid`
 */
export function parsePlan(text: string): Plan {
  const data = json(text);
  const format = z.object({ format: z.string() }).safeParse(data);
  if (format.success && format.data.format.startsWith("farrier.plan/") && format.data.format !== FORMAT) {
    throw new FarrierError(
      "plan.other-version",
      `The plan is of format ${format.data.format}; this version knows ${FORMAT}.`,
    );
  }
  const plan = planSchema.safeParse(data);
  if (plan.success) return plan.data;
  const [issue] = plan.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? "it" : issue.path.join(".");
  throw new FarrierError(
    "plan.invalid",
    `The plan is not one that Farrier wrote: ${where}: ${issue?.message ?? "unknown"}.`,
  );
}

/** SHA-256 of the file's text, lower-case hex: what the journal and the estate hold of it. */
export function planDigest(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/** `r-20261123-1f0c9a3e`: from the estate's identity, the target and the time of planning. */
export function rotationIdOf(input: {
  readonly identity: Estate["identity"];
  readonly targetChain: string;
  readonly bundle?: string;
  readonly at: Date;
}): string {
  const { kubeSystemUid, serverUrl } = input.identity;
  const facts = [kubeSystemUid, serverUrl, input.targetChain, input.bundle ?? "", input.at.toISOString()];
  const digest = createHash("sha256").update(JSON.stringify(facts)).digest("hex");
  return `r-${input.at.toISOString().slice(0, 10).replaceAll("-", "")}-${digest.slice(0, 8)}`;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FarrierError("plan.unreadable", "The plan is cut off, or is not JSON.", { cause });
  }
}
