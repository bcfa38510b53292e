/**
 * OpenAPI, as far as kubectl needs it: that the server validates fields itself (so that kubectl does not), that
 * patches are strategic where they are, and the merge keys of lists.
 */

import type { KindTable } from "./kinds.ts";

/** The JSON text that answers an OpenAPI path, or undefined if it is not one. */
export function openApiDocument(_kinds: KindTable, _path: string): string | undefined {
  return undefined;
}
