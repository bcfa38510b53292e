/** What the path of a request means (k8s.io/apiserver/pkg/endpoints/request.RequestInfo). */

export type RequestPath =
  | {
      readonly kind: "resource";
      readonly group: string;
      readonly version: string;
      readonly resource: string;
      /** "" for none. */
      readonly namespace: string;
      readonly name: string;
      readonly subresource: string;
    }
  | { readonly kind: "other"; readonly path: string };

/** @param pathname without the query. */
export function parseRequestPath(pathname: string): RequestPath {
  const segments = pathname.split("/").filter((segment) => segment !== "");
  const [root, ...rest] = segments;
  if (root === "api" && rest.length >= 2) return resourcePath("", rest);
  if (root === "apis" && rest.length >= 3) return resourcePath(decoded(rest[0]), rest.slice(1));
  return { kind: "other", path: `/${segments.join("/")}` };
}

function resourcePath(group: string, [version, ...segments]: readonly string[]): RequestPath {
  const inNamespace = segments[0] === "namespaces" && segments.length >= 3 && !isNamespaceSubresource(segments[2]);
  const [resource, name, ...subresource] = inNamespace ? segments.slice(2) : segments;
  return {
    kind: "resource",
    group,
    version: decoded(version),
    resource: decoded(resource),
    namespace: inNamespace ? decoded(segments[1]) : "",
    name: decoded(name),
    subresource: subresource.map(decoded).join("/"),
  };
}

/** `/namespaces/x/status` is about the namespace itself; other words are resources inside it. */
function isNamespaceSubresource(segment: string | undefined): boolean {
  return segment === "status" || segment === "finalize";
}

function decoded(segment = ""): string {
  // Nearly none has anything to decode, and asking is much cheaper.
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
