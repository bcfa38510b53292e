/**
 * OpenAPI v3, as far as kubectl needs it: which query parameters the server understands (so that kubectl leaves
 * validation to it), which kinds take strategic merge patches, and the merge keys of their lists.
 * Documents are made once per table of kinds and group version.
 */

import { describedTypes, type Field, fieldsOf, rootType } from "./field-types.ts";
import { apiVersionOf, type KindTable, type ResourceKind } from "./kinds.ts";
import { acceptedPatches } from "./patches.ts";

const PREFIX = "/openapi/v3";
const DOCUMENTS = new WeakMap<KindTable, Map<string, string>>();

/** The JSON text that answers an OpenAPI path, or undefined if it is not one. */
export function openApiDocument(kinds: KindTable, path: string): string | undefined {
  if (path !== PREFIX && !path.startsWith(`${PREFIX}/`)) return undefined;
  const known = DOCUMENTS.get(kinds) ?? new Map<string, string>();
  DOCUMENTS.set(kinds, known);
  const text = known.get(path) ?? JSON.stringify(path === PREFIX ? rootDocument(kinds) : versionDocument(kinds, path));
  if (text !== undefined) known.set(path, text);
  return text;
}

const V2_INFO = { title: "Kubernetes", version: "unversioned" };

/**
 * OpenAPI v2 with nothing in it: kubectl before 1.29 insists on having it, in protobuf, and then works from v3.
 *
 * @param accept what the client takes.
 */
export function openApiV2(accept: string): { readonly contentType: string; readonly body: string } {
  if (!accept.includes("proto-openapi.spec.v2")) {
    const document = { swagger: "2.0", info: V2_INFO, paths: {}, definitions: {} };
    return { contentType: "application/json", body: JSON.stringify(document) };
  }
  // openapi.v2.Document: swagger = 1, info = 2 { title = 1, version = 2 }, paths = 8, definitions = 9.
  const info = lengthPrefixed(1, V2_INFO.title) + lengthPrefixed(2, V2_INFO.version);
  const body = [lengthPrefixed(1, "2.0"), lengthPrefixed(2, info), lengthPrefixed(8, ""), lengthPrefixed(9, "")];
  return { contentType: "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", body: body.join("") };
}

/** A protobuf field of less than 128 ASCII characters. */
function lengthPrefixed(field: number, content: string): string {
  return String.fromCharCode(field * 8 + 2, content.length) + content;
}

function groupVersions(kinds: KindTable): ReadonlyMap<string, readonly ResourceKind[]> {
  const byPath = Map.groupBy(kinds.all, (kind) => (kind.group === "" ? "api/v1" : `apis/${apiVersionOf(kind)}`));
  return byPath;
}

function rootDocument(kinds: KindTable): object {
  const paths = [...groupVersions(kinds).keys()].map((path) => [path, { serverRelativeURL: `${PREFIX}/${path}` }]);
  return { paths: Object.fromEntries(paths) };
}

function versionDocument(kinds: KindTable, path: string): object | undefined {
  const members = groupVersions(kinds).get(path.slice(PREFIX.length + 1));
  if (members === undefined) return undefined;
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "unversioned" },
    paths: Object.fromEntries(members.map((kind) => [objectPath(kind), pathItem(kind)])),
    components: { schemas: { ...Object.fromEntries(members.map(rootSchema)), ...typeSchemas() } },
  };
}

function objectPath(kind: ResourceKind): string {
  const root = kind.group === "" ? "/api/v1" : `/apis/${apiVersionOf(kind)}`;
  return `${root}/${kind.namespaced ? "namespaces/{namespace}/" : ""}${kind.resource}/{name}`;
}

function pathItem(kind: ResourceKind): object {
  const reference = { schema: { $ref: `#/components/schemas/${rootName(kind)}` } };
  const ok = { 200: { description: "OK", content: { "application/json": reference } } };
  const gvk = { "x-kubernetes-group-version-kind": gvkOf(kind) };
  const parameters = ["dryRun", "fieldManager", "fieldValidation"].map((name) => ({
    name,
    in: "query",
    schema: { type: "string", uniqueItems: true },
  }));
  const patches = acceptedPatches(kind).map((mediaType) => [mediaType, { schema: { type: "object" } }]);
  return {
    get: { responses: ok, "x-kubernetes-action": "get", ...gvk },
    patch: {
      parameters,
      requestBody: { required: true, content: Object.fromEntries(patches) },
      responses: ok,
      "x-kubernetes-action": "patch",
      ...gvk,
    },
  };
}

function rootSchema(kind: ResourceKind): readonly [string, object] {
  const type = rootType(kind);
  const schema = {
    type: "object",
    description: kind.kind,
    ...(type === undefined ? OPAQUE : { properties: properties(type) }),
    "x-kubernetes-group-version-kind": [gvkOf(kind)],
  };
  return [rootName(kind), schema];
}

/** A kind of which only the metadata is known. */
const OPAQUE = {
  properties: {
    apiVersion: { type: "string" },
    kind: { type: "string" },
    metadata: { allOf: [{ $ref: `#/components/schemas/${typeName("ObjectMeta")}` }] },
  },
  "x-kubernetes-preserve-unknown-fields": true,
};

function typeSchemas(): object {
  const schemas = describedTypes().map((name) => [typeName(name), { type: "object", properties: properties(name) }]);
  return Object.fromEntries(schemas);
}

function properties(type: string): object {
  return Object.fromEntries(Object.entries(fieldsOf(type)).map(([name, field]) => [name, property(field)]));
}

function property({ type, list, mergeKey, retainKeys }: Field): object {
  const strategies = [...(mergeKey === undefined ? [] : ["merge"]), ...(retainKeys ? ["retainKeys"] : [])];
  return {
    ...(list ? { type: "array", items: schemaOf(type) } : schemaOf(type)),
    ...(strategies.length === 0 ? {} : { "x-kubernetes-patch-strategy": strategies.join(",") }),
    ...(mergeKey === undefined || mergeKey === "" ? {} : { "x-kubernetes-patch-merge-key": mergeKey }),
  };
}

function schemaOf(type: string): object {
  switch (type) {
    case "string":
      return { type: "string" };
    case "int":
      return { type: "integer" };
    case "bool":
      return { type: "boolean" };
    case "map":
      return { type: "object", additionalProperties: { type: "string" } };
    case "any":
      return {};
    default:
      return { allOf: [{ $ref: `#/components/schemas/${typeName(type)}` }], default: {} };
  }
}

function rootName(kind: ResourceKind): string {
  return ["io", "k8s", kind.group === "" ? "core" : kind.group.replaceAll(".", "-"), kind.version, kind.kind].join(".");
}

function typeName(type: string): string {
  return `io.k8s.api.${type}`;
}

function gvkOf({ group, version, kind }: ResourceKind): object {
  return { group, version, kind };
}
