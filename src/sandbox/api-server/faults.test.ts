import { describe, expect, test } from "vitest";
import { realClock } from "../clock.ts";
import { ApiError } from "../cluster-client.ts";
import { ConnectionReset, Faults, type RequestAttributes } from "./faults.ts";
import { TextStream } from "./text-stream.ts";

const request: RequestAttributes = {
  user: { name: "farrier", groups: [] },
  verb: "patch",
  group: "apps",
  resource: "deployments",
  subresource: "",
  namespace: "cattle-system",
  name: "cattle-cluster-agent",
  dryRun: false,
};

describe("a fault", () => {
  test("is passed by requests that it does not pick", async () => {
    const faults = new Faults(realClock());
    faults.add(({ verb }) => (verb === "get" ? { kind: "hang" } : undefined));
    await expect(faults.around(request, () => "done")).resolves.toBe("done");
  });

  test("may answer with an error, and the action does not happen", async () => {
    const faults = new Faults(realClock());
    faults.add(() => ({ kind: "error", error: new ApiError(500, "InternalError", "no") }));
    const done: string[] = [];
    await expect(faults.around(request, () => done.push("done"))).rejects.toMatchObject({ status: 500 });
    expect(done).toEqual([]);
  });

  test("may carry the request out and say too late that it took too long", async () => {
    const faults = new Faults(realClock(1000));
    faults.add(() => ({ kind: "timeout", milliseconds: 30_000, error: new ApiError(504, "Timeout", "no") }));
    const done: string[] = [];
    const started = performance.now();
    await expect(faults.around(request, () => done.push("done"))).rejects.toMatchObject({ status: 504 });
    expect(done).toEqual(["done"]);
    expect(performance.now() - started).toBeGreaterThan(25);
  });

  test("may delay, in the time of the sandbox", async () => {
    const faults = new Faults(realClock(1000));
    faults.add(() => ({ kind: "delay", milliseconds: 30_000 }));
    const started = performance.now();
    await expect(faults.around(request, () => "done")).resolves.toBe("done");
    expect(performance.now() - started).toBeGreaterThan(25);
  });

  test("may hang until the caller gives up", async () => {
    const faults = new Faults(realClock());
    faults.add(() => ({ kind: "hang" }));
    const caller = new AbortController();
    const hanging = faults.around(request, () => "done", caller.signal);
    caller.abort();
    await expect(hanging).rejects.toBeInstanceOf(ConnectionReset);
  });

  test("ends its waits when the server stops", async () => {
    const faults = new Faults(realClock());
    faults.add(() => ({ kind: "hang" }));
    const hanging = faults.around(request, () => "done");
    faults.stop();
    await expect(hanging).rejects.toBeInstanceOf(ConnectionReset);
  });
});

describe("a stream of text", () => {
  test("is read in the order of writing, to its end", async () => {
    const stream = new TextStream();
    stream.write("a");
    const first = stream.next();
    const second = stream.next();
    stream.write("b");
    stream.write("c");
    stream.end();
    stream.write("too late");
    const rest: string[] = [];
    for await (const chunk of stream) rest.push(chunk);
    expect([(await first).value, (await second).value, ...rest]).toEqual(["a", "b", "c"]);
  });

  test("tells the writer when the reader has had enough, even while it waits", async () => {
    const stream = new TextStream();
    const ended: string[] = [];
    stream.onEnd(() => ended.push("ended"));
    const waiting = stream.next();
    await stream.return();
    expect(await waiting).toEqual({ value: undefined, done: true });
    expect(ended).toEqual(["ended"]);
    stream.onEnd(() => ended.push("at once"));
    expect(ended).toEqual(["ended", "at once"]);
  });
});
