/** The plan as a file: the same plan is always the same bytes. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { FarrierError } from "../errors.ts";
import type { Estate } from "../estate/estate.ts";
import { type Plan, planSchema } from "./plan.ts";

const FORMAT = "farrier.plan/v1";

/** The file: the plan, and a seal that shows when somebody has edited it. */
export const planFileSchema = planSchema.extend({
  seal: z.string().describe("SHA-256 (hex) of the rest as JSON without white space: a plan is made anew, not edited."),
});

/** JSON with the keys in the schema's order, two spaces, and a newline at the end. */
export function serialisePlan(plan: Plan): string {
  const content = planSchema.parse(plan);
  return `${JSON.stringify({ ...content, seal: sealOf(content) }, null, 2)}\n`;
}

/**
 * Reads a plan. Whether it is the one that was begun is another question: its digest answers that.
 *
 * @param name how sentences call it: its path
 * @throws FarrierError `plan.unreadable` (cut off, or not JSON), `plan.other-version`, `plan.invalid`, `plan.edited`
 */
export function parsePlan(text: string, name = "The plan"): Plan {
  const data = json(text, name);
  const format = z.object({ format: z.string() }).safeParse(data);
  if (format.success && format.data.format.startsWith("farrier.plan/") && format.data.format !== FORMAT) {
    throw new FarrierError(
      "plan.other-version",
      `${name} is of format ${format.data.format}; this version knows ${FORMAT}.`,
    );
  }
  const file = planFileSchema.safeParse(data);
  if (!file.success) {
    const [issue] = file.error.issues;
    const where = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
    throw new FarrierError(
      "plan.invalid",
      `${name} is not a plan that Farrier wrote: ${where}${issue?.message ?? "unknown"}.`,
    );
  }
  const { seal, ...plan } = file.data;
  if (seal === sealOf(plan)) return plan;
  throw new FarrierError("plan.edited", `${name} was changed after farrier plan wrote it.`);
}

/** Reads plans, and gives the same plan again for the text that it read last: at 500 clusters a plan is five megabytes. */
export class PlanReader {
  #last: { readonly digest: string; readonly plan: Plan } | undefined;

  /** @throws FarrierError as {@link parsePlan} */
  parse(text: string, name: string): Plan {
    const digest = planDigest(text);
    if (this.#last?.digest !== digest) this.#last = { digest, plan: parsePlan(text, name) };
    return this.#last.plan;
  }
}

function sealOf(plan: Plan): string {
  return createHash("sha256").update(JSON.stringify(plan), "utf8").digest("hex");
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

function json(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FarrierError("plan.unreadable", `${name} is cut off, or is not JSON.`, { cause });
  }
}
