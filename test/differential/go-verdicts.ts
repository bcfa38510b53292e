/** Asks Go's crypto/x509, the library inside every agent, for its verdicts. */
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { z } from "zod";
import type { Handshake } from "./draft.ts";

const PROGRAM = join(import.meta.dirname, "go");

const verdictSchema = z.object({
  id: z.number(),
  accepted: z.boolean(),
  anchors: z.number(),
  error: z.string().default(""),
});
export type GoVerdict = z.infer<typeof verdictSchema>;

export function goIsInstalled(): boolean {
  return spawnSync("go", ["version"]).status === 0;
}

/** Judges all handshakes in one process; the verdicts are in their order. */
export async function goVerdicts(handshakes: readonly Handshake[]): Promise<readonly GoVerdict[]> {
  const go = spawn("go", ["run", "."], { cwd: PROGRAM, env: { ...process.env, GOTOOLCHAIN: "local", GOWORK: "off" } });
  const said: Buffer[] = [];
  const complained: Buffer[] = [];
  go.stdout.on("data", (data: Buffer) => said.push(data));
  go.stderr.on("data", (data: Buffer) => complained.push(data));
  go.stdin.end(handshakes.map((handshake) => `${JSON.stringify(toJson(handshake))}\n`).join(""));
  const code = await new Promise<number | null>((resolve, reject) => {
    go.on("error", reject);
    go.on("close", resolve);
  });
  if (code !== 0) throw new Error(`go run ended with ${code}: ${Buffer.concat(complained).toString()}`);
  const lines = Buffer.concat(said).toString().trimEnd().split("\n");
  return lines.map((line) => verdictSchema.parse(JSON.parse(line)));
}

/** As the program reads it; this is also how a failing case is printed. */
export function toJson({ id, bundle, chain, hostname, at }: Handshake): object {
  return { id, bundle: bundle.toString("base64"), chain: chain.map((der) => der.toString("base64")), hostname, at };
}
