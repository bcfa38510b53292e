import type { ApiServer } from "../api-server/api-server.ts";
import type { Clock } from "../clock.ts";
import { ApiError, type KubeObject } from "../cluster-client.ts";
import { core } from "../rancher/resources.ts";
import type { Fault } from "./faults.ts";
import { ADMIN_USER } from "./management-objects.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";

/** Everything but writing Deployments: what a person has whom Rancher gave less than cluster owner. */
export function forbidDeployments(server: ApiServer): void {
  const subject = { kind: "user", name: ADMIN_USER } as const;
  server.access.revoke(subject);
  const groups = [...new Set(server.kinds.all.map((kind) => kind.group))].filter((group) => group !== "apps");
  server.access.grant(subject, [
    { verbs: ["get", "list", "watch"], apiGroups: ["*"], resources: ["*"], nonResourceURLs: ["*"] },
    { verbs: ["*"], apiGroups: groups, resources: ["*"] },
  ]);
}

/** The marks by which an owned Secret is recognised. */
const MARKS: Readonly<
  Record<OwnedSecret["tool"], { labels?: Record<string, string>; annotations?: Record<string, string> }>
> = {
  argocd: {
    labels: { "app.kubernetes.io/instance": "rancher-tls" },
    annotations: { "argocd.argoproj.io/tracking-id": "rancher-tls:/Secret:cattle-system/tls" },
  },
  flux: {
    labels: {
      "kustomize.toolkit.fluxcd.io/name": "rancher-tls",
      "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
    },
  },
  "external-secrets": {
    labels: { "reconcile.external-secrets.io/managed": "true" },
    annotations: { "reconcile.external-secrets.io/data-hash": "d41d8cd98f00b204" },
  },
  "cert-manager": {
    labels: { "controller.cert-manager.io/fao": "true" },
    annotations: { "cert-manager.io/certificate-name": "rancher-tls", "cert-manager.io/issuer-name": "private-ca" },
  },
};

type OwnedSecret = Extract<Fault, { kind: "owned-secret" }>;

/** Marks the Secret as another tool's, which puts back what it held whenever it is changed. */
export async function keepSecret(cluster: SimulatedCluster, clock: Clock, fault: OwnedSecret): Promise<void> {
  const secrets = core("secrets", "cattle-system");
  const marked = await cluster.client.patch(secrets, fault.secret, {
    type: "merge",
    body: { metadata: MARKS[fault.tool] },
  });
  const seconds = fault.putsBackAfterSeconds;
  if (seconds === undefined) return;
  const wanted = JSON.stringify(marked.data);
  const putBack = () => restore(cluster, marked).catch(ignoreConflict);
  const watch = cluster.client.watch(secrets, ({ object }) => {
    if (object.metadata.name !== fault.secret || JSON.stringify(object.data) === wanted) return;
    clock.after(seconds * 1000, () => void putBack());
  });
  cluster.server.onStop(() => watch.close());
}

async function restore(cluster: SimulatedCluster, wanted: KubeObject): Promise<void> {
  const secrets = core("secrets", "cattle-system");
  const present = await cluster.client.get(secrets, wanted.metadata.name);
  if (present !== undefined) await cluster.client.update(secrets, { ...present, data: wanted.data });
}

/** Somebody else wrote at the same time; that change will be put back in its turn. */
function ignoreConflict(error: unknown): void {
  if (!(error instanceof ApiError)) throw error;
}
