/** How Rancher came into its cluster: by Helm, by Helm 2, or by manifests. */
import type { GivenValues } from "../helm/given-values.ts";
import { hasHelm2Release, latestRelease, type ReleaseName, type StoredRelease } from "../helm/stored-releases.ts";
import type { Api } from "../kubernetes/api.ts";
import type { KubeObject } from "../kubernetes/object.ts";

export type Installer =
  | { readonly kind: "helm"; readonly release: StoredRelease }
  | { readonly kind: "helm2"; readonly name: string }
  | { readonly kind: "manifests" };

/**
 * @param server Rancher's Deployment: Helm marks what belongs to a release
 * @throws ApiError; FarrierError `helm.release-unreadable`
 */
export async function findInstaller(api: Api, server: KubeObject): Promise<Installer> {
  const wanted = releaseNameOf(server);
  if (wanted === undefined) return { kind: "manifests" };
  const release = await latestRelease(api, wanted);
  if (release !== undefined) return { kind: "helm", release };
  // The chart writes `heritage: {{ .Release.Service }}`, which is Tiller in Helm 2. `helm template` leaves labels alone.
  const isTillers = server.metadata.labels?.heritage === "Tiller" || (await hasHelm2Release(api, wanted.name));
  return isTillers ? { kind: "helm2", name: wanted.name } : { kind: "manifests" };
}

/** Helm ≥ 3.2 annotates every object of a release; before that only the chart's own label `release` tells. */
function releaseNameOf({ metadata }: KubeObject): ReleaseName | undefined {
  const { labels = {}, annotations = {} } = metadata;
  const name = annotations["meta.helm.sh/release-name"] ?? labels.release;
  const namespace = annotations["meta.helm.sh/release-namespace"] ?? metadata.namespace;
  return name === undefined || namespace === undefined ? undefined : { name, namespace };
}

/**
 * The values of Rancher's chart that decide how its certificate and bundle come about (chart/values.yaml): none of them
 * is secret. All others of a release are nobody's business.
 */
export const TLS_VALUES = [
  "hostname",
  "tls",
  "privateCA",
  "additionalTrustedCAs",
  "agentTLSMode",
  "ingress.enabled",
  "ingress.tls.source",
  "ingress.tls.secretName",
  "networkExposure.type",
  "gateway.gatewayClass.tls.source",
  "gateway.gatewayClass.tls.secretName",
] as const;

/** What was given of {@link TLS_VALUES}, or what a chart has for them, by path. */
export function tlsValuesIn(values: GivenValues): Record<string, string | boolean> {
  const given = TLS_VALUES.map((path) => [path, values.at(path)] as const);
  return Object.fromEntries(
    given.filter((pair): pair is [(typeof TLS_VALUES)[number], string | boolean] => {
      return typeof pair[1] === "string" || typeof pair[1] === "boolean";
    }),
  );
}
