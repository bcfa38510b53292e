/** Puts saved objects back, one by one, each only over what was looked at. */
import { FarrierError } from "../errors.ts";
import type { Api } from "../kubernetes/api.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { customResourceDefinitions, describe } from "../kubernetes/resource.ts";
import { hasStatusSubresource } from "../rancher/installation.ts";
import type { SavedObject } from "./archive.ts";
import { type Difference, differenceOf, restorable } from "./difference.ts";

/** A saved object, what is there now, and how they differ. */
export interface Compared {
  readonly saved: SavedObject;
  readonly present: KubeObject | undefined;
  readonly difference: Difference;
}

/** @throws ApiError when the cluster does not say what is there */
export async function compareWithPresent(api: Api, saved: SavedObject): Promise<Compared> {
  const present = await api.get(saved.resource, saved.object.metadata.name);
  return { saved, present, difference: differenceOf(saved, present) };
}

/**
 * Makes it again, or writes it over the object that was compared; nothing where there is nothing to do.
 * @throws FarrierError `step.conflict` when it was changed in between; ApiError
 */
export async function putBack(api: Api, { saved, present, difference }: Compared): Promise<void> {
  const { resource, object } = saved;
  try {
    if (difference.kind === "missing") await api.create(resource, bodyOf(saved));
    if (difference.kind !== "changed" || present === undefined) return;
    if (resource.group === "management.cattle.io" && resource.plural === "clusters") {
      await putBackCluster(api, { saved, present });
      return;
    }
    const { uid, resourceVersion, ownerReferences } = present.metadata;
    const body = bodyOf(saved);
    const life = { uid, resourceVersion, ...(ownerReferences === undefined ? {} : { ownerReferences }) };
    await api.replace(resource, { ...body, metadata: { ...body.metadata, ...life } });
  } catch (error) {
    if (!(error instanceof ApiError) || error.kind !== "conflict") throw error;
    throw new FarrierError(
      "step.conflict",
      `${describe(resource, object.metadata.name)} of ${api.server} was changed while it was being put back.`,
      { hint: "Run the command again: it compares anew.", cause: error },
    );
  }
}

function bodyOf(saved: SavedObject): { readonly metadata: { readonly name: string } } & Record<string, unknown> {
  const { resource, kind, object } = saved;
  const { metadata, ...rest } = restorable(saved, object);
  const { group, version, namespace } = resource;
  return {
    apiVersion: group === "" ? version : `${group}/${version}`,
    kind,
    ...rest,
    metadata: {
      ...(typeof metadata === "object" ? metadata : {}),
      name: object.metadata.name,
      ...(namespace === undefined ? {} : { namespace }),
    },
  };
}

/** Rancher writes these objects all the time: only the fields that differ are written, against the value that was read. */
async function putBackCluster(
  api: Api,
  { saved, present }: { readonly saved: SavedObject; readonly present: KubeObject },
): Promise<void> {
  const wanted = restorable(saved, saved.object);
  const found = restorable(saved, present);
  const { name } = present.metadata;
  const spec = operations("/spec", wanted.spec, found.spec);
  if (spec.length > 0) await api.patch(saved.resource, name, { kind: "json", body: spec });
  const status = operations("/status", wanted.status, found.status);
  if (status.length === 0) return;
  const definition = await api.get(customResourceDefinitions, "clusters.management.cattle.io");
  const own = definition !== undefined && hasStatusSubresource(definition);
  await api.patch(saved.resource, name, { kind: "json", body: status, ...(own ? { subresource: "status" } : {}) });
}

function operations(path: string, wanted: unknown, found: unknown): object[] {
  const [to, from] = [entriesOf(wanted), entriesOf(found)];
  return [...new Set([...to.keys(), ...from.keys()])].flatMap((key) => {
    const place = `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    if (JSON.stringify(to.get(key)) === JSON.stringify(from.get(key))) return [];
    const test = from.has(key) ? [{ op: "test", path: place, value: from.get(key) }] : [];
    return [...test, to.has(key) ? { op: "add", path: place, value: to.get(key) } : { op: "remove", path: place }];
  });
}

function entriesOf(value: unknown): Map<string, unknown> {
  return new Map(typeof value === "object" && value !== null ? Object.entries(value) : []);
}
