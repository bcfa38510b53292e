/**
 * There is no network of pods on this machine: a policy of the API server gives every pod the node's own, whoever makes
 * it. The objects that Rancher applies stay as they are.
 */

import { setTimeout as delay } from "node:timers/promises";
import type { NewObject, ResourceRef } from "../../../src/sandbox/cluster-client.ts";
import type { TunnelHandler } from "../../../src/sandbox/rancher/tunnel.ts";
import type { ControlPlane } from "../control-plane/control-plane.ts";
import { NetworkClient, textOf } from "../control-plane/network-client.ts";
import { bearer, Wire } from "../control-plane/wire.ts";

const GROUP = "admissionregistration.k8s.io";
const NAME = "network-of-the-node";
const POLICIES: ResourceRef = { group: GROUP, version: "v1", resource: "mutatingadmissionpolicies" };
const BINDINGS: ResourceRef = { group: GROUP, version: "v1", resource: "mutatingadmissionpolicybindings" };

const LOOK_MS = 100;

const POLICY: NewObject = {
  apiVersion: `${GROUP}/v1`,
  kind: "MutatingAdmissionPolicy",
  metadata: { name: NAME },
  spec: {
    matchConstraints: {
      resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
    },
    failurePolicy: "Fail",
    reinvocationPolicy: "Never",
    mutations: [
      {
        patchType: "ApplyConfiguration",
        applyConfiguration: { expression: "Object{spec: Object.spec{hostNetwork: true}}" },
      },
    ],
  },
};

const BINDING: NewObject = {
  apiVersion: `${GROUP}/v1`,
  kind: "MutatingAdmissionPolicyBinding",
  metadata: { name: NAME },
  spec: { policyName: NAME },
};

/** Resolves when every pod that is made from then on is treated so. */
export async function shareTheNodesNetwork({ url, caPem, token }: ControlPlane): Promise<void> {
  const wire = new Wire(url, caPem);
  try {
    const administrator = wire.as(bearer(token));
    const client = new NetworkClient(administrator);
    await client.create(POLICIES, POLICY);
    await client.create(BINDINGS, BINDING);
    while (!(await isInForce(administrator))) await delay(LOOK_MS);
  } finally {
    await wire.close();
  }
}

/** Asked with a pod that is only tried. */
async function isInForce(administrator: TunnelHandler): Promise<boolean> {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "tried" },
    spec: { containers: [{ name: "main", image: "none" }] },
  };
  const answer = await administrator(
    {
      method: "POST",
      path: "/api/v1/namespaces/default/pods?dryRun=All",
      headers: { accept: "application/json", "content-type": "application/json" },
      body: Buffer.from(JSON.stringify(pod)),
    },
    AbortSignal.timeout(10_000),
  );
  const text = await textOf(answer.body);
  return answer.status === 201 && JSON.parse(text).spec.hostNetwork === true;
}
