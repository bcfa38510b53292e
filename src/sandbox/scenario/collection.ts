import type { KindTable } from "../api-server/kinds.ts";
import type { NewObject, ResourceRef } from "../cluster-client.ts";

/** Where an object of this kind belongs, by the kinds that the server has. */
export function collectionOf(
  object: NewObject,
  kinds: KindTable,
): { readonly ref: ResourceRef; readonly statusSubresource: boolean } {
  const [group = "", version = ""] = object.apiVersion.includes("/")
    ? object.apiVersion.split("/")
    : ["", object.apiVersion];
  const kind = kinds.all.find((each) => each.group === group && each.version === version && each.kind === object.kind);
  if (kind === undefined) throw new Error(`the sandbox has no kind ${object.kind} of ${object.apiVersion}`);
  const namespace = object.metadata.namespace;
  const ref = { group, version, resource: kind.resource, ...(namespace === undefined ? {} : { namespace }) };
  return { ref, statusSubresource: kind.statusSubresource === true };
}
