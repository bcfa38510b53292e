/** A way to a cluster's own API server as a refresh's plan names it. */
import type { RefreshedCluster } from "../plan/plan.ts";
import { directWay } from "./direct-way.ts";
import type { GivenWay } from "./reaches.ts";
import { sshWay } from "./ssh-way.ts";

type WithoutServer<T> = T extends { readonly server: string } ? Omit<T, "server"> : never;
export type OwnWay = WithoutServer<RefreshedCluster["reach"]>;

/** Nothing is asked yet. */
export function ownWay(id: string, way: OwnWay): GivenWay {
  if ("ssh" in way) return sshWay(id, way.ssh, way.onNode === undefined ? {} : { kubeconfig: way.onNode });
  return directWay(id, way);
}
