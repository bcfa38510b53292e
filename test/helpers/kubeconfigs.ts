/** Kubeconfigs in people's hands: ways to clusters past Rancher, and downloads. */
import { request } from "node:https";
import { directWay } from "../../src/observe/direct-way.ts";
import type { World } from "../../src/observe/world.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";

/** By cluster id: the file of a kubeconfig that leads past Rancher. */
export type Kubeconfigs = Readonly<Record<string, string>>;

/** As the configuration would name them. */
export function giveKubeconfigs({ reaches }: World, kubeconfigs: Kubeconfigs): void {
  for (const [id, kubeconfig] of Object.entries(kubeconfigs)) reaches.give(id, [directWay(id, { kubeconfig })]);
}

/** What a person does in Rancher's UI with *Download KubeConfig*. */
export async function downloadKubeconfig({ serverUrl, token, cluster, pki }: Sandbox, name: string): Promise<void> {
  const url = `${serverUrl}/v3/clusters/${cluster(name).id}?action=generateKubeconfig`;
  const headers = { authorization: `Bearer ${token}` };
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const asked = request(url, { method: "POST", headers, ca: pki.today.bundle, agent: false }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
    });
    asked.on("error", reject).end();
  });
  if (status !== 200) throw new Error(`Rancher answered ${status} to the wish for a kubeconfig of ${name}`);
}
