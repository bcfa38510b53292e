/** Reads what a backup holds. */
import { FarrierError } from "../errors.ts";
import type { Api } from "../kubernetes/api.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { SavedObject } from "./archive.ts";
import type { Collection } from "./collections.ts";

/** What could not be read, and why. */
export interface Unsaved {
  readonly cluster: string;
  readonly what: string;
  readonly why: string;
}

export interface Collected {
  readonly objects: readonly SavedObject[];
  readonly unsaved: readonly Unsaved[];
}

/** Everything of one cluster. A kind that the cluster does not have is nothing; what cannot be read is named. */
export async function collectObjects(
  api: Api,
  cluster: string,
  collections: readonly Collection[],
): Promise<Collected> {
  const parts = await Promise.all(collections.map((collection) => collectOne(api, cluster, collection)));
  return {
    objects: parts.flatMap(({ objects }) => objects),
    unsaved: parts.flatMap(({ unsaved }) => unsaved),
  };
}

async function collectOne(api: Api, cluster: string, { resource, kind, wanted }: Collection): Promise<Collected> {
  try {
    const { items } = await api.list(resource);
    const objects = items.filter(wanted).map((object) => ({ cluster, resource, kind, object }));
    return { objects, unsaved: [] };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { objects: [], unsaved: [] };
    if (!(error instanceof FarrierError)) throw error;
    return { objects: [], unsaved: [{ cluster, what: resource.plural, why: error.message }] };
  }
}
