import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { leaveRequest, leftRequests, type PersonRequest } from "./requests.ts";

let rotation: string;
beforeEach(async () => {
  rotation = await mkdtemp(join(tmpdir(), "farrier-requests-"));
});
afterEach(() => rm(rotation, { recursive: true }));

const asked = async (): Promise<PersonRequest[]> => (await leftRequests(rotation)).map(({ request }) => request);

const REQUESTS: PersonRequest[] = [
  { kind: "pause", by: "ana@lab", why: "change freeze" },
  { kind: "waive", waiver: { clusterId: "c-1", by: "ana@lab", reason: "is sold", until: "2027-01-01T00:00:00Z" } },
  { kind: "resume", by: "ben@lab" },
];

describe("what people ask of a rotation", () => {
  it.each(REQUESTS.map((request) => [request.kind, request] as const))(
    "%s comes as it was left",
    async (_, request) => {
      await leaveRequest(rotation, request);
      expect(await asked()).toEqual([request]);
    },
  );

  it("is nothing where nobody has asked yet", async () => {
    expect(await asked()).toEqual([]);
  });

  it("comes in the order of its files, and goes one by one", async () => {
    await mkdir(join(rotation, "requests"));
    const written = [5, 2, 9, 1, 7, 3, 8, 6, 4];
    for (const at of written) {
      const request: PersonRequest = { kind: "resume", by: String(at) };
      await writeFile(join(rotation, `requests/170000000000${at}-x.json`), JSON.stringify(request));
    }
    const left = await leftRequests(rotation);
    expect(left.map(({ request }) => "by" in request && request.by)).toEqual([...written].sort().map(String));
    await left[1]?.settle();
    expect(await asked()).toHaveLength(8);
    await left[1]?.settle();
  });

  it("is its owner's alone, each in a file of its own", async () => {
    await Promise.all(REQUESTS.map((request) => leaveRequest(rotation, request)));
    const names = await readdir(join(rotation, "requests"));
    expect(names).toHaveLength(3);
    for (const path of names.map((name) => join(rotation, "requests", name))) {
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    }
    expect((await stat(join(rotation, "requests"))).mode & 0o777).toBe(0o700);
  });

  it("is not yet what is still being written", async () => {
    await leaveRequest(rotation, { kind: "resume", by: "ana@lab" });
    await writeFile(join(rotation, "requests/1-x.json.draft-1-2-lab"), "{");
    expect(await asked()).toHaveLength(1);
  });
});

describe("a file that nobody's request is", () => {
  const rows: [string, string][] = [
    ["half a file", '{"kind":"pau'],
    ["another kind", '{"kind":"stop","by":"ana"}'],
    ["a pause without its reason", '{"kind":"pause","by":"ana"}'],
    ["a waiver without its end", '{"kind":"waive","waiver":{"clusterId":"c-1","by":"ana","reason":"x"}}'],
  ];
  it.each(rows)("%s stops whoever would go on, and is named", async (_, text) => {
    await mkdir(join(rotation, "requests"));
    const path = join(rotation, "requests/1-x.json");
    await writeFile(path, text);
    await expect(leftRequests(rotation)).rejects.toMatchObject({
      code: "input.invalid",
      message: `${path} is not a request that farrier left.`,
      hint: "Remove the file.",
    });
  });
});
