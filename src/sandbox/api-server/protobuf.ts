/**
 * Reads objects in Kubernetes' protobuf form (`application/vnd.kubernetes.protobuf`): four bytes of magic, then a
 * `runtime.Unknown` that wraps the message. Answers are always JSON, which such clients accept as well.
 */

import { isJsonObject, type JsonObject, text } from "./json-value.ts";
import { MESSAGES } from "./protobuf-messages.ts";
import { badRequest, unsupportedMediaType } from "./status-errors.ts";

export const PROTOBUF_MEDIA_TYPE = "application/vnd.kubernetes.protobuf";

const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

/** @throws ApiError 400 for what is not such an object, 415 for kinds and fields that are not known here. */
export function decodeProtobuf(bytes: Uint8Array): JsonObject {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!buffer.subarray(0, 4).equals(MAGIC)) throw badRequest("provided data does not appear to be a protobuf message");
  const unknown = message("Unknown", buffer.subarray(4));
  const { typeMeta, raw } = unknown;
  if (!isJsonObject(typeMeta)) throw badRequest("provided data has no kind");
  const { apiVersion, kind } = typeMeta;
  const body = raw === undefined ? {} : message(text(kind) ?? "", Buffer.from(text(raw) ?? "", "base64"));
  return { apiVersion, kind, ...body };
}

function message(type: string, buffer: Buffer): JsonObject {
  const fields = MESSAGES[type];
  if (fields === undefined) throw unsupportedMediaType(["application/json"]);
  const result: Record<string, unknown> = {};
  for (const { number, value } of wireFields(buffer)) {
    const [name, fieldType] = fields[number] ?? [];
    if (name === undefined || fieldType === undefined) throw unsupportedMediaType(["application/json"]);
    add(result, name, fieldType, value);
  }
  return result;
}

function add(result: Record<string, unknown>, name: string, type: string, value: Buffer | number): void {
  if (type === "skip") return;
  const current = result[name];
  if (type.endsWith("[]")) {
    const element = single(type.slice(0, -2), value);
    result[name] = [...(Array.isArray(current) ? current : []), element];
  } else if (type.endsWith("<>")) {
    result[name] = { ...(isJsonObject(current) ? current : {}), ...mapEntry(type.slice(0, -2), value) };
  } else {
    const optional = type.endsWith("?");
    const decoded = single(optional ? type.slice(0, -1) : type, value);
    // A Go field that is no pointer is sent even if it is empty; JSON leaves it out.
    if (optional || !isEmpty(decoded)) result[name] = decoded;
  }
}

function single(type: string, value: Buffer | number): unknown {
  if (typeof value === "number") return type === "bool" ? value !== 0 : value;
  if (type === "string") return value.toString("utf8");
  if (type === "bytes") return value.toString("base64");
  const decoded = message(type, value);
  if (type !== "IntOrString") return decoded;
  return decoded.type === 1 ? (decoded.strVal ?? "") : (decoded.intVal ?? 0);
}

function mapEntry(type: string, value: Buffer | number): JsonObject {
  if (typeof value === "number") throw badRequest("proto: wrong wireType");
  const parts = new Map([...wireFields(value)].map((field) => [field.number, field.value]));
  return { [String(single("string", parts.get(1) ?? EMPTY))]: single(type, parts.get(2) ?? EMPTY) };
}

const EMPTY = Buffer.alloc(0);

function* wireFields(buffer: Buffer): Generator<{ number: number; value: Buffer | number }> {
  let offset = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; shift < 63; shift += 7) {
      const byte = buffer[offset];
      if (byte === undefined) throw badRequest("unexpected EOF");
      offset += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw badRequest("proto: integer overflow");
  };
  while (offset < buffer.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        yield { number, value: varint() };
        break;
      case 2: {
        const length = varint();
        if (offset + length > buffer.length) throw badRequest("unexpected EOF");
        yield { number, value: buffer.subarray(offset, offset + length) };
        offset += length;
        break;
      }
      default:
        throw badRequest("proto: wrong wireType");
    }
  }
}

function isEmpty(value: unknown): boolean {
  if (value === "" || value === 0 || value === false) return true;
  return isJsonObject(value) && Object.keys(value).length === 0;
}
