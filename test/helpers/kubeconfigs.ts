/** Ways to clusters past Rancher, for tests that have no configuration. */
import { directWay } from "../../src/observe/direct-way.ts";
import type { World } from "../../src/observe/world.ts";

/** By cluster id: the file of a kubeconfig that leads past Rancher. */
export type Kubeconfigs = Readonly<Record<string, string>>;

/** As the configuration would name them. */
export function giveKubeconfigs({ reaches }: World, kubeconfigs: Kubeconfigs): void {
  for (const [id, kubeconfig] of Object.entries(kubeconfigs)) reaches.give(id, [directWay(id, { kubeconfig })]);
}
