import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { type Api, createApi } from "../../src/kubernetes/api.ts";
import { ApiError } from "../../src/kubernetes/api-error.ts";
import { pods } from "../../src/kubernetes/resource.ts";
import { Transport } from "../../src/kubernetes/transport.ts";
import { json, type ScriptedServer, startScriptedServer } from "../helpers/scripted-server.ts";

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

/** Each list takes the next of `lists`, each watch the next of `streams`; the last of each is repeated. */
async function serve(
  lists: ((response: ServerResponse) => void)[],
  streams: ((response: ServerResponse) => void)[],
): Promise<{ api: Api; server: ScriptedServer }> {
  const next = <T>(script: T[]): T => {
    const first = script[0];
    if (first === undefined) throw new Error("the script has ended");
    if (script.length > 1) script.shift();
    return first;
  };
  const server = await startScriptedServer((request, response) => {
    next(request.url?.includes("watch=1") ? streams : lists)(response);
  });
  opened.push({ close: () => server.stop() });
  const transport = new Transport({ origin: server.origin, tls: () => ({ ca: server.ca }) });
  opened.push(transport);
  return { server, api: createApi({ transport, server: "cluster c-abc12", basePath: "", headers: async () => ({}) }) };
}

const pod = (name: string, version: string, phase: string) => ({
  metadata: { name, namespace: "cattle-system", resourceVersion: version },
  status: { phase },
});
const list =
  (version: string, ...items: object[]) =>
  (response: ServerResponse) =>
    json(response, 200, { metadata: { resourceVersion: version }, items });
const lines =
  (end: boolean, ...events: object[]) =>
  (response: ServerResponse) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.write(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
    if (end) response.end();
  };
const running = (
  objects: readonly { readonly metadata: { readonly name: string }; readonly [field: string]: unknown }[],
) => objects.find((object) => JSON.stringify(object.status).includes("Running"))?.metadata.name;
const watch = (api: Api, deadlineMs = 20_000, signal?: AbortSignal) =>
  api.watchUntil(pods("cattle-system"), { labelSelector: "app=x" }, running, {
    deadlineMs,
    ...(signal === undefined ? {} : { signal }),
  });

describe("waiting", () => {
  it("ends at once when the list is already so", async () => {
    const { api, server } = await serve([list("5", pod("a", "5", "Running"))], []);
    expect(await watch(api)).toBe("a");
    expect(server.requests).toHaveLength(1);
  });

  it("follows changes from the list's version, bookmarks and deletions included", async () => {
    const counts: number[] = [];
    const { api, server } = await serve(
      [list("5", pod("a", "5", "Pending"))],
      [
        lines(
          false,
          { type: "BOOKMARK", object: { kind: "Pod", metadata: { resourceVersion: "6" } } },
          { type: "DELETED", object: pod("a", "7", "Pending") },
          { type: "ADDED", object: pod("b", "8", "Pending") },
          { type: "MODIFIED", object: pod("b", "9", "Running") },
        ),
      ],
    );
    const seen = await api.watchUntil(
      pods("cattle-system"),
      {},
      (objects) => {
        counts.push(objects.length);
        return running(objects);
      },
      { deadlineMs: 20_000 },
    );
    expect(seen).toBe("b");
    expect(counts).toEqual([1, 0, 1, 1]);
    expect(server.requests[1]).toContain("resourceVersion=5");
  });

  it("goes on from the last version when the server ends a stream", async () => {
    const { api, server } = await serve(
      [list("5")],
      [
        lines(true, { type: "ADDED", object: pod("a", "6", "Pending") }),
        lines(false, { type: "MODIFIED", object: pod("a", "7", "Running") }),
      ],
    );
    expect(await watch(api)).toBe("a");
    expect(server.requests.filter((request) => !request.includes("watch=1"))).toHaveLength(1);
    expect(server.requests[2]).toContain("resourceVersion=6");
  });

  describe("from a list that is known already", () => {
    const from = { items: [pod("a", "5", "Pending"), pod("b", "3", "Pending")], resourceVersion: "5" };
    const goOn = (api: Api, seen: string[][]) =>
      api.watchUntil(
        pods("cattle-system"),
        {},
        (objects) => {
          seen.push(objects.map(({ metadata }) => metadata.name));
          return running(objects);
        },
        { deadlineMs: 20_000, from },
      );

    it("follows the changes since, and asks for no list", async () => {
      const seen: string[][] = [];
      const { api, server } = await serve([], [lines(false, { type: "MODIFIED", object: pod("b", "6", "Running") })]);
      expect(await goOn(api, seen)).toBe("b");
      expect(seen).toEqual([
        ["a", "b"],
        ["a", "b"],
      ]);
      expect(server.requests).toHaveLength(1);
      expect(server.requests[0]).toContain("resourceVersion=5");
    });

    it("forgets it when the server's history since is gone", async () => {
      const seen: string[][] = [];
      const gone = (response: ServerResponse) => json(response, 410, { reason: "Expired" });
      const { api, server } = await serve([list("90", pod("c", "80", "Running"))], [gone]);
      expect(await goOn(api, seen)).toBe("c");
      expect(seen).toEqual([["a", "b"], ["c"]]);
      expect(server.requests.filter((request) => !request.includes("watch=1"))).toHaveLength(1);
    });
  });

  const relists: { name: string; stream: (response: ServerResponse) => void }[] = [
    { name: "its history is gone (410 as status)", stream: (response) => json(response, 410, { reason: "Expired" }) },
    { name: "its history is gone (410 as event)", stream: lines(false, { type: "ERROR", object: { code: 410 } }) },
    { name: "the connection breaks", stream: (response) => response.destroy() },
    {
      name: "a line is cut off",
      stream: (response) => {
        response.writeHead(200);
        response.write('{"type":"ADDED","object":{"metadata":{"na\n');
      },
    },
    { name: "a proxy answers in between", stream: (response) => response.writeHead(502).end("<html></html>") },
  ];
  it.each(relists)("lists again when $name", async ({ stream }) => {
    const { api, server } = await serve([list("5"), list("9", pod("a", "9", "Running"))], [stream]);
    expect(await watch(api)).toBe("a");
    expect(server.requests.filter((request) => !request.includes("watch=1"))).toHaveLength(2);
  });

  it("survives a server that is away for a while", async () => {
    const away = (response: ServerResponse) => json(response, 503, { message: "no tunnel" });
    const { api } = await serve([away, away, list("9", pod("a", "9", "Running"))], []);
    expect(await watch(api)).toBe("a");
  });

  it("stops at what no waiting will change", async () => {
    const { api } = await serve([(response) => json(response, 403, { reason: "Forbidden", message: "no" })], []);
    await expect(watch(api)).rejects.toMatchObject({ code: "api.forbidden" });
  });

  it.each([
    ["at the list", [list("5", pod("a", "5", "Running"))], [lines(false)]],
    ["at a change", [list("5")], [lines(false, { type: "ADDED", object: pod("a", "6", "Running") })]],
  ])("ends with what whoever looks %s throws, and asks no more", async (_, lists, streams) => {
    const { api, server } = await serve(lists, streams);
    const refusal = new Error("somebody has taken it back");
    const look = (objects: Parameters<typeof running>[0]): undefined => {
      if (running(objects) !== undefined) throw refusal;
    };
    const waiting = api.watchUntil(pods("cattle-system"), {}, look, { deadlineMs: 5_000 });
    await expect(waiting).rejects.toBe(refusal);
    expect(server.requests.length).toBeLessThanOrEqual(2);
  });

  it("ends at its deadline with an error of that kind", async () => {
    const { api } = await serve([list("5")], [lines(false)]);
    await expect(watch(api, 200)).rejects.toMatchObject({ kind: "deadline", code: "api.deadline" });
  });

  it("ends when its caller gives up, with the caller's reason", async () => {
    const controller = new AbortController();
    const { api } = await serve(
      [list("5")],
      [
        (response) => {
          lines(false)(response);
          controller.abort(new Error("the person pressed Ctrl-C"));
        },
      ],
    );
    const error = await watch(api, 20_000, controller.signal).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(ApiError);
    expect(String(error)).toContain("Ctrl-C");
  });
});
