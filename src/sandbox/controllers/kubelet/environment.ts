/** The environment of a container at its start. */
import type { Container, EnvironmentSource, EnvironmentVariable, Pod } from "../pod.ts";
import type { Content } from "./content.ts";

export type Environment =
  | { readonly kind: "resolved"; readonly env: Readonly<Record<string, string>> }
  /** What the container waits with as `CreateContainerConfigError`. */
  | { readonly kind: "failed"; readonly message: string };

/** Resolves `envFrom` and `env` in their order; later ones win, and `$(NAME)` is replaced by what came before. */
export function resolveEnvironment(pod: Pod, container: Container, content: Content): Environment {
  const env: Record<string, string> = {};
  for (const source of container.envFrom ?? []) {
    const { found, failure } = everythingIn(source, pod, content);
    if (failure !== undefined) return { kind: "failed", message: failure };
    for (const [name, value] of found ?? []) env[`${source.prefix ?? ""}${name}`] = value;
  }
  for (const variable of container.env ?? []) {
    const { value, failure } = resolved(variable, pod, content);
    if (failure !== undefined) return { kind: "failed", message: failure };
    if (value !== undefined) env[variable.name] = expand(value, env);
  }
  return { kind: "resolved", env };
}

function everythingIn(source: EnvironmentSource, pod: Pod, content: Content) {
  const reference = source.secretRef ?? source.configMapRef;
  if (!reference) return {};
  const found = source.secretRef
    ? content.secret(pod.namespace, reference.name)
    : content.configMap(pod.namespace, reference.name);
  if (found || reference.optional) return { found };
  return { failure: `${source.secretRef ? "secret" : "configmap"} "${reference.name}" not found` };
}

function resolved(variable: EnvironmentVariable, pod: Pod, content: Content): { value?: string; failure?: string } {
  const { secretKeyRef, configMapKeyRef, fieldRef } = variable.valueFrom ?? {};
  if (fieldRef) return { value: fieldOf(pod, fieldRef.fieldPath) };
  const reference = secretKeyRef ?? configMapKeyRef;
  if (!reference) return { value: variable.value ?? "" };
  const kind = secretKeyRef ? "secret" : "configmap";
  const stored = secretKeyRef
    ? content.secret(pod.namespace, reference.name)
    : content.configMap(pod.namespace, reference.name);
  const value = stored?.get(reference.key);
  if (value !== undefined) return { value };
  if (reference.optional) return {};
  if (!stored) return { failure: `${kind} "${reference.name}" not found` };
  return { failure: `couldn't find key ${reference.key} in ${kind} ${pod.namespace}/${reference.name}` };
}

/** The downward API's fields; "" for one that the pod has not. */
function fieldOf(pod: Pod, path: string): string {
  const { name, namespace, uid, labels, annotations } = pod.object.metadata;
  const [, map, key] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (key !== undefined) return (map === "labels" ? labels : annotations)?.[key] ?? "";
  const fields: Readonly<Record<string, unknown>> = {
    "metadata.name": name,
    "metadata.namespace": namespace,
    "metadata.uid": uid,
    "spec.nodeName": pod.spec.nodeName,
    "spec.serviceAccountName": pod.spec.serviceAccountName,
    "status.podIP": pod.status.podIP,
    "status.hostIP": pod.status.hostIP,
  };
  return String(fields[path] ?? "");
}

/** `$(NAME)` of a known name is its value, `$$(NAME)` is `$(NAME)` literally, anything else stays. */
function expand(value: string, known: Readonly<Record<string, string>>): string {
  return value.replace(/\$(\$)?\(([^)]+)\)/g, (all, escaped, name) => (escaped ? all.slice(1) : (known[name] ?? all)));
}
