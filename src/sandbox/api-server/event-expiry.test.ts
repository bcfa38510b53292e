import { afterEach, beforeEach, expect, test } from "vitest";
import type { Clock } from "../clock.ts";
import { ApiServer } from "./api-server.ts";

const HOUR = 3_600_000;
const EVENTS = { group: "", version: "v1", resource: "events", namespace: "default" };

let time: number;
let server: ApiServer;

beforeEach(() => {
  time = Date.parse("2026-01-01T00:00:00Z");
  const clock: Clock = {
    now: () => new Date(time),
    elapsed: (since) => time - since.getTime(),
    after: () => ({ cancel: () => {} }),
  };
  server = new ApiServer({ clock });
});

afterEach(() => server.stop());

const record = (name: string) =>
  server.client().create(EVENTS, { apiVersion: "v1", kind: "Event", metadata: { name } });

async function names(): Promise<string[]> {
  const { items } = await server.client().list(EVENTS);
  return items.map((item) => item.metadata.name);
}

test("an event is gone an hour after its last write, once another is written", async () => {
  await record("repeated");
  await record("single");
  time += HOUR / 2;
  await server.client().patch(EVENTS, "repeated", { type: "merge", body: { count: 2 } });
  time += HOUR / 2;
  await record("late");
  expect(await names()).toEqual(["late", "repeated"]);
  time += HOUR;
  await record("latest");
  expect(await names()).toEqual(["latest"]);
});

test("an event of the same name that came later stays", async () => {
  await record("twice");
  await server.client().delete(EVENTS, "twice");
  time += HOUR - 1;
  await record("twice");
  time += 1;
  await record("another");
  expect(await names()).toEqual(["another", "twice"]);
});
