import { describe, expect, it } from "vitest";
import { asKubeObject, type KubeObject, readOnce } from "./object.ts";

const METADATA = {
  name: "tls-ca",
  namespace: "cattle-system",
  uid: "u",
  resourceVersion: "7",
  generation: 3,
  creationTimestamp: "2026-11-23T04:11:46Z",
  deletionTimestamp: "2026-11-23T04:12:00Z",
  labels: { app: "rancher" },
  annotations: { note: "" },
  managedFields: [{ manager: "kubectl" }],
};

describe("an object of the API", () => {
  const objects: [string, unknown][] = [
    ["with all that is read of any kind, and more", { kind: "Secret", metadata: METADATA, data: { a: null } }],
    ["with nothing but a name", { metadata: { name: "" } }],
    ["whose maps are empty", { metadata: { name: "a", labels: {}, annotations: {} } }],
  ];
  it.each(objects)("%s is taken as it is, not as a copy", (_, value) => {
    expect(asKubeObject(value)).toBe(value);
  });

  const strange: [string, unknown][] = [
    ["nothing", undefined],
    ["null", null],
    ["a text", "tls-ca"],
    ["a list", [{ metadata: METADATA }]],
    ["a list with metadata", Object.assign([], { metadata: METADATA })],
    ["no metadata", { kind: "Secret" }],
    ["null as metadata", { metadata: null }],
    ["a list as metadata", { metadata: Object.assign([], METADATA) }],
    ["no name", { metadata: { namespace: "cattle-system" } }],
    ["a number as name", { metadata: { name: 7 } }],
    ...["namespace", "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp"].map(
      (field): [string, unknown] => [`a number as ${field}`, { metadata: { ...METADATA, [field]: 7 } }],
    ),
    ["null as resourceVersion", { metadata: { ...METADATA, resourceVersion: null } }],
    ["a text as generation", { metadata: { ...METADATA, generation: "3" } }],
    ["a list as labels", { metadata: { ...METADATA, labels: ["app"] } }],
    ["null as labels", { metadata: { ...METADATA, labels: null } }],
    ["a label that is no text", { metadata: { ...METADATA, labels: { app: "rancher", tier: 1 } } }],
    ["an annotation that is no text", { metadata: { ...METADATA, annotations: { note: "", other: null } } }],
  ];
  it.each(strange)("is not what has %s", (_, value) => {
    expect(asKubeObject(value)).toBeUndefined();
  });
});

describe("a reading", () => {
  it("is made once of one object, also where it gives nothing, and anew of an equal one", () => {
    const read: KubeObject[] = [];
    const reading = readOnce((object) => {
      read.push(object);
      return object.kind === "Secret" ? { name: object.metadata.name } : undefined;
    });
    const [secret, twin, other] = [
      { kind: "Secret", metadata: { name: "a" } },
      { kind: "Secret", metadata: { name: "a" } },
      { kind: "Pod", metadata: { name: "b" } },
    ];
    const first = reading(secret);
    expect(first).toEqual({ name: "a" });
    expect(reading(secret)).toBe(first);
    expect(reading(twin)).not.toBe(first);
    expect([reading(other), reading(other)]).toEqual([undefined, undefined]);
    expect(read).toEqual([secret, twin, other]);
  });
});
