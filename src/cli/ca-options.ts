/** What `farrier ca create` and `farrier ca issue` accept alike. */
import { z } from "zod";
import { FarrierError } from "../errors.ts";
import { KEY_ALGORITHMS } from "../pki/issuing/keys.ts";
import { OUTPUT_FORMATS } from "./output.ts";

/** A century: beyond it, people meet software that counts seconds in 32 bits and years in two digits. */
const LONGEST_DAYS = 36_500;

/** Members that both commands share; each command extends it. */
export const issuingOptions = z.object({
  out: z.string().min(1),
  algorithm: z.enum(KEY_ALGORITHMS).default("ecdsa-p256"),
  days: z.coerce.number().int().min(1).max(LONGEST_DAYS).optional(),
  organization: z.string().min(1).max(64).optional(),
  force: z.boolean().default(false),
  output: z.enum(OUTPUT_FORMATS).default("table"),
});

/**
 * Parses a command's options once.
 * @throws FarrierError `input.invalid`, naming the first flag that is wrong
 */
export function parseOptions<T>(schema: z.ZodType<T>, options: Readonly<Record<string, unknown>>): T {
  const result = schema.safeParse(options);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const flag = String(issue?.path[0] ?? "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new FarrierError("input.invalid", `The value of --${flag} is not valid: ${issue?.message ?? "unknown"}.`);
}
