/** The kinds that Rancher, its provisioning, Fleet and the upgrade controller define, as CustomResourceDefinitions. */

import type { NewObject } from "../cluster-client.ts";
import { resourceKind } from "./built-in-kinds.ts";
import * as columns from "./columns.ts";
import { apiVersionOf, type Column, type ResourceKind } from "./kinds.ts";

export interface RancherKindsOptions {
  /**
   * Whether clusters.management.cattle.io has `/status`. Rancher ≥ 2.15 (rancher/rancher#54206); in earlier versions
   * a plain patch changes the status.
   */
  readonly clusterStatusSubresource: boolean;
}

/** The custom kinds of a management cluster. */
export function rancherKinds({ clusterStatusSubresource }: RancherKindsOptions): readonly ResourceKind[] {
  return [
    management("clusters", "Cluster", {
      statusSubresource: clusterStatusSubresource,
      columns: [columns.NAME, columns.field("Display Name", "spec.displayName"), condition("Ready"), columns.AGE],
    }),
    management("settings", "Setting", { columns: [columns.NAME, columns.field("Value", "value"), columns.AGE] }),
    management("features", "Feature"),
    management("tokens", "Token"),
    management("users", "User"),
    management("nodes", "Node", { namespaced: true }),
    management("clusterregistrationtokens", "ClusterRegistrationToken", { namespaced: true }),
    custom("provisioning.cattle.io", "v1", {
      resource: "clusters",
      kind: "Cluster",
      statusSubresource: true,
      columns: [columns.NAME, columns.field("Ready", "status.ready"), columns.AGE],
    }),
    custom("fleet.cattle.io", "v1alpha1", { resource: "clusters", kind: "Cluster", statusSubresource: true }),
    ...DOWNSTREAM_KINDS,
  ];
}

/** The custom kinds of a cluster that Rancher manages. */
export const DOWNSTREAM_KINDS: readonly ResourceKind[] = [
  custom("upgrade.cattle.io", "v1", { resource: "plans", kind: "Plan", statusSubresource: true }),
];

/** In clusters with an authorized endpoint. */
export const AUTH_TOKEN_KIND: ResourceKind = custom("cluster.cattle.io", "v3", {
  resource: "clusterauthtokens",
  kind: "ClusterAuthToken",
});

/** The CustomResourceDefinition that stands behind a kind; truthful about the status subresource. */
export function definitionOf(kind: ResourceKind): NewObject {
  const name = `${kind.resource}.${kind.group}`;
  const names = {
    plural: kind.resource,
    singular: kind.singular,
    kind: kind.kind,
    listKind: `${kind.kind}List`,
    ...(kind.shortNames === undefined ? {} : { shortNames: kind.shortNames }),
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name },
    spec: {
      group: kind.group,
      names,
      scope: kind.namespaced ? "Namespaced" : "Cluster",
      conversion: { strategy: "None" },
      versions: [
        {
          name: kind.version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
          ...(kind.statusSubresource ? { subresources: { status: {} } } : {}),
        },
      ],
    },
  };
}

/** The status that the API server gives a definition once its kind is served. */
export function establishedStatus(kind: ResourceKind, at: string): object {
  const condition = (type: string, reason: string, message: string) => ({
    type,
    status: "True",
    lastTransitionTime: at,
    reason,
    message,
  });
  return {
    acceptedNames: { plural: kind.resource, singular: kind.singular, kind: kind.kind, listKind: `${kind.kind}List` },
    storedVersions: [apiVersionOf(kind).split("/").at(-1)],
    conditions: [
      condition("NamesAccepted", "NoConflicts", "no conflicts found"),
      condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    ],
  };
}

type Given = Pick<ResourceKind, "resource" | "kind"> & Partial<ResourceKind>;

function custom(group: string, version: string, given: Given): ResourceKind {
  return resourceKind({ namespaced: true, tracksGeneration: true, custom: true, ...given, group, version });
}

function management(resource: string, kind: string, given: Partial<ResourceKind> = {}): ResourceKind {
  return custom("management.cattle.io", "v3", { namespaced: false, ...given, resource, kind });
}

function condition(type: string): Column {
  return { name: type, cell: (object) => columns.conditionStatus(object, type) };
}
