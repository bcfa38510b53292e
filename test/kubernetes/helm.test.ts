/** The real helm, both versions of it, on the sandbox's API server and on a real one: what it stores is what is upgraded. */
import { execFile } from "node:child_process";
import { createReadStream, existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeChart } from "../../src/helm/chart-directory.ts";
import { lookAtHelm } from "../../src/helm/helm-program.ts";
import { latestRelease, type StoredRelease } from "../../src/helm/stored-releases.ts";
import { upgradeRelease } from "../../src/helm/upgrade.ts";
import { type Connection, connectKubeconfig } from "../../src/kubernetes/connection.ts";
import { customResourceDefinitions, deployments, ingresses } from "../../src/kubernetes/resource.ts";
import { ApiServer } from "../../src/sandbox/api-server/api-server.ts";
import { ADMINISTRATOR } from "../../src/sandbox/api-server/authorization.ts";
import { BUILT_IN_KINDS } from "../../src/sandbox/api-server/built-in-kinds.ts";
import { listen } from "../../src/sandbox/api-server/https-front.ts";
import { kubeconfigText } from "../../src/sandbox/api-server/kubeconfig.ts";
import { definitionOf } from "../../src/sandbox/api-server/rancher-kinds.ts";
import { createClusterAuthority } from "../../src/sandbox/api-server/serving-identity.ts";
import { rancherProfile } from "../../src/sandbox/rancher/profile.ts";
import { CERT_MANAGER_KINDS } from "../../src/sandbox/scenario/cert-manager.ts";
import { rancherChart } from "../../src/sandbox/scenario/rancher-chart.ts";
import { areBuilt, type BinaryName, pathOf } from "./control-plane/binaries.ts";
import { startControlPlane } from "./control-plane/control-plane.ts";
import { type Registry, startRegistry } from "./control-plane/registry.ts";

interface Place {
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

const PLACES = [
  { place: "the sandbox's API server", needs: [], start: startSimulated, extra: ["--server-side=false"] },
  { place: "a real API server", needs: ["etcd", "kube-apiserver"], start: startReal, extra: [] },
] as const satisfies readonly {
  readonly place: string;
  readonly needs: readonly BinaryName[];
  readonly start: () => Promise<Place>;
  /** The sandbox offers no server-side apply, which is the default of Helm 4. */
  readonly extra: readonly string[];
}[];

const GIVEN = { hostname: "rancher.example.com", bootstrapPassword: "s3cr3t-value", extra: { list: ["a", "b"] } };
/** Neither the release nor its namespace need have the usual name. */
const RELEASE = { name: "prime", namespace: "rancher-home" };

describe.each(PLACES)("on $place", ({ needs, start, extra }) => {
  let folder: string;
  let place: Place | undefined;
  let connection: Connection;
  const repository = serveFolder(() => folder);
  let registry: Registry;

  const built = areBuilt("helm3", "helm4", "registry", ...needs);
  beforeAll(async () => {
    if (!built) return;
    folder = await mkdtemp(join(tmpdir(), "farrier-helm-"));
    place = await start();
    await writeFile(join(folder, "kubeconfig"), place.kubeconfig, { mode: 0o600 });
    connection = await connectKubeconfig({ kubeconfig: join(folder, "kubeconfig") });
    await repository.start();
    registry = await startRegistry(folder);
  });
  afterAll(async () => {
    if (built) await repository.stop();
    await registry?.stop();
    await connection?.close();
    await place?.stop();
    if (folder !== undefined) await rm(folder, { recursive: true });
  });

  describe.skipIf(!built).each(["helm3", "helm4"] as const)("%s", (name) => {
    const release = { ...RELEASE, namespace: `${RELEASE.namespace}-${name}` };
    const access = () => ({ kubeconfig: join(folder, "kubeconfig"), program: pathOf(name) });
    const helm = async (...args: readonly string[]): Promise<string> => {
      const options = ["--namespace", release.namespace, "--kubeconfig", join(folder, "kubeconfig")];
      return (await promisify(execFile)(pathOf(name), [...args, ...options], { maxBuffer: 1 << 24 })).stdout;
    };
    const stored = async (): Promise<StoredRelease> => {
      const found = await latestRelease(connection.api, release);
      if (found === undefined) throw new Error("no release is stored");
      return found;
    };
    const directoryOf = async (part: string): Promise<string> => {
      const directory = join(folder, name, part);
      await mkdir(directory, { recursive: true });
      return directory;
    };

    test("is recognised, and what it has stored of an installation is read", async () => {
      const chart = await directoryOf("original");
      await writeOriginal(chart);
      await writeFile(join(folder, name, "values.json"), JSON.stringify(GIVEN), { mode: 0o600 });
      const own = name === "helm4" ? extra : [];
      const values = ["--values", join(folder, name, "values.json"), "--create-namespace"];
      await helm("install", release.name, chart, ...values, ...own);
      expect(await lookAtHelm(access())).toMatchObject({ kind: "usable", version: /^v(3|4)\./ });
      const found = await stored();
      expect(found).toMatchObject({ ...release, revision: 1, status: "deployed", driver: "secret" });
      expect(JSON.parse(found.values.reveal())).toEqual(GIVEN);
    });

    test("renders the same manifests from the chart that is rebuilt from what it stored", async () => {
      const rebuilt = await directoryOf("rebuilt");
      await writeChart((await stored()).chart, rebuilt);
      const values = ["--values", join(folder, name, "values.json")];
      const original = await helm("template", release.name, join(folder, name, "original"), ...values);
      expect(original).toContain("kind: Issuer");
      expect(await helm("template", release.name, rebuilt, ...values)).toBe(original);
    });

    test("upgrades two values: the version and all other values stay, and so does what others have set (M1.6, M1.7)", async () => {
      const { api } = connection;
      const owned = { metadata: { annotations: { "farrier/restarted-by": "somebody" } } };
      await api.patch(deployments(release.namespace), "prime-rancher", { kind: "merge", body: owned });
      const found = await stored();
      const values = found.values.with([
        { path: "privateCA", to: true },
        { path: "ingress.tls.source", to: "secret" },
      ]);
      const { signal } = new AbortController();
      await upgradeRelease(access(), { release: found, values, description: "farrier: a test", signal });
      const after = await stored();
      expect(after).toMatchObject({ revision: 2, status: "deployed", description: "farrier: a test" });
      expect(after.chart.metadata).toEqual(found.chart.metadata);
      expect(JSON.parse(after.values.reveal())).toEqual({
        ...GIVEN,
        privateCA: true,
        ingress: { tls: { source: "secret" } },
      });
      const server = await api.get(deployments(release.namespace), "prime-rancher");
      expect(server?.metadata.annotations).toMatchObject({ "farrier/restarted-by": "somebody" });
      expect(JSON.stringify(server?.spec)).toContain('"secretName":"tls-ca"');
      const ingress = await api.get(ingresses(release.namespace), "prime-rancher");
      expect(ingress?.metadata.annotations?.["cert-manager.io/issuer"]).toBeUndefined();
      expect(JSON.stringify(ingress?.spec)).toContain('"path":"/"');
    });

    const charts = ["a directory", "a .tgz file", "a repository", "an OCI registry"] as const;
    test.each(charts)("upgrades with the chart of %s, where one is named", async (kind) => {
      const found = await stored();
      const chart = {
        "a directory": join(folder, name, "original"),
        "a .tgz file": packed(),
        "a repository": "ours/rancher",
        "an OCI registry": inRegistry(),
      };
      const values = found.values.with([{ path: "extra.from", to: kind }]);
      const named = { ...access(), program: await withOwnHome(), chart: chart[kind] };
      const { signal } = new AbortController();
      await upgradeRelease(named, { release: found, values, description: `farrier: ${kind}`, signal });
      const after = await stored();
      expect(after).toMatchObject({
        revision: found.revision + 1,
        status: "deployed",
        description: `farrier: ${kind}`,
      });
      expect(after.chart.metadata).toEqual(found.chart.metadata);
      expect(JSON.parse(after.values.reveal())).toMatchObject({
        privateCA: true,
        extra: { list: ["a", "b"], from: kind },
      });
    });

    const others = [
      {
        what: "of another version",
        chart: "2.14.9",
        says: /is chart rancher 2\.14\.9, and rancher 2\.15\.1 is deployed/,
      },
      { what: "that is not there", chart: "gone", says: /gone cannot be read: / },
      {
        what: "that is in no registry",
        chart: "oci://",
        says: /oci:\/\/127\.0\.0\.1:\d+\/elsewhere\/rancher cannot be read: .*not found/,
      },
    ];
    test.each(others)("a chart $what is refused, and no revision is made", async ({ chart, says }) => {
      const found = await stored();
      const older = await directoryOf("2.14.9");
      await writeOriginal(older, "2.14.9");
      const place = chart === "oci://" ? `oci://${registry.address}/elsewhere/rancher` : join(folder, name, chart);
      const named = { ...access(), program: await withOwnHome(), chart: place };
      const { signal } = new AbortController();
      const upgrade = { release: found, values: found.values, description: "farrier: refused", signal };
      await expect(upgradeRelease(named, upgrade)).rejects.toMatchObject({
        code: "helm.chart-unusable",
        message: expect.stringMatching(says),
      });
      expect((await stored()).revision).toBe(found.revision);
    });

    /** Of the deployed version, beside which the registry has a newer one. */
    const inRegistry = () => `oci://${registry.address}/${name}/rancher`;
    const packed = () => join(folder, name, "rancher-2.15.1.tgz");
    /**
     * The same helm, which knows one repository and trusts the registry's CA: what the person's own knows is nobody's
     * business.
     */
    async function withOwnHome(): Promise<string> {
      const program = join(folder, name, "own-home");
      if (existsSync(program)) return program;
      const home = await directoryOf("home");
      const own = ["CACHE", "CONFIG", "DATA"].map((kind) => `export HELM_${kind}_HOME=${home}`);
      own.push(`export SSL_CERT_FILE=${registry.caFile}`);
      await writeFile(program, ["#!/bin/sh", ...own, `exec ${pathOf(name)} "$@"`].join("\n"), { mode: 0o700 });
      const run = (...args: readonly string[]) => promisify(execFile)(program, [...args], { cwd: join(folder, name) });
      await run("package", "original");
      await run("repo", "index", ".");
      await run("repo", "add", "ours", repository.url(name));
      await writeOriginal(await directoryOf("newer"), "2.15.2");
      await run("package", "newer");
      for (const version of ["2.15.1", "2.15.2"]) {
        await run("push", `rancher-${version}.tgz`, `oci://${registry.address}/${name}`);
      }
      return program;
    }

    test("that fails says why in one sentence, without a value that was given", async () => {
      const found = await stored();
      const values = found.values.with([{ path: "ingress.tls", to: "s3cr3t-value" }]);
      const { signal } = new AbortController();
      const failing = upgradeRelease(access(), { release: found, values, description: "farrier: fails", signal });
      await expect(failing).rejects.toMatchObject({
        code: "helm.upgrade-failed",
        message: expect.stringMatching(/^helm upgrade of release rancher-home-helm\d\/prime failed: /),
      });
      await expect(failing).rejects.not.toMatchObject({ message: expect.stringContaining("s3cr3t-value") });
    });
  });
});

/** The chart as its author has it, by other code than what rebuilds it. */
async function writeOriginal(directory: string, version = "2.15.1"): Promise<void> {
  const { metadata, templates, values } = rancherChart(rancherProfile(version));
  await writeFile(join(directory, "Chart.yaml"), JSON.stringify(metadata));
  await writeFile(join(directory, "values.yaml"), JSON.stringify(values));
  await mkdir(join(directory, "templates"), { recursive: true });
  // The shape in which Helm stores files.
  for (const { name, data } of templates as readonly { readonly name: string; readonly data: string }[]) {
    await writeFile(join(directory, name), Buffer.from(data, "base64"));
  }
  expect(await readFile(join(directory, "Chart.yaml"), "utf8")).toContain(version);
}

/** Files of a folder, as a repository of charts serves them. */
function serveFolder(folder: () => string) {
  const server = createServer((request, response) => {
    createReadStream(join(folder(), normalize(request.url ?? "/")))
      .on("error", () => response.writeHead(404).end())
      .pipe(response);
  });
  return {
    start: () => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)),
    // A server that listens on a port has such an address.
    url: (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`,
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}

async function startSimulated(): Promise<Place> {
  const server = new ApiServer({ kinds: [...BUILT_IN_KINDS, ...CERT_MANAGER_KINDS] });
  const authority = await createClusterAuthority({ name: "management", now: new Date() });
  const { url } = await listen(server, { identity: authority });
  const credentials = { kind: "certificate", ...(await authority.issueClient(ADMINISTRATOR)) } as const;
  const access = { name: "management", server: url, caPem: authority.caPem, credentials };
  return { kubeconfig: kubeconfigText([access]), stop: async () => server.stop() };
}

async function startReal(): Promise<Place> {
  const plane = await startControlPlane({ name: "management", controllers: false });
  const folder = await mkdtemp(join(tmpdir(), "farrier-plane-"));
  await writeFile(join(folder, "kubeconfig"), plane.kubeconfig, { mode: 0o600 });
  const { api, close } = await connectKubeconfig({ kubeconfig: join(folder, "kubeconfig") });
  for (const kind of CERT_MANAGER_KINDS) {
    await api.create(customResourceDefinitions, definitionOf(kind));
    const name = `${kind.resource}.${kind.group}`;
    const isServed = (objects: readonly object[]) =>
      JSON.stringify(objects).includes('"type":"Established"') ? true : undefined;
    await api.watchUntil(customResourceDefinitions, { name }, isServed, { deadlineMs: 30_000 });
  }
  await close();
  await rm(folder, { recursive: true });
  return { kubeconfig: plane.kubeconfig, stop: () => plane.stop() };
}
