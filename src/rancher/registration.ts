/** What Rancher gives to make a cluster's agent anew: the registration token, and the manifest that it opens. */
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { FarrierError } from "../errors.ts";
import type { Api } from "../kubernetes/api.ts";
import { asKubeObject, type KubeObject } from "../kubernetes/object.ts";
import { type Resource, secrets } from "../kubernetes/resource.ts";
import { Secret } from "../pki/secret.ts";
import { AGENT } from "./agent-workload.ts";

const tokens = (clusterId: string): Resource => ({
  group: "management.cattle.io",
  version: "v3",
  plural: "clusterregistrationtokens",
  namespace: clusterId,
});

const tokenSchema = z.looseObject({
  status: z.looseObject({ token: z.string().default(""), tokenSecretName: z.string().default("") }).prefault({}),
});

/**
 * The token that agents of the cluster register with: the one that Rancher's own deployments use (`system`) before others.
 * Since 2.13.8, 2.14.4 and 2.15 it is in a Secret beside the object.
 * @throws FarrierError `step.failed` where there is none; ApiError
 */
export async function registrationToken(management: Api, clusterId: string): Promise<Secret> {
  const { items } = await management.list(tokens(clusterId));
  const own = items.toSorted((a, b) => Number(b.metadata.name === "system") - Number(a.metadata.name === "system"));
  for (const object of own) {
    const parsed = tokenSchema.safeParse(object);
    if (!parsed.success) continue;
    const { token, tokenSecretName } = parsed.data.status;
    const text = token === "" ? await tokenIn(management, clusterId, tokenSecretName) : token;
    if (text !== "") return Secret.of(text);
  }
  throw new FarrierError("step.failed", `Rancher has no registration token for cluster ${clusterId}.`, {
    hint: "Open the cluster's registration page in Rancher once: it makes one.",
  });
}

const secretSchema = z.looseObject({ data: z.record(z.string(), z.string()).default({}) });

async function tokenIn(management: Api, namespace: string, name: string): Promise<string> {
  if (name === "") return "";
  const parsed = secretSchema.safeParse(await management.get(secrets(namespace), name));
  return parsed.success ? Buffer.from(parsed.data.data.token ?? "", "base64").toString("utf8") : "";
}

/** The manifest's objects, in its order. They hold the token: never to be printed. @throws FarrierError `step.failed` */
export function manifestObjects(text: string): KubeObject[] {
  const documents = parseAllDocuments(text, { logLevel: "silent" });
  if (documents.some(({ errors }) => errors.length > 0)) throw unreadable();
  const values: unknown[] = documents.map((document) => document.toJS());
  return values
    .filter((value) => value !== null && value !== undefined)
    .map((value) => {
      const object = asKubeObject(value);
      if (object === undefined) throw unreadable();
      return object;
    });
}

function unreadable(): FarrierError {
  return new FarrierError("step.failed", "Rancher's registration manifest is not what it should be.");
}

const PLURALS: Readonly<Record<string, { readonly plural: string; readonly namespaced: boolean }>> = {
  Namespace: { plural: "namespaces", namespaced: false },
  ClusterRole: { plural: "clusterroles", namespaced: false },
  ClusterRoleBinding: { plural: "clusterrolebindings", namespaced: false },
  PriorityClass: { plural: "priorityclasses", namespaced: false },
  ServiceAccount: { plural: "serviceaccounts", namespaced: true },
  Secret: { plural: "secrets", namespaced: true },
  Service: { plural: "services", namespaced: true },
  ConfigMap: { plural: "configmaps", namespaced: true },
  Deployment: { plural: "deployments", namespaced: true },
  DaemonSet: { plural: "daemonsets", namespaced: true },
  PodDisruptionBudget: { plural: "poddisruptionbudgets", namespaced: true },
};

/** The collection that an object of the manifest belongs to. @throws FarrierError `step.failed` for a kind that is new */
export function resourceOf({ apiVersion = "", kind = "", metadata }: KubeObject): Resource {
  const known = PLURALS[kind];
  if (known === undefined) {
    throw new FarrierError(
      "step.failed",
      `Rancher's registration manifest holds a ${kind}, which Farrier does not know.`,
    );
  }
  const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
  const place = known.namespaced ? { namespace: metadata.namespace ?? AGENT.namespace } : {};
  return { group: group ?? "", version: version ?? "", plural: known.plural, ...place };
}

/**
 * The Secret that the agent registers with, under the name by which a Deployment that is there already mounts it: every
 * Rancher makes that name in a way of its own, from a namespace that the import manifest leaves empty. Other objects stay.
 */
export function renamedCredentials(object: KubeObject, name: string): KubeObject {
  const credentials = object.kind === "Secret" && object.metadata.name.startsWith(`${AGENT.credentials}-`);
  return credentials ? { ...object, metadata: { ...object.metadata, name } } : object;
}

const customisationSchema = z.looseObject({
  spec: z
    .looseObject({
      clusterAgentDeploymentCustomization: z
        .looseObject({
          appendTolerations: z.array(z.unknown()).nullish(),
          overrideAffinity: z.unknown(),
          overrideResourceRequirements: z.unknown(),
        })
        .nullish(),
    })
    .prefault({}),
  status: z.looseObject({ agentFeatures: z.record(z.string(), z.boolean()).default({}) }).prefault({}),
});

const deploymentSchema = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({
        tolerations: z.array(z.unknown()).default([]),
        containers: z.array(
          z.looseObject({ name: z.string(), env: z.array(z.looseObject({ name: z.string() })).default([]) }),
        ),
      }),
    }),
  }),
});

/**
 * The manifest's Deployment with what a registration leaves out and Rancher's own deployment has (pkg/systemtemplate:
 * `CATTLE_FEATURES` is nil in every import manifest): the features, and the cluster's own customisation.
 * @param cluster its `clusters.management.cattle.io`
 */
export function completedDeployment(deployment: KubeObject, cluster: KubeObject | undefined): KubeObject {
  const parsed = deploymentSchema.safeParse(deployment);
  const wishes = customisationSchema.safeParse(cluster);
  if (!parsed.success || !wishes.success) return deployment;
  const { spec } = parsed.data;
  const podSpec = spec.template.spec;
  const custom = wishes.data.spec.clusterAgentDeploymentCustomization;
  const features = Object.entries(wishes.data.status.agentFeatures).sort(([a], [b]) => (a < b ? -1 : 1));
  const value = features.map(([name, on]) => `${name}=${on}`).join(",");
  const containers = podSpec.containers.map((container) => {
    if (container.name !== AGENT.container) return container;
    const others = container.env.filter(({ name }) => name !== "CATTLE_FEATURES");
    const env = value === "" ? others : [{ name: "CATTLE_FEATURES", value }, ...others];
    return { ...container, env, ...present("resources", custom?.overrideResourceRequirements) };
  });
  const tolerations = [...podSpec.tolerations, ...(custom?.appendTolerations ?? [])];
  const affinity = present("affinity", custom?.overrideAffinity);
  const template = { ...spec.template, spec: { ...podSpec, ...affinity, tolerations, containers } };
  return { ...deployment, spec: { ...spec, template } };
}

function present(name: string, value: unknown): Readonly<Record<string, unknown>> {
  return value === undefined || value === null ? {} : { [name]: value };
}
