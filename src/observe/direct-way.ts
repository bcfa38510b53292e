/** Reach *direct*: a cluster's own API server, by a kubeconfig that the configuration names for it. */
import { basename } from "node:path";
import { connectKubeconfig } from "../kubernetes/connection.ts";
import type { KubeconfigChoice } from "../kubernetes/kubeconfig.ts";
import { ANSWER_MS, type GivenWay } from "./reaches.ts";

/** Nothing is read before the way is first used. */
export function directWay(id: string, choice: KubeconfigChoice & { readonly kubeconfig: string }): GivenWay {
  const context = choice.context === undefined ? "" : `, context ${choice.context}`;
  return {
    reach: "direct",
    called: `kubeconfig ${basename(choice.kubeconfig)}${context}`,
    open: () => connectKubeconfig(choice, { name: `cluster ${id}`, timeoutMs: ANSWER_MS }),
  };
}
