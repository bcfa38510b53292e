/** The real helm on a journey's management cluster, as the person would run it. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { writeChart } from "../../src/helm/chart-directory.ts";
import { decodeRelease, type Release } from "../../src/helm/release.ts";
import type { ClusterClient } from "../../src/sandbox/cluster-client.ts";
import { type BinaryName, pathOf } from "../kubernetes/control-plane/binaries.ts";

const SECRETS = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };

export interface HelmPlace {
  readonly folder: string;
  readonly sandbox: { readonly management: ClusterClient };
}

/** `kubeconfig` in the folder leads to the management cluster, and the release is `cattle-system/rancher`. */
export function helmOf({ folder, sandbox }: HelmPlace, name: BinaryName) {
  const run = async (...args: readonly string[]): Promise<string> => {
    const access = ["--namespace", "cattle-system", "--kubeconfig", join(folder, "kubeconfig")];
    const { stdout } = await promisify(execFile)(pathOf(name), [...args, ...access], { maxBuffer: 1 << 24 });
    return stdout;
  };
  const latest = async (): Promise<Release> => {
    const { items } = await sandbox.management.list(SECRETS, { labelSelector: "owner=helm,name=rancher" });
    const releases = items.map(({ data, metadata }) => {
      // The shape of every such Secret.
      const { release = "" } = data as Readonly<Record<string, string>>;
      return decodeRelease(Buffer.from(release, "base64").toString(), metadata.name);
    });
    return releases.toSorted((a, b) => b.revision - a.revision)[0] as Release;
  };
  return {
    run,
    latest,
    /** Upgrades with the chart that the release stores. */
    upgrade: async (...args: readonly string[]): Promise<void> => {
      const directory = await mkdtemp(join(tmpdir(), "farrier-helm-"));
      try {
        await writeChart((await latest()).chart, directory);
        await run("upgrade", "rancher", directory, ...args);
      } finally {
        await rm(directory, { recursive: true });
      }
    },
    values: async (): Promise<unknown> => JSON.parse(await run("get", "values", "rancher", "-o", "json")),
    chartVersion: async (): Promise<string> => JSON.parse(await run("list", "-o", "json"))[0].chart,
  };
}
