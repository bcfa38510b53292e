/** Where Helm keeps its releases in a cluster, and the latest revision of one of them. */
import { z } from "zod";
import type { Api } from "../kubernetes/api.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { configMaps, type Resource, secrets } from "../kubernetes/resource.ts";
import { readSecret } from "../kubernetes/secret.ts";
import { decodeRelease, type Release } from "./release.ts";

/** Helm's storage driver: Secrets unless `HELM_DRIVER=configmap` was set by whoever installed. */
export type StorageDriver = "secret" | "configmap";

export interface StoredRelease extends Release {
  readonly driver: StorageDriver;
  /** The object that holds this revision. */
  readonly record: { readonly resource: Resource; readonly name: string; readonly uid: string };
}

/** A release as its objects name it: annotations `meta.helm.sh/release-name` and `-namespace` (Helm ≥ 3.2). */
export interface ReleaseName {
  readonly name: string;
  readonly namespace: string;
}

/**
 * The latest revision of a release; undefined where the cluster stores none.
 * @throws ApiError; FarrierError `helm.release-unreadable`
 */
export async function latestRelease(api: Api, wanted: ReleaseName): Promise<StoredRelease | undefined> {
  return (await releaseHistory(api, wanted))[0];
}

/** Every stored revision, the latest first. Secrets win: one who changed the driver left the old records behind. */
export async function releaseHistory(api: Api, { name, namespace }: ReleaseName): Promise<StoredRelease[]> {
  const labelSelector = `owner=helm,name=${name}`;
  for (const [driver, resource] of [
    ["secret", secrets(namespace)],
    ["configmap", configMaps(namespace)],
  ] as const) {
    const { items } = await api.list(resource, { labelSelector });
    const found = items.flatMap((object) => storedIn(object, driver, resource));
    if (found.length > 0) return found.sort((a, b) => b.revision - a.revision);
  }
  return [];
}

const dataSchema = z.object({ release: z.string() });

function storedIn(object: KubeObject, driver: StorageDriver, resource: Resource): StoredRelease[] {
  const { name, namespace = "", uid = "" } = object.metadata;
  const text =
    driver === "secret"
      ? readSecret(object)?.value("release")?.toString("utf8")
      : dataSchema.safeParse(object.data).data?.release;
  if (text === undefined) return [];
  const place = `${driver === "secret" ? "Secret" : "ConfigMap"} ${namespace}/${name}`;
  return [{ ...decodeRelease(text, place), driver, record: { resource, name, uid } }];
}

/**
 * Helm 2 kept its releases as ConfigMaps beside Tiller, `kube-system` unless it was installed elsewhere, with the labels
 * `OWNER=TILLER` and `NAME`. Support for it ended in 2020.
 */
export async function hasHelm2Release(api: Api, name: string): Promise<boolean> {
  const { items } = await api.list(configMaps("kube-system"), { labelSelector: `OWNER=TILLER,NAME=${name}` });
  return items.length > 0;
}
