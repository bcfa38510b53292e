/** Making pods for a workload, under names that nobody else uses. */
import { randomInt } from "node:crypto";
import type { KubeObject, NewObject } from "../cluster-client.ts";
import { ownedBy, type PodTemplate } from "./workload.ts";

const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** `prefix-x7k2p`, as an API server makes names; made here so that the creator knows it before the watch tells. */
function podName(prefix: string): string {
  const letters = Array.from({ length: 5 }, () => ALPHABET[randomInt(ALPHABET.length)]);
  return `${prefix}-${letters.join("")}`;
}

/** A pod of that template, controlled by the workload. */
export function podFor(owner: KubeObject, template: PodTemplate): NewObject {
  const { namespace } = owner.metadata;
  const { labels, annotations } = template.metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: podName(owner.metadata.name),
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ownerReferences: [ownedBy(owner)],
    },
    spec: template.spec,
  };
}
