/** cert-manager's Certificates: who would write a serving Secret again. */
import { z } from "zod";
import type { Api } from "../kubernetes/api.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { Resource } from "../kubernetes/resource.ts";

export const certificates = (namespace: string): Resource => ({
  group: "cert-manager.io",
  version: "v1",
  plural: "certificates",
  namespace,
});
export const issuers = (namespace: string): Resource => ({ ...certificates(namespace), plural: "issuers" });

const certificateSchema = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    secretName: z.string(),
    issuerRef: z.object({ name: z.string(), kind: z.string().default("Issuer") }),
  }),
});

export interface CertificateRequestFacts {
  readonly name: string;
  readonly secretName: string;
  readonly issuer: { readonly kind: string; readonly name: string };
}

/** The Certificate that writes this Secret; undefined where there is none, or no cert-manager. @throws ApiError */
export async function certificateFor(
  api: Api,
  { namespace, secretName }: { readonly namespace: string; readonly secretName: string },
): Promise<CertificateRequestFacts | undefined> {
  try {
    const { items } = await api.list(certificates(namespace));
    return items
      .map((object) => certificateSchema.safeParse(object).data)
      .filter((certificate) => certificate !== undefined)
      .filter(({ spec }) => spec.secretName === secretName)
      .map(({ metadata, spec }) => ({ name: metadata.name, secretName, issuer: spec.issuerRef }))[0];
  } catch (error) {
    // The cluster has no such kind.
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
