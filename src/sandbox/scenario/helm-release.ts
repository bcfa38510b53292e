import { gzipSync } from "node:zlib";
import type { NewObject } from "../cluster-client.ts";
import { rancherChart } from "./rancher-chart.ts";
import { type ReleaseFacts, releaseObjects, releaseValues } from "./release-objects.ts";

/** The Secret in which Helm keeps the release: JSON, gzipped, and base64 once more than Secrets are anyway. */
export function helmRelease(facts: ReleaseFacts, at: Date): NewObject {
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
    chart: rancherChart(facts.profile),
    config: releaseValues(facts),
    manifest: manifestOf(releaseObjects(facts)),
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

/** What the chart was rendered to, in JSON, which is YAML: Helm itself adds its annotations and its label on the way. */
function manifestOf(objects: readonly NewObject[]): string {
  const documents = objects.map(({ metadata, ...rest }) => {
    const { namespace: _, annotations = {}, labels = {}, ...others } = metadata;
    const own = entriesWithout(annotations, "meta.helm.sh/");
    const annotated = Object.keys(own).length === 0 ? {} : { annotations: own };
    const labelled = { labels: entriesWithout(labels, "app.kubernetes.io/managed-by") };
    return `---\n${JSON.stringify({ ...rest, metadata: { ...others, ...labelled, ...annotated } })}\n`;
  });
  return documents.join("");
}

function entriesWithout(texts: Readonly<Record<string, string>>, start: string): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).filter(([key]) => !key.startsWith(start)));
}
