import { gzipSync } from "node:zlib";
import type { NewObject } from "../cluster-client.ts";
import type { RancherProfile } from "../rancher/profile.ts";

/** The Secret in which Helm keeps the release: JSON, gzipped, and base64 once more than Secrets are anyway. */
export function helmRelease(profile: RancherProfile, values: Readonly<Record<string, unknown>>, at: Date): NewObject {
  const version = profile.version.slice(1);
  const release = {
    name: "rancher",
    namespace: "cattle-system",
    version: 1,
    info: {
      first_deployed: at.toISOString(),
      last_deployed: at.toISOString(),
      deleted: "",
      description: "Install complete",
      status: "deployed",
    },
    chart: { metadata: { name: "rancher", version, appVersion: profile.version, apiVersion: "v2" }, templates: [] },
    config: values,
    manifest: "",
  };
  const packed = gzipSync(JSON.stringify(release)).toString("base64");
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: "helm.sh/release.v1",
    metadata: {
      name: "sh.helm.release.v1.rancher.v1",
      namespace: "cattle-system",
      labels: {
        modifiedAt: String(Math.floor(at.getTime() / 1000)),
        name: "rancher",
        owner: "helm",
        status: "deployed",
        version: "1",
      },
    },
    data: { release: Buffer.from(packed).toString("base64") },
  };
}
