/** What a case's rotation leads to, and what has happened to its estate before anybody plans one. */
import type { Sandbox } from "../../../src/sandbox/sandbox.ts";
import type { ServingPair } from "../../helpers/rotation-lab.ts";
import { presentInstead } from "../../helpers/serving-pair.ts";
import type { Case } from "./scenario.ts";

const SECRETS = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };
const DEPLOYMENTS = { ...SECRETS, group: "apps", resource: "deployments" };
const HOUR_MS = 3_600_000;

/** The certificate that the rotation puts in place. */
export async function targetOf({ procedure, upgrade, loss }: Case, { pki }: Sandbox): Promise<ServingPair> {
  if (upgrade?.endsWith("-to-public") === true) return { ...(await pki.publicCa.issue()), bundle: "" };
  if (procedure === "renew" || loss === "ended-same-authority") return await pki.today.issue();
  const authority = await pki.newAuthority("Tomorrow");
  return { ...(await authority.issue()), bundle: authority.bundle };
}

/** Whether the bundle stays byte for byte, since today's authority signs the target as well. */
export function keepsBundle({ procedure, loss }: Case): boolean {
  return procedure === "renew" || loss === "ended-same-authority";
}

/** What leaves nothing but a flag day; what the agent of the first cluster has lost; and that it is away. */
export async function befallBefore(one: Case, sandbox: Sandbox): Promise<void> {
  if (one.loss === "forgotten")
    await presentInstead(sandbox, await (await sandbox.pki.newAuthority("Forgotten")).issue());
  else if (one.loss !== undefined) {
    const at = (hours: number) => new Date(Date.now() + hours * HOUR_MS);
    await presentInstead(sandbox, await sandbox.pki.today.issue({ notBefore: at(-48), notAfter: at(-1) }));
  }
  if (one.means === "reapply" || one.means === "credentials") await loseAgent(one, sandbox);
  if (one.awaySeconds !== undefined) await cutOff(sandbox, one.awaySeconds);
}

async function cutOff({ clusters: [cluster], inject, waitUntil }: Sandbox, seconds: number): Promise<void> {
  if (cluster === undefined) throw new Error("every estate has a cluster");
  await inject({ kind: "offline", cluster: cluster.name, seconds });
  await waitUntil(() => !cluster.connected(), { what: "the tunnel to be dead" });
}

/** Its credentials; and the agent itself, where a kubeconfig is there to make it anew. */
async function loseAgent({ means }: Case, { clusters: [cluster], waitUntil }: Sandbox): Promise<void> {
  if (cluster === undefined) throw new Error("every estate has a cluster");
  const { client, connected } = cluster;
  if (means === "reapply") await client.delete(DEPLOYMENTS, "cattle-cluster-agent");
  const { items } = await client.list(SECRETS);
  const credentials = items
    .map(({ metadata }) => metadata.name)
    .filter((name) => name.startsWith("cattle-credentials-"));
  for (const name of credentials) await client.delete(SECRETS, name);
  if (means === "reapply") await waitUntil(() => !connected(), { what: "the agent to be gone" });
}
