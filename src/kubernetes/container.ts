/** A container in a pod or a pod template. */
import { z } from "zod";

export const containerSchema = z.object({
  name: z.string(),
  image: z.string().default(""),
  args: z.array(z.string()).default([]),
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
});
export type Container = z.infer<typeof containerSchema>;

/** Variables with a literal value; one without any is the empty text, as in the process. */
export function environmentOf(container: Container): Readonly<Record<string, string>> {
  return Object.fromEntries(container.env.map(({ name, value }) => [name, value ?? ""]));
}
