/**
 * An overlap rotation and a refresh of a cluster whose agent is a process in containers of a real node: kubelet, containerd, scheduler
 * and controllers are Kubernetes' own. Rancher's own pods are the sandbox's, which lives faster than the node.
 */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Api } from "../../src/kubernetes/api.ts";
import { connectKubeconfig } from "../../src/kubernetes/connection.ts";
import { openWorld, type World } from "../../src/observe/world.ts";
import { Secret } from "../../src/pki/secret.ts";
import { pinOfServed, trustSecret } from "../helpers/estate-facts.ts";
import { beginJourney, type Journey } from "../helpers/journey.ts";
import { waitUntilRancherRests } from "../helpers/rancher-ready.ts";
import { RealCluster } from "./control-plane/real-cluster.ts";
import { type RealEstate, startRealEstate } from "./control-plane/real-estate.ts";
import { NODE_NAME } from "./node/real-node.ts";
import { RealNodeCluster } from "./node/real-node-cluster.ts";
import { missingForNode } from "./node/requirements.ts";
import { overlapWithKilledAgents } from "./suite/overlap-rotation.ts";
import { podStreams } from "./suite/pod-streams.ts";
import { refreshes } from "./suite/refresh.ts";

const MINUTE = 60_000;
const AGENT_VERSION = "v2.15.1";
/** The one whose pods the real node runs. */
const CLUSTER = "paris";
const definitions = process.env.RANCHER_CRDS;
if (missingForNode() === "" && definitions === undefined) {
  process.stderr.write(
    "RANCHER_CRDS names no file: the rotation and the refresh of a cluster on a real node are left out\n",
  );
}

describe.skipIf(missingForNode() !== "" || definitions === undefined)("an estate with a cluster on a real node", () => {
  let journey: Journey<RealEstate>;
  let estate: RealEstate;
  let pin: string;
  let world: World;
  let own: Awaited<ReturnType<typeof connectKubeconfig>>;

  beforeAll(async () => {
    estate = await startRealEstate(
      definitions ?? "",
      { speed: 4, clusters: [{ name: CLUSTER }], rancher: { version: AGENT_VERSION.slice(1), startSeconds: [2, 3] } },
      (controlPlane, kinds, options, observer) =>
        options.name === CLUSTER
          ? new RealNodeCluster(controlPlane, kinds, options, { agentVersion: AGENT_VERSION, observer })
          : new RealCluster(controlPlane, kinds, options),
    );
    journey = await beginJourney(estate, { armingMinReadySeconds: 10 });
    await estate.waitUntilConnected();
    await waitUntilRancherRests(estate);
    pin = pinOfServed((await trustSecret(estate)).trim());
  }, 5 * MINUTE);

  beforeAll(async () => {
    const kubeconfig = join(journey.folder, "kubeconfig");
    world = await openWorld({ kubeconfig, context: "management", token: Secret.of(estate.token) });
    const ownKubeconfig = join(journey.folder, "own");
    await writeFile(ownKubeconfig, estate.kubeconfig(CLUSTER), { mode: 0o600 });
    own = await connectKubeconfig({ kubeconfig: ownKubeconfig }, { name: `cluster ${CLUSTER}` });
  });

  afterAll(async () => {
    await own?.close();
    await world?.close();
  });

  const podIdentities = async () => (await estate.agentPods(CLUSTER)).map(({ metadata }) => metadata.uid ?? "");

  const agentsContainer = async () => {
    const [pod] = await estate.agentPods(CLUSTER);
    const name = pod?.metadata.name ?? "";
    return { namespace: "cattle-system", pod: name, container: "cluster-register", deadlineMs: 30_000 };
  };

  afterAll(() => (journey ?? estate)?.stop(), MINUTE);

  test("has its agent in a container of that node", async () => {
    const [pod, ...others] = await estate.agentPods(CLUSTER);
    expect(others).toEqual([]);
    expect(pod).toMatchObject({
      spec: { nodeName: NODE_NAME },
      status: { containerStatuses: [{ containerID: expect.stringMatching(/^containerd:/), restartCount: 0 }] },
    });
  });

  describe.each<[string, () => Api]>([
    ["past Rancher", () => own.api],
    ["through Rancher", () => world.rancher.downstream(estate.clusters[0]?.id ?? "")],
  ])("its log and a command in its container, %s", (_way, open) => {
    podStreams(async () => open(), agentsContainer);
  });

  overlapWithKilledAgents(() => ({ journey, estate, pin }));

  describe("a refresh of it", () => {
    let before: readonly string[];

    beforeAll(async () => {
      before = await podIdentities();
    });

    refreshes(
      () => ({ journey, estate }),
      [[CLUSTER, "the service-account key is another one", { ca: false, reported: true }]],
    );

    test("leaves its agent in another pod, to which the kubelet gave a token of the new key: it is connected", async () => {
      await estate.waitUntilConnected();
      const now = await podIdentities();
      expect(now).toHaveLength(1);
      expect(before).not.toContain(now[0]);
    });
  });
});
