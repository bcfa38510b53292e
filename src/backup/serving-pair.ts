/** A serving certificate with its key, sealed: what `switch` writes, and what undoing it writes back. */
import { z } from "zod";
import { FarrierError } from "../errors.ts";
import { Secret } from "../pki/secret.ts";
import type { Sealed, Vault } from "./vault.ts";

export interface ServingPair {
  /** `tls.crt`: leaf first, PEM, byte for byte. */
  readonly chain: string;
  /** `tls.key`, byte for byte. */
  readonly key: Secret;
}

const pairSchema = z.object({ format: z.literal("farrier.serving/v1"), chain: z.string(), key: z.string() });

/** @param name `target-serving`, `serving-before`: the beginning of the file's name */
export function sealServingPair(vault: Vault, name: string, pair: ServingPair): Promise<Sealed> {
  const content = { format: "farrier.serving/v1", chain: pair.chain, key: pair.key.reveal() };
  return vault.seal(name, JSON.stringify(content));
}

/** @throws FarrierError `backup.*` */
export async function unsealServingPair(vault: Vault, sealed: Sealed): Promise<ServingPair> {
  const content = await vault.unseal(sealed);
  const parsed = pairSchema.safeParse(parseJson(content));
  if (!parsed.success) {
    throw new FarrierError("backup.altered", `${sealed.file} does not hold a serving certificate with its key.`);
  }
  return { chain: parsed.data.chain, key: Secret.of(parsed.data.key) };
}

function parseJson(content: Secret): unknown {
  try {
    return JSON.parse(content.reveal());
  } catch {
    return undefined;
  }
}
