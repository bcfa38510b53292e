/** Objects as tables and as bare metadata (meta.k8s.io). kubectl asks for tables, `kubectl get` prints them. */

import type { KubeObject } from "../cluster-client.ts";
import { AGE, NAME } from "./columns.ts";
import type { Column, ResourceKind } from "./kinds.ts";
import type { Representation } from "./negotiation.ts";

export interface View {
  readonly kind: ResourceKind;
  readonly representation: Representation;
  /** What a table row carries of its object. The API's default is Metadata. */
  readonly includeObject: "None" | "Metadata" | "Object";
  readonly now: Date;
}

/** One object in the form asked for. */
export function viewOfObject(view: View, object: KubeObject): unknown {
  switch (view.representation.kind) {
    case "object":
      return object;
    case "metadata":
      return metadataOnly(object, view.representation.version);
    case "table":
      return table(view, [object], { resourceVersion: object.metadata.resourceVersion });
  }
}

/** A list in the form asked for. */
export function viewOfList(view: View, items: readonly KubeObject[], metadata: object): unknown {
  const { kind, representation } = view;
  switch (representation.kind) {
    case "object": {
      const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
      // The real API leaves type and version out of the items of built-in lists only; clients fill them in.
      const listed = kind.custom ? items : items.map(({ apiVersion: _, kind: __, ...rest }) => rest);
      return { kind: `${kind.kind}List`, apiVersion, metadata, items: listed };
    }
    case "metadata":
      return {
        kind: "PartialObjectMetadataList",
        apiVersion: `meta.k8s.io/${representation.version}`,
        metadata,
        items: items.map((object) => metadataOnly(object, representation.version)),
      };
    case "table":
      return table(view, items, metadata);
  }
}

function table(view: View, objects: readonly KubeObject[], metadata: object): unknown {
  const columns = view.kind.columns ?? [NAME, AGE];
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${view.representation.kind === "object" ? "v1" : view.representation.version}`,
    metadata,
    columnDefinitions: columns.map(columnDefinition),
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object, view.now)),
      ...rowObject(view, object),
    })),
  };
}

function columnDefinition(column: Column): object {
  return {
    name: column.name,
    type: column.type ?? "string",
    format: column === NAME ? "name" : "",
    description: column.description ?? "",
    priority: column.priority ?? 0,
  };
}

function rowObject(view: View, object: KubeObject): object {
  if (view.includeObject === "None") return {};
  return { object: view.includeObject === "Object" ? object : metadataOnly(object, "v1") };
}

function metadataOnly(object: KubeObject, version: string): object {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}
