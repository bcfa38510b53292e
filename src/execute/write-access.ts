/** Writes a cluster's own CA and token into what Rancher holds for it, as Rancher itself would have done. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { FarrierError } from "../errors.ts";
import { AGENT_ACCOUNT } from "../estate/cluster-access.ts";
import type { Api } from "../kubernetes/api.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { Connection } from "../kubernetes/connection.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import { customResourceDefinitions, managementClusters, secrets } from "../kubernetes/resource.ts";
import { isAccepted, rootCaOf } from "../observe/cluster-access.ts";
import type { Secret } from "../pki/secret.ts";
import { agentTokensIn } from "../rancher/account-tokens.ts";
import { isTokenInStatus, TOKEN_KEY, TOKEN_NAMESPACE } from "../rancher/held-access.ts";
import { hasStatusSubresource } from "../rancher/installation.ts";
import type { StepContext } from "./step-action.ts";

/** Fields that hold what they shall are left alone, so that it may be called again. @throws ApiError, FarrierError */
export async function writeAccess(context: StepContext): Promise<void> {
  const { management, step, plan } = context;
  const own = await ownAccess(await context.own(step.target), step.target);
  const cluster = await management.get(managementClusters, step.target);
  if (cluster === undefined) throw new FarrierError("step.failed", `Rancher has no cluster ${step.target} any more.`);
  const { status } = statusSchema.parse(cluster);
  const token = isTokenInStatus(cluster, plan.estate.rancherVersion)
    ? { serviceAccountToken: own.token.reveal() }
    : { serviceAccountTokenSecret: await keepToken(management, own.token, { cluster, rotation: plan.rotation }) };
  // The agent's report holds the ConfigMap's text as it is, in base64 (pkg/agent/cluster).
  const wanted = { caCert: Buffer.from(own.caPem).toString("base64"), ...token };
  const body = [...missingStatus(cluster), ...operations(status, wanted)];
  if (body.every(({ op }) => op === "test")) return;
  const subresource = (await hasStatus(management)) ? { subresource: "status" as const } : {};
  await management.patch(managementClusters, step.target, { kind: "json", body, ...subresource });
}

const statusSchema = z.object({ status: z.record(z.string(), z.unknown()).prefault({}) });
type Status = z.infer<typeof statusSchema>["status"];

/** Each field against what was read: whoever wrote it in between is not overwritten. */
function operations(status: Status, wanted: Readonly<Record<string, string>>) {
  return Object.entries(wanted).flatMap(([field, value]) => {
    const [path, found] = [`/status/${field}`, status[field]];
    if (found === value) return [];
    const test = found === undefined ? [] : [{ op: "test", path, value: found }];
    return [...test, { op: "add", path, value }];
  });
}

/** A JSON patch cannot add a field to a status that is not there. */
function missingStatus(cluster: KubeObject): { op: string; path: string; value: unknown }[] {
  return cluster.status === undefined ? [{ op: "add", path: "/status", value: {} }] : [];
}

async function hasStatus(management: Api): Promise<boolean> {
  const definition = await management.get(customResourceDefinitions, "clusters.management.cattle.io");
  return definition !== undefined && hasStatusSubresource(definition);
}

/** A new Secret, as Rancher makes one for each new token; its name is the rotation's, so that it is made once. */
async function keepToken(
  management: Api,
  token: Secret,
  { cluster, rotation }: { readonly cluster: KubeObject; readonly rotation: string },
): Promise<string> {
  const { name: id, uid } = cluster.metadata;
  const digest = createHash("sha256").update(`${rotation}/${id}`).digest("hex");
  const name = `cluster-serviceaccounttoken-${digest.slice(0, 8)}`;
  const owner = { apiVersion: "management.cattle.io/v3", kind: "Cluster", name: id, uid };
  const data = { [TOKEN_KEY]: Buffer.from(token.reveal()).toString("base64") };
  const metadata = { name, namespace: TOKEN_NAMESPACE, ownerReferences: [owner] };
  try {
    await management.create(secrets(TOKEN_NAMESPACE), {
      apiVersion: "v1",
      kind: "Secret",
      type: "Opaque",
      metadata,
      data,
    });
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== "AlreadyExists") throw error;
    await management.patch(secrets(TOKEN_NAMESPACE), name, { kind: "merge", body: { data } });
  }
  return name;
}

/** What the agent would report: the cluster's CA, and a token of its own account that the cluster accepts. */
async function ownAccess(own: Connection, id: string): Promise<{ readonly caPem: string; readonly token: Secret }> {
  const { items } = await own.api.list(secrets(AGENT_ACCOUNT.namespace));
  for (const { token, caPem } of agentTokensIn(items)) {
    if (token === undefined || (await isAccepted(own, token)) !== "yes") continue;
    const reported = (await rootCaOf(own.api)) ?? caPem;
    // Nothing in its place is worse than the CA of before: that one may yet be right.
    if (reported === "") throw new FarrierError("step.failed", `Cluster ${id} shows no CA that Rancher could hold.`);
    return { caPem: reported, token };
  }
  throw new FarrierError("step.failed", `Cluster ${id} has no token of Rancher's agent that it accepts.`);
}
