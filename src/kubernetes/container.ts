/** Containers in a pod or a pod template, and the volumes beside them. */
import { eachAt, type Fields, fieldsIfAt, textAt, textIfAt, textsAt } from "./fields.ts";

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly EnvironmentVariable[];
}

interface EnvironmentVariable {
  readonly name: string;
  /** Undefined where the value comes from elsewhere, or is empty. */
  readonly value: string | undefined;
}

/** One of a pod's `containers`. */
export function containerIn(fields: Fields): Container {
  return {
    name: textAt(fields, "name"),
    image: textAt(fields, "image", ""),
    args: textsAt(fields, "args"),
    env: eachAt(fields, "env", variableIn),
  };
}

function variableIn(fields: Fields): EnvironmentVariable {
  return { name: textAt(fields, "name"), value: textIfAt(fields, "value") };
}

/** What a volume shows of a Secret; undefined for other volumes. */
export function secretIn(volume: Fields): { readonly secretName: string } | undefined {
  const secret = fieldsIfAt(volume, "secret");
  return secret && { secretName: textAt(secret, "secretName", "") };
}

/** Variables with a literal value; one without any is the empty text, as in the process. */
export function environmentOf(container: Container): Readonly<Record<string, string>> {
  return Object.fromEntries(container.env.map(({ name, value }) => [name, value ?? ""]));
}
