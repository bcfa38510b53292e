/** `GET …/pods/<scheme>:<name>:<port>/proxy/<path>`: what a pod itself answers, passed on by the API server. */

import { ApiError } from "../cluster-client.ts";

export interface PodRequest {
  readonly namespace: string;
  readonly pod: string;
  /** With a slash at its beginning, without the query. */
  readonly path: string;
}

/** What a pod answers; undefined where nothing listens. */
export type PodServer = (request: PodRequest) => { readonly status: number; readonly body: string } | undefined;

/** The pod's part of `https:rancher-0:443` (k8s.io/apimachinery/pkg/util/net.SplitSchemeNamePort). */
export function podNameIn(name: string): string {
  const parts = name.split(":");
  return (parts.length === 3 ? parts[1] : parts[0]) ?? "";
}

export function unreachablePod(pod: string): ApiError {
  return new ApiError(503, "ServiceUnavailable", `error trying to reach service: no route to pod ${pod}`);
}
