import type { NewObject, ResourceRef } from "../cluster-client.ts";
import type { AgentProcess } from "./process.ts";

const SECRETS: ResourceRef = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };

/**
 * What the agent writes down as soon as its tunnel is open: with which server, token and bundle it is connected. The
 * embedded Rancher and the system-agents' upgrader read it, and Rancher learns `AgentTlsStrictCheck` from it.
 */
export async function writeAggregationSecret(
  agent: AgentProcess,
  facts: { readonly token: string; readonly bundle: string | undefined; readonly valid: boolean },
): Promise<void> {
  const plain: Record<string, string> = {
    CATTLE_SERVER: agent.server,
    CATTLE_TOKEN: facts.token,
    CATTLE_CA_CHECKSUM: agent.context.env.CATTLE_CA_CHECKSUM ?? "",
    url: `${agent.server}/v3/connect`,
    token: `stv-cluster-${facts.token}`,
    CATTLE_CACERTS_VALID: String(facts.valid),
    ...(facts.bundle === undefined ? {} : { "ca.crt": facts.bundle }),
  };
  const data = Object.fromEntries(
    Object.entries(plain).map(([name, value]) => [name, Buffer.from(value).toString("base64")]),
  );
  const secret: NewObject = {
    apiVersion: "v1",
    kind: "Secret",
    type: "Opaque",
    metadata: {
      name: "stv-aggregation",
      namespace: "cattle-system",
      annotations: { "objectset.rio.cattle.io/id": "rancher-stv-aggregation" },
    },
    data,
  };
  try {
    const existing = await agent.context.client.get(SECRETS, "stv-aggregation");
    if (existing === undefined) await agent.context.client.create(SECRETS, secret);
    else await agent.context.client.patch(SECRETS, "stv-aggregation", { type: "merge", body: { data } });
  } catch (error) {
    // Several replicas write the same Secret at the same time, and the pod may be on its way out.
    agent.log("error", `Failed to write stv-aggregation: ${error instanceof Error ? error.message : String(error)}`);
  }
}
