/** What `farrier ca create` and `farrier ca issue` accept alike. */
import { z } from "zod";
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
