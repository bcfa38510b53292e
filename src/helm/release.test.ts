import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { chartObstacle, writeChart } from "./chart-directory.ts";
import { decodeRelease } from "./release.ts";

const encoded = (text: string) => Buffer.from(text).toString("base64");
const file = (name: string, content: string) => ({ name, data: encoded(content) });

/** The shape that was recorded from a real Rancher 2.15.1, installed by Helm 3.22. */
const RECORDED = {
  name: "rancher",
  namespace: "cattle-system",
  version: 1,
  info: {
    first_deployed: "2026-11-23T03:24:30.395186082Z",
    last_deployed: "2026-11-23T03:24:30.395186082Z",
    deleted: "",
    description: "Install complete",
    status: "deployed",
  },
  chart: {
    metadata: {
      name: "rancher",
      home: "https://rancher.com",
      version: "2.15.1",
      maintainers: [{ name: "Rancher Labs", email: "charts@rancher.com" }],
      apiVersion: "v2",
      appVersion: "v2.15.1",
      kubeVersion: "< 1.37.0-0",
    },
    lock: null,
    templates: [
      file("templates/deployment.yaml", "kind: Deployment\nreplicas: {{ .Values.replicas }}\n"),
      file("templates/ingate/ingress.yaml", "kind: Ingress\n"),
      file("templates/_helpers.tpl", '{{- define "rancher.fullname" -}}rancher{{- end -}}\n'),
    ],
    values: { replicas: 3, tls: "ingress", privateCA: false, ingress: { tls: { source: "rancher" } } },
    schema: encoded('{"type":"object"}'),
    files: [file("scripts/post-delete-hook.sh", "#!/bin/bash\n"), { name: "empty.txt" }],
  },
  config: { bootstrapPassword: "admin", hostname: "rancher.farrier.test", replicas: 1 },
};

const stored = (release: unknown) => gzipSync(JSON.stringify(release)).toString("base64");

describe("a stored release", () => {
  it.each([
    { name: "compressed, as since Helm 3.0", text: stored(RECORDED) },
    { name: "not compressed", text: encoded(JSON.stringify(RECORDED)) },
  ])("is read: $name", ({ text }) => {
    const release = decodeRelease(text, "Secret cattle-system/sh.helm.release.v1.rancher.v1");
    expect(release).toMatchObject({
      name: "rancher",
      namespace: "cattle-system",
      revision: 1,
      status: "deployed",
      description: "Install complete",
      chart: { metadata: { name: "rancher", version: "2.15.1", appVersion: "v2.15.1" } },
    });
    expect(release.values.at("hostname")).toBe("rancher.farrier.test");
    expect(JSON.stringify(release)).not.toContain("bootstrapPassword");
  });

  it("without values given has none", () => {
    const { config: _, ...rest } = RECORDED;
    expect(decodeRelease(stored(rest), "it").values.reveal()).toBe("{}");
    expect(decodeRelease(stored({ ...RECORDED, config: null }), "it").values.reveal()).toBe("{}");
  });

  it("of a status that a later Helm may have is of unknown status", () => {
    const info = { ...RECORDED.info, status: "pending-review" };
    expect(decodeRelease(stored({ ...RECORDED, info }), "it").status).toBe("unknown");
  });

  it.each([
    { name: "empty", text: "" },
    { name: "not base64", text: "{}" },
    { name: "cut off", text: stored(RECORDED).slice(0, 80) },
    { name: "something else", text: stored({ secret: "s3cr3t-value" }) },
    { name: "values that are no map", text: stored({ ...RECORDED, config: ["s3cr3t-value"] }) },
  ])("is refused in one sentence without its content: $name", ({ text }) => {
    expect(() => decodeRelease(text, "Secret cattle-system/x")).toThrow(
      expect.objectContaining({
        code: "helm.release-unreadable",
        message: expect.stringMatching(/^Secret cattle-system\/x does not hold a Helm release: [^\n]+\.$/),
      }),
    );
    expect(() => decodeRelease(text, "it")).not.toThrow(/s3cr3t/);
  });
});

describe("its chart", () => {
  async function rebuilt<T>(chart: unknown, look: (directory: string) => Promise<T>): Promise<T> {
    const directory = await mkdtemp(join(tmpdir(), "farrier-chart-"));
    try {
      await writeChart(decodeRelease(stored({ ...RECORDED, chart }), "it").chart, directory);
      return await look(directory);
    } finally {
      await rm(directory, { recursive: true });
    }
  }

  it("is rebuilt file by file", async () => {
    await rebuilt(RECORDED.chart, async (directory) => {
      const files = await readdir(directory, { recursive: true, withFileTypes: true });
      const names = files.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
      expect(names.map((name) => name.slice(directory.length + 1)).sort()).toEqual([
        "Chart.yaml",
        "empty.txt",
        "scripts/post-delete-hook.sh",
        "templates/_helpers.tpl",
        "templates/deployment.yaml",
        "templates/ingate/ingress.yaml",
        "values.schema.json",
        "values.yaml",
      ]);
      const text = (name: string) => readFile(join(directory, name), "utf8");
      expect(parse(await text("Chart.yaml"))).toEqual(RECORDED.chart.metadata);
      expect(parse(await text("values.yaml"))).toEqual(RECORDED.chart.values);
      expect(await text("templates/deployment.yaml")).toBe("kind: Deployment\nreplicas: {{ .Values.replicas }}\n");
      expect(await text("values.schema.json")).toBe('{"type":"object"}');
      expect((await stat(join(directory, "values.yaml"))).mode & 0o077).toBe(0);
    });
  });

  it.each(["../outside.yaml", "/etc/outside.yaml", "templates/../../outside.yaml"])(
    "is refused where a file would leave its directory: %s",
    async (name) => {
      const chart = { ...RECORDED.chart, templates: [file(name, "kind: X\n")] };
      await expect(rebuilt(chart, async () => "written")).rejects.toMatchObject({ code: "helm.chart-unusable" });
    },
  );

  it.each([
    { name: "whole", change: {}, says: undefined },
    {
      name: "with a chart that it depends on",
      change: { metadata: { ...RECORDED.chart.metadata, dependencies: [{ name: "common", version: "1.0.0" }] } },
      says: "its chart depends on the chart common, which Helm does not store",
    },
    { name: "without templates", change: { templates: null }, says: "its stored chart has no templates" },
  ])("says why it cannot be rebuilt: $name", ({ change, says }) => {
    const { chart } = decodeRelease(stored({ ...RECORDED, chart: { ...RECORDED.chart, ...change } }), "it");
    expect(chartObstacle(chart)).toBe(says);
  });
});
