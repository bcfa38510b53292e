/**
 * Reads what an object of the API has in its fields, as a schema would. A rotation reads Deployments and pods many thousand
 * times, so that their reading is written out: see docs/adr/0011. `absent` is what a field stands for that is not there;
 * where none is given, the field must be. What is `null` is not absent.
 */
import { isRecord, isTextMap, type KubeObject, readOnce } from "./object.ts";

/** An object of JSON, or a part of one. */
export type Fields = Readonly<Record<string, unknown>>;

/** Thrown where a field does not hold what it should; {@link readingOf} catches it. */
const MISSHAPEN = new Error("the object is not of its kind");

/**
 * A reading that is kept for as long as the object is, since a watch shows the same object again with every change of
 * another. It is undefined where the object does not have what `read` asks for.
 */
export function readingOf<Read>(read: (object: Fields) => Read): (object: KubeObject) => Read | undefined {
  return readOnce((object) => {
    try {
      return read(object);
    } catch (error) {
      if (error === MISSHAPEN) return undefined;
      throw error;
    }
  });
}

/** The text in a field. */
export function textAt(fields: Fields, name: string, absent?: string): string {
  const value = fields[name];
  if (value === undefined && absent !== undefined) return absent;
  if (typeof value !== "string") throw MISSHAPEN;
  return value;
}

/** The same; undefined where the field is absent. */
export function textIfAt(fields: Fields, name: string): string | undefined {
  return fields[name] === undefined ? undefined : textAt(fields, name);
}

/** The whole number in a field. */
export function wholeNumberAt(fields: Fields, name: string, absent: number): number {
  const value = fields[name];
  if (value === undefined) return absent;
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw MISSHAPEN;
  return value;
}

/** Whether a field says yes. */
export function flagAt(fields: Fields, name: string, absent: boolean): boolean {
  const value = fields[name];
  if (value === undefined) return absent;
  if (typeof value !== "boolean") throw MISSHAPEN;
  return value;
}

/** An amount or a percentage, as text. */
export function amountAt(fields: Fields, name: string, absent: string): string {
  const value = fields[name];
  return typeof value === "number" ? String(value) : textAt(fields, name, absent);
}

/** The object in a field. */
export function fieldsAt(fields: Fields, name: string, absent?: Fields): Fields {
  const value = fields[name];
  if (value === undefined && absent !== undefined) return absent;
  if (!isRecord(value)) throw MISSHAPEN;
  return value;
}

/** The same; undefined where the field is absent. */
export function fieldsIfAt(fields: Fields, name: string): Fields | undefined {
  return fields[name] === undefined ? undefined : fieldsAt(fields, name);
}

/** Names and texts in a field, as labels are; none where it is absent. */
export function textsByNameAt(fields: Fields, name: string): Readonly<Record<string, string>> {
  const value = fieldsAt(fields, name, {});
  if (!isTextMap(value)) throw MISSHAPEN;
  return value;
}

/** What `read` makes of each object in a list; an absent list is empty unless it is `required`. */
export function eachAt<Read>(
  fields: Fields,
  name: string,
  read: (item: Fields) => Read,
  { required = false } = {},
): readonly Read[] {
  const value = listAt(fields, name, required);
  return value.map((item) => {
    if (!isRecord(item)) throw MISSHAPEN;
    return read(item);
  });
}

/** A list of texts in a field; empty where it is absent. */
export function textsAt(fields: Fields, name: string): readonly string[] {
  return listAt(fields, name, false).map((item) => {
    if (typeof item !== "string") throw MISSHAPEN;
    return item;
  });
}

function listAt(fields: Fields, name: string, required: boolean): readonly unknown[] {
  const value = fields[name];
  if (value === undefined && !required) return [];
  if (!Array.isArray(value)) throw MISSHAPEN;
  return value;
}
