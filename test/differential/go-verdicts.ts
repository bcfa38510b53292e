/** Asks Go's crypto/x509, the library inside every agent, for its verdicts. */
import { z } from "zod";
import type { Handshake } from "./draft.ts";
import { askGo } from "./go-program.ts";

const verdictSchema = z.object({
  id: z.number(),
  accepted: z.boolean(),
  anchors: z.number(),
  error: z.string().default(""),
});
export type GoVerdict = z.infer<typeof verdictSchema>;

/** Judges all handshakes in one process; the verdicts are in their order. */
export async function goVerdicts(handshakes: readonly Handshake[]): Promise<readonly GoVerdict[]> {
  const answers = await askGo(".", handshakes.map(toJson));
  return answers.map((answer) => verdictSchema.parse(answer));
}

/** As the program reads it; this is also how a failing case is printed. */
export function toJson({ id, bundle, chain, hostname, at }: Handshake): object {
  return { id, bundle: bundle.toString("base64"), chain: chain.map((der) => der.toString("base64")), hostname, at };
}
