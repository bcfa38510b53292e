/** What a person has for a public certificate, in a journey's folder. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";

/** The target that {@link withPublicFiles} writes. */
export const TO_PUBLIC = ["--cert", "public.crt", "--key", "public.key", "--public"];

export interface PublicPlace {
  readonly sandbox: Pick<Sandbox, "pki">;
  readonly folder: string;
}

/**
 * Writes a certificate of the sandbox's public authority (`public.crt`, `public.key`), its leaf alone (`leaf.crt`), and the
 * root that agents' images hold (`roots.pem`).
 */
export async function withPublicFiles({
  sandbox,
  folder,
}: PublicPlace): Promise<{ readonly certificate: string; readonly key: string }> {
  const { publicCa } = sandbox.pki;
  const { certificate, key } = await publicCa.issue();
  const file = (name: string, text: string) => writeFile(join(folder, name), text, { mode: 0o600 });
  await Promise.all([
    file("public.crt", certificate),
    file("public.key", key),
    file("roots.pem", publicCa.rootPem),
    file("leaf.crt", certificate.slice(0, certificate.indexOf("-----END CERTIFICATE-----") + 26)),
  ]);
  return { certificate, key };
}
