import { beforeEach, describe, expect, test } from "vitest";
import { resourceKind } from "./built-in-kinds.ts";
import { type Change, Store } from "./store.ts";

const kind = resourceKind({ group: "", version: "v1", resource: "things", kind: "Thing", namespaced: true });
const other = resourceKind({ group: "", version: "v1", resource: "others", kind: "Other", namespaced: true });

let store: Store;
let seen: string[];
const note = (change: Change) =>
  seen.push(`${change.deleted ? "-" : change.previous === undefined ? "+" : "~"}${change.object.metadata.name}`);

beforeEach(() => {
  store = new Store(8);
  seen = [];
});

describe("the store", () => {
  test("gives each change the next version", () => {
    const first = store.put(kind, thing("a"));
    const second = store.put(kind, thing("b"));
    const changed = store.put(kind, { ...first, value: 2 });
    const versions = [first, second, changed].map((object) => Number(object.metadata.resourceVersion));
    expect(versions).toEqual([versions[0], Number(versions[0]) + 1, Number(versions[0]) + 2]);
  });

  test("lists by namespace and name, whatever the order of writing", () => {
    for (const name of ["c", "a", "b"]) store.put(kind, thing(name));
    store.put(kind, thing("z", "early"));
    expect(store.list(kind).map((object) => object.metadata.name)).toEqual(["z", "a", "b", "c"]);
    expect(store.list(kind, "early").map((object) => object.metadata.name)).toEqual(["z"]);
  });

  test("lists as it was at an earlier version", () => {
    const a = store.put(kind, thing("a"));
    store.put(kind, thing("b"));
    const then = store.revision;
    store.put(kind, { ...a, value: 2 });
    store.remove(kind, store.get(kind, "space", "b") ?? thing("b"));
    store.put(kind, thing("c"));
    expect(store.listAt(kind, undefined, then).map((object) => [object.metadata.name, object.value])).toEqual([
      ["a", 1],
      ["b", 1],
    ]);
  });

  test("tells a subscriber the past first, then the present, each change once and in order", async () => {
    const since = store.revision;
    store.put(kind, thing("a"));
    store.put(other, thing("x"));
    store.put(kind, thing("b"));
    const subscription = store.subscribe(kind, since, note);
    store.put(kind, thing("c"));
    await Promise.resolve();
    store.remove(kind, store.get(kind, "space", "a") ?? thing("a"));
    await new Promise((resolve) => setImmediate(resolve));
    subscription.close();
    store.put(kind, thing("d"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual(["+a", "+b", "+c", "-a"]);
  });

  test("lets no change that is on its way overtake the past of a new subscriber", async () => {
    const since = store.revision;
    store.put(kind, thing("long-delivered"));
    await new Promise((resolve) => setImmediate(resolve));
    store.put(kind, thing("on-its-way"));
    const subscription = store.subscribe(kind, since, note);
    await new Promise((resolve) => setImmediate(resolve));
    subscription.close();
    expect(seen).toEqual(["+long-delivered", "+on-its-way"]);
  });

  test("forgets old changes, and says so to whoever asks for them", () => {
    const early = store.revision;
    for (let index = 0; index < 20; index += 1) store.put(kind, thing(`n${index}`));
    expect(() => store.subscribe(kind, early, note)).toThrow(
      expect.objectContaining({ status: 410, reason: "Expired" }),
    );
    expect(() => store.listAt(kind, undefined, early)).toThrow(expect.objectContaining({ status: 410 }));
  });

  test("knows no version that it has not reached", () => {
    expect(() => store.subscribe(kind, store.revision + 5, note)).toThrow(expect.objectContaining({ status: 504 }));
  });

  test("shares and freezes what it holds", () => {
    const spec = { deep: { list: [1, 2] } };
    const first = store.put(kind, { ...thing("a"), spec });
    const second = store.put(kind, { ...first, value: 2 });
    expect(second.spec).toBe(first.spec);
    expect(Object.isFrozen(Object(first.spec).deep.list)).toBe(true);
    expect(Object.isFrozen(spec)).toBe(false);
  });
});

function thing(name: string, namespace = "space") {
  return { apiVersion: "v1", kind: "Thing", metadata: { name, namespace }, value: 1 };
}
