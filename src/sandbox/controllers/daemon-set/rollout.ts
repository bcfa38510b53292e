/** What a DaemonSet does next on its nodes: one pod on each, replaced within the limits of its strategy. */
import type { Fenceposts } from "../deployment/fenceposts.ts";

/** One pod of a DaemonSet; pods that are being deleted are left out. */
interface DaemonPod {
  readonly name: string;
  /** Whether it was made from the present template. */
  readonly updated: boolean;
  readonly available: boolean;
}

export interface DaemonNode {
  readonly name: string;
  readonly pods: readonly DaemonPod[];
}

export interface DaemonStep {
  /** Nodes that get a pod of the present template. */
  readonly create: readonly string[];
  /** Pods that go. */
  readonly remove: readonly string[];
}

/** @param limits undefined under OnDelete: only what is missing is made */
export function daemonStep(nodes: readonly DaemonNode[], limits: Fenceposts | undefined): DaemonStep {
  const empty = nodes.filter((node) => node.pods.length === 0).map((node) => node.name);
  if (!limits) return { create: empty, remove: [] };
  const step = limits.maxSurge > 0 ? surge(nodes, limits.maxSurge) : replace(nodes, limits.maxUnavailable);
  return { create: [...empty, ...step.create], remove: step.remove };
}

/** Old pods that serve nobody go at once; others while few enough nodes are without an available pod. */
function replace(nodes: readonly DaemonNode[], maxUnavailable: number): DaemonStep {
  const old = nodes.flatMap((node) => node.pods.filter((pod) => !pod.updated));
  const unavailable = nodes.filter((node) => !node.pods.some((pod) => pod.available)).length;
  const useless = old.filter((pod) => !pod.available);
  const serving = old.filter((pod) => pod.available).slice(0, Math.max(0, maxUnavailable - unavailable));
  return { create: [], remove: [...useless, ...serving].map((pod) => pod.name) };
}

/** New pods beside the old ones, which go when their successor is available. */
function surge(nodes: readonly DaemonNode[], maxSurge: number): DaemonStep {
  const outdated = nodes.filter((node) => node.pods.some((pod) => !pod.updated));
  const hasSuccessor = (node: DaemonNode) => node.pods.some((pod) => pod.updated);
  const waiting = outdated.filter((node) => !hasSuccessor(node));
  const surging = outdated.length - waiting.length;
  const replaced = outdated.filter((node) => node.pods.some((pod) => pod.updated && pod.available));
  const remove = replaced.flatMap((node) => node.pods.filter((pod) => !pod.updated).map((pod) => pod.name));
  return { create: waiting.slice(0, Math.max(0, maxSurge - surging)).map((node) => node.name), remove };
}
