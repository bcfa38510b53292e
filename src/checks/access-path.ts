/** Does the management kubeconfig lead through Rancher, whose restart would cut Farrier off? */
import { type Finding, finding } from "../findings.ts";
import type { CheckInput } from "./check.ts";

export function accessPath({ estate }: CheckInput): Finding[] {
  const { throughRancher, server } = estate.access;
  if (!throughRancher) return [];
  const sentence = `The management kubeconfig reaches its cluster through Rancher (${server}).`;
  return [finding("access.through-rancher", "management kubeconfig", sentence)];
}
