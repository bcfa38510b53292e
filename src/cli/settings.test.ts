import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadSettings } from "./settings.ts";

let folder: string;
let config: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-settings-"));
  config = join(folder, "farrier.yaml");
});
afterAll(() => rm(folder, { recursive: true }));

const CREDENTIALS = "https://ann:hunter2@charts.example.com/rancher-2.15.1.tgz";

describe("the chart that a person names", () => {
  const rows: [string, string, (at: string) => string][] = [
    ["a file beside farrier.yaml", "charts/rancher-2.15.1.tgz", (at) => join(at, "charts/rancher-2.15.1.tgz")],
    ["a directory beside it", "./charts/rancher", (at) => join(at, "charts/rancher")],
    ["an absolute path", "/srv/rancher-2.15.1.tgz", () => "/srv/rancher-2.15.1.tgz"],
    ["one of a repository", "rancher-prime/rancher", () => "rancher-prime/rancher"],
    ["a URL", "https://charts.example.com/rancher-2.15.1.tgz", () => "https://charts.example.com/rancher-2.15.1.tgz"],
    ["one of a registry", "oci://registry.example.com/rancher", () => "oci://registry.example.com/rancher"],
  ];
  test.each(rows)("is %s", async (_, chart, found) => {
    await writeFile(config, `chart: ${chart}\n`);
    expect((await loadSettings({ config }, {})).chart).toBe(found(folder));
  });

  const places: [string, () => Promise<unknown>][] = [
    ["a flag", () => loadSettings({ config, chart: CREDENTIALS }, {})],
    ["the environment", () => loadSettings({ config }, { FARRIER_CHART: CREDENTIALS })],
    ["the file", () => writeFile(config, `chart: ${CREDENTIALS}\n`).then(() => loadSettings({ config }, {}))],
  ];
  test.each(places)(
    "is refused with credentials in its URL, and they are not repeated, when it comes from %s",
    async (_, load) => {
      await writeFile(config, "context: management\n");
      const error: unknown = await load().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ code: "input.invalid", message: "The chart's URL holds credentials." });
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("hunter2");
    },
  );
});
