import type { NewObject } from "../cluster-client.ts";
import type { RancherProfile } from "../rancher/profile.ts";

/** Rancher's Deployment as its chart makes it; with `privateCA=true` the bundle is mounted through a sub-path. */
export function rancherDeployment(
  profile: RancherProfile,
  {
    replicas,
    privateCa,
    noCacerts,
  }: { readonly replicas: number; readonly privateCa: boolean; readonly noCacerts: boolean },
): NewObject {
  const probe = { httpGet: { path: "/healthz", port: 80, scheme: "HTTP" }, timeoutSeconds: 5, failureThreshold: 5 };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: "rancher",
      namespace: "cattle-system",
      labels: rancherLabels(profile),
      annotations: { "meta.helm.sh/release-name": "rancher", "meta.helm.sh/release-namespace": "cattle-system" },
    },
    spec: {
      replicas,
      selector: { matchLabels: { app: "rancher" } },
      strategy: strategy(replicas),
      template: {
        metadata: { labels: { app: "rancher", release: "rancher" } },
        spec: {
          serviceAccountName: "rancher",
          priorityClassName: "rancher-critical",
          containers: [
            {
              name: "rancher",
              image: `rancher/rancher:${profile.version}`,
              imagePullPolicy: "IfNotPresent",
              args: [...ARGUMENTS, ...(noCacerts ? ["--no-cacerts"] : [])],
              env: environment(),
              ports: [80, 443, 444, 6666].map((containerPort) => ({ containerPort, protocol: "TCP" })),
              livenessProbe: { ...probe, periodSeconds: 30 },
              readinessProbe: { ...probe, periodSeconds: 30 },
              startupProbe: { ...probe, periodSeconds: 10, failureThreshold: 12 },
              ...(privateCa ? { volumeMounts: [BUNDLE_MOUNT] } : {}),
            },
          ],
          ...(privateCa ? { volumes: [BUNDLE_VOLUME] } : {}),
          tolerations: [{ effect: "NoSchedule", key: "cattle.io/os", operator: "Equal", value: "linux" }],
        },
      },
    },
  };
}

const ARGUMENTS = ["--http-listen-port=80", "--https-listen-port=443", "--add-local=true"];

const BUNDLE_MOUNT = {
  name: "tls-ca-volume",
  mountPath: "/etc/rancher/ssl/cacerts.pem",
  subPath: "cacerts.pem",
  readOnly: true,
};
const BUNDLE_VOLUME = { name: "tls-ca-volume", secret: { secretName: "tls-ca", defaultMode: 256 } };

/** The chart's labels on everything that belongs to the release. */
export function rancherLabels(profile: RancherProfile): Readonly<Record<string, string>> {
  return {
    app: "rancher",
    "app.kubernetes.io/managed-by": "Helm",
    chart: `rancher-${profile.version.slice(1)}`,
    heritage: "Helm",
    release: "rancher",
  };
}

/** A single replica was recorded with `Recreate`; several are replaced one by one. */
function strategy(replicas: number): Record<string, unknown> {
  if (replicas === 1) return { type: "Recreate" };
  return { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } };
}

function environment(): Record<string, unknown>[] {
  return [
    { name: "CATTLE_NAMESPACE", value: "cattle-system" },
    { name: "CATTLE_PEER_SERVICE", value: "rancher" },
    {
      name: "CATTLE_BOOTSTRAP_PASSWORD",
      valueFrom: { secretKeyRef: { name: "bootstrap-secret", key: "bootstrapPassword" } },
    },
    { name: "IMPERATIVE_API_DIRECT", value: "true" },
    { name: "IMPERATIVE_API_APP_SELECTOR", value: "rancher" },
  ];
}
