/** What somebody else has written on objects that a rotation writes too. */
import type { ClusterClient, ResourceRef } from "../../../src/sandbox/cluster-client.ts";
import type { Sandbox } from "../../../src/sandbox/sandbox.ts";

const NOTE = "example.com/note";
const SECRETS: ResourceRef = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };
const DEPLOYMENTS: ResourceRef = { ...SECRETS, group: "apps", resource: "deployments" };

interface Marked {
  readonly client: ClusterClient;
  readonly kind: ResourceRef;
  readonly name: string;
}

function objects(sandbox: Sandbox): readonly Marked[] {
  const { management: client, clusters } = sandbox;
  return [
    { client, kind: SECRETS, name: "tls-ca" },
    { client, kind: SECRETS, name: "tls-rancher-ingress" },
    { client, kind: DEPLOYMENTS, name: "rancher" },
    ...clusters.map((cluster) => ({ client: cluster.client, kind: DEPLOYMENTS, name: "cattle-cluster-agent" })),
  ];
}

/** An annotation on each of them that there is, and a key of its own in the Secret with the bundle. */
export async function markObjects(sandbox: Sandbox): Promise<void> {
  const metadata = { annotations: { [NOTE]: "ours" } };
  const data = { "note.txt": Buffer.from("ours").toString("base64") };
  for (const { client, kind, name } of objects(sandbox)) {
    if ((await client.get(kind, name)) === undefined) continue;
    const body = name === "tls-ca" ? { metadata, data } : { metadata };
    await client.patch(kind, name, { type: "merge", body });
  }
}

/** What is left of them. */
export async function foreignMarks(sandbox: Sandbox): Promise<readonly string[]> {
  const found = objects(sandbox).map(async ({ client, kind, name }) => {
    const object = await client.get(kind, name);
    // The shape of every Secret; Deployments have no data.
    const data = (object?.data ?? {}) as Readonly<Record<string, string>>;
    return [name, object?.metadata.annotations?.[NOTE], data["note.txt"]].join(" ").trim();
  });
  return await Promise.all(found);
}
