/** Secrets: what they hold, and who else would write them. */
import { z } from "zod";
import type { KubeObject } from "./object.ts";

const secretSchema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string().default(""),
    uid: z.string().default(""),
    resourceVersion: z.string().default(""),
  }),
  type: z.string().default("Opaque"),
  data: z.record(z.string(), z.string()).default({}),
});

/** A Secret with its values decoded: never to be printed whole. */
export interface SecretObject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly type: string;
  /** The value of a key, byte for byte; undefined when the Secret has no such key. */
  value(key: string): Buffer | undefined;
}

/** Undefined for an object that is not a Secret. */
export function readSecret(object: KubeObject): SecretObject | undefined {
  const parsed = secretSchema.safeParse(object);
  if (!parsed.success) return undefined;
  const { metadata, type, data } = parsed.data;
  return {
    ...metadata,
    type,
    value: (key) => {
      const encoded = data[key];
      return encoded === undefined ? undefined : Buffer.from(encoded, "base64");
    },
  };
}

interface OwnerMark {
  readonly owner: string;
  /** Labels and annotations that the tool puts on what it manages, by the beginning of their keys. */
  readonly keys: readonly string[];
  readonly kinds: readonly string[];
  readonly managers: readonly string[];
  /** Annotations with which a person has told the tool to leave this one object alone, with their values. */
  readonly suspended?: Readonly<Record<string, string>>;
}

/** From the tools' documentation: how each marks the objects that it would put back. */
const OWNER_MARKS: readonly OwnerMark[] = [
  {
    owner: "Argo CD",
    keys: ["argocd.argoproj.io/"],
    kinds: [],
    managers: ["argocd-controller", "argocd-application-controller"],
  },
  {
    owner: "Flux",
    keys: ["kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/"],
    kinds: [],
    managers: ["kustomize-controller", "helm-controller"],
    suspended: {
      "kustomize.toolkit.fluxcd.io/reconcile": "disabled",
      "helm.toolkit.fluxcd.io/driftDetection": "disabled",
    },
  },
  {
    owner: "External Secrets",
    keys: ["reconcile.external-secrets.io/"],
    kinds: ["ExternalSecret", "ClusterExternalSecret"],
    managers: ["external-secrets", "externalsecrets.external-secrets.io"],
  },
  {
    owner: "cert-manager",
    keys: ["cert-manager.io/certificate-name", "controller.cert-manager.io/fao"],
    kinds: ["Certificate"],
    managers: ["cert-manager-certificates-issuing", "cert-manager-certificates-key-manager"],
  },
  { owner: "Sealed Secrets", keys: [], kinds: ["SealedSecret"], managers: [] },
];

const marksSchema = z.object({
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
  ownerReferences: z.array(z.object({ kind: z.string() })).default([]),
  managedFields: z.array(z.object({ manager: z.string().default("") })).default([]),
});

/** The tools that would put this object back if it were changed by hand; empty when none left a mark. */
export function ownersOf(object: KubeObject): string[] {
  const parsed = marksSchema.safeParse(object.metadata);
  if (!parsed.success) return [];
  const { labels, annotations, ownerReferences, managedFields } = parsed.data;
  const keys = [...Object.keys(labels), ...Object.keys(annotations)];
  const isSuspended = ({ suspended = {} }: OwnerMark): boolean =>
    Object.entries(suspended).some(([key, value]) => annotations[key] === value);
  return OWNER_MARKS.filter((mark) => !isSuspended(mark))
    .filter(
      (mark) =>
        mark.keys.some((start) => keys.some((key) => key.startsWith(start))) ||
        ownerReferences.some(({ kind }) => mark.kinds.includes(kind)) ||
        managedFields.some(({ manager }) => mark.managers.includes(manager)),
    )
    .map(({ owner }) => owner);
}
