/** In which form an answer is wanted: the objects themselves, only their metadata, or a table for people. */

import { notAcceptable } from "./status-errors.ts";

export type Representation =
  | { readonly kind: "object" }
  | { readonly kind: "metadata"; readonly version: string }
  | { readonly kind: "table"; readonly version: string };

/** @throws ApiError 406 if JSON will not do. */
export function representationFor(accept: string | undefined): Representation {
  if (accept === undefined || accept.trim() === "") return { kind: "object" };
  for (const mediaType of parsedAccept(accept)) {
    const found = offered(mediaType);
    if (found !== undefined) return found;
  }
  throw notAcceptable();
}

/** One entry of an Accept header. */
export interface MediaType {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export function parsedAccept(accept: string): readonly MediaType[] {
  return accept.split(",").map((entry) => {
    const [type = "", ...parameters] = entry.split(";").map((part) => part.trim());
    const pairs = parameters.map((parameter) => parameter.split("=", 2));
    return {
      type: type.toLowerCase(),
      parameters: Object.fromEntries(pairs.map(([key, value]) => [key, value ?? ""])),
    };
  });
}

function offered({ type, parameters }: MediaType): Representation | undefined {
  if (type !== "application/json" && type !== "application/*" && type !== "*/*") return undefined;
  const { as, g: group, v: version = "v1" } = parameters;
  if (as === undefined) return { kind: "object" };
  if (group !== "meta.k8s.io" || (version !== "v1" && version !== "v1beta1")) return undefined;
  if (as === "Table") return { kind: "table", version };
  if (as === "PartialObjectMetadata" || as === "PartialObjectMetadataList") return { kind: "metadata", version };
  return undefined;
}
