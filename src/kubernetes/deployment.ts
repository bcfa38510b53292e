/** Deployments: the parts that Farrier reads. */
import { type Container, containerIn, secretIn } from "./container.ts";
import {
  amountAt,
  eachAt,
  type Fields,
  fieldsAt,
  fieldsIfAt,
  flagAt,
  readingOf,
  textAt,
  textsByNameAt,
  wholeNumberAt,
} from "./fields.ts";
import type { KubeObject } from "./object.ts";

/** With what the API server fills in where a field is absent. */
export interface Deployment {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation: number;
  };
  readonly spec: {
    readonly replicas: number;
    readonly minReadySeconds: number;
    readonly paused: boolean;
    readonly strategy: {
      readonly type: string;
      /** Amounts or percentages. */
      readonly rollingUpdate: { readonly maxSurge: string; readonly maxUnavailable: string } | undefined;
    };
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: PodTemplate;
  };
  readonly status: {
    readonly observedGeneration: number;
    readonly replicas: number;
    readonly updatedReplicas: number;
    readonly readyReplicas: number;
    readonly availableReplicas: number;
  };
}

interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly containers: readonly Container[];
    readonly serviceAccountName: string;
    readonly volumes: readonly {
      readonly name: string;
      readonly secret: { readonly secretName: string } | undefined;
    }[];
  };
}

/** Undefined for an object that is not a Deployment. Read once: see {@link readingOf}. */
export const readDeployment: (object: KubeObject) => Deployment | undefined = readingOf((object) => {
  const metadata = fieldsAt(object, "metadata");
  const status = fieldsAt(object, "status", {});
  return {
    metadata: {
      name: textAt(metadata, "name"),
      namespace: textAt(metadata, "namespace", ""),
      uid: textAt(metadata, "uid", ""),
      resourceVersion: textAt(metadata, "resourceVersion", ""),
      generation: wholeNumberAt(metadata, "generation", 0),
    },
    spec: specIn(fieldsAt(object, "spec")),
    status: {
      observedGeneration: wholeNumberAt(status, "observedGeneration", 0),
      replicas: wholeNumberAt(status, "replicas", 0),
      updatedReplicas: wholeNumberAt(status, "updatedReplicas", 0),
      readyReplicas: wholeNumberAt(status, "readyReplicas", 0),
      availableReplicas: wholeNumberAt(status, "availableReplicas", 0),
    },
  };
});

function specIn(spec: Fields): Deployment["spec"] {
  return {
    replicas: wholeNumberAt(spec, "replicas", 1),
    minReadySeconds: wholeNumberAt(spec, "minReadySeconds", 0),
    paused: flagAt(spec, "paused", false),
    strategy: strategyIn(fieldsAt(spec, "strategy", {})),
    selector: { matchLabels: textsByNameAt(fieldsAt(spec, "selector"), "matchLabels") },
    template: templateIn(fieldsAt(spec, "template")),
  };
}

function strategyIn(strategy: Fields): Deployment["spec"]["strategy"] {
  const rollingUpdate = fieldsIfAt(strategy, "rollingUpdate");
  return {
    type: textAt(strategy, "type", "RollingUpdate"),
    rollingUpdate: rollingUpdate && {
      maxSurge: amountAt(rollingUpdate, "maxSurge", "25%"),
      maxUnavailable: amountAt(rollingUpdate, "maxUnavailable", "25%"),
    },
  };
}

function templateIn(template: Fields): PodTemplate {
  const spec = fieldsAt(template, "spec");
  return {
    metadata: { labels: textsByNameAt(fieldsAt(template, "metadata", {}), "labels") },
    spec: {
      containers: eachAt(spec, "containers", containerIn, { required: true }),
      serviceAccountName: textAt(spec, "serviceAccountName", "default"),
      volumes: eachAt(spec, "volumes", (volume) => ({ name: textAt(volume, "name"), secret: secretIn(volume) })),
    },
  };
}

/** The controller has seen the latest specification, and everything that it asks for is there and available. */
export function isRolledOut({ metadata, spec, status }: Deployment): boolean {
  return (
    status.observedGeneration >= metadata.generation &&
    status.updatedReplicas === spec.replicas &&
    status.replicas === spec.replicas &&
    status.availableReplicas === spec.replicas
  );
}

/** `app=rancher`: how the Deployment's pods are found. */
export function podSelector(deployment: Deployment): string {
  return Object.entries(deployment.spec.selector.matchLabels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}
