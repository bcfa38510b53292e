/** From Commander's raw options to what a command works with, once. */
import type { z } from "zod";
import { whatItMustBe } from "../errors/value-errors.ts";
import { FarrierError } from "../errors.ts";

/**
 * Parses a command's options once.
 * @throws FarrierError `input.invalid`, naming the first flag that is wrong
 */
export function parseOptions<T>(schema: z.ZodType<T>, options: Readonly<Record<string, unknown>>): T {
  const result = schema.safeParse(options, { error: whatItMustBe });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const flag = String(issue?.path[0] ?? "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new FarrierError("input.invalid", `The value of --${flag} must be ${issue?.message ?? "another"}.`);
}
