import { describe, expect, test } from "vitest";
import { decodeProtobuf } from "./protobuf.ts";

/** Wire format by hand: a tag and a length before each text or message. */
function bytes(field: number, content: Buffer | string): Buffer {
  const body = Buffer.from(content);
  return Buffer.concat([Buffer.from([field * 8 + 2, body.length]), body]);
}

function wrapped(apiVersion: string, kind: string, raw: Buffer): Buffer {
  const typeMeta = Buffer.concat([bytes(1, apiVersion), bytes(2, kind)]);
  return Buffer.concat([Buffer.from("k8s\0"), bytes(1, typeMeta), bytes(2, raw), bytes(3, ""), bytes(4, "")]);
}

describe("an object in protobuf", () => {
  test("is read: a Secret with its name, its type and its data in base64", () => {
    const metadata = Buffer.concat([bytes(1, "trust"), bytes(2, ""), bytes(3, "default"), bytes(8, "")]);
    const entry = Buffer.concat([bytes(1, "cacerts.pem"), bytes(2, "PEM")]);
    const raw = Buffer.concat([bytes(1, metadata), bytes(2, entry), bytes(3, "Opaque")]);
    expect(decodeProtobuf(wrapped("v1", "Secret", raw))).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "trust", namespace: "default" },
      data: { "cacerts.pem": Buffer.from("PEM").toString("base64") },
      type: "Opaque",
    });
  });

  test("keeps the zero of a pointer and drops that of a plain field", () => {
    const spec = Buffer.from([1 * 8, 0, 5 * 8, 0]);
    expect(decodeProtobuf(wrapped("apps/v1", "Deployment", bytes(2, spec)))).toMatchObject({ spec: { replicas: 0 } });
    expect(decodeProtobuf(wrapped("apps/v1", "Deployment", bytes(2, spec)))).not.toHaveProperty("spec.minReadySeconds");
  });

  const refusals: readonly { name: string; given: Buffer; status: number }[] = [
    { name: "JSON", given: Buffer.from("{}"), status: 400 },
    { name: "what is cut off", given: wrapped("v1", "Secret", bytes(1, "x")).subarray(0, 20), status: 400 },
    { name: "a kind that is not known here", given: wrapped("v1", "Widget", bytes(1, "x")), status: 415 },
    { name: "a field that is not known here", given: wrapped("v1", "ConfigMap", bytes(15, "x")), status: 415 },
  ];
  for (const { name, given, status } of refusals) {
    test(`is refused: ${name}`, () => {
      expect(() => decodeProtobuf(given)).toThrow(expect.objectContaining({ status }));
    });
  }
});
