/**
 * A real node of a real control plane: kubelet and containerd as processes of this machine, and kube-scheduler, which
 * finds it. Its pods are real processes in containers, without a network of their own.
 */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { ClusterClient } from "../../../src/sandbox/cluster-client.ts";
import { conditionStatus } from "../../../src/sandbox/rancher/cluster-status.ts";
import { NODES } from "../../../src/sandbox/rancher/resources.ts";
import { steadyPort } from "../../helpers/steady-port.ts";
import type { ControlPlane } from "../control-plane/control-plane.ts";
import { NetworkClient } from "../control-plane/network-client.ts";
import { Program } from "../control-plane/program.ts";
import { bearer, Wire } from "../control-plane/wire.ts";
import { agentImages } from "./agent-image.ts";
import { importImages, startContainerd } from "./containerd.ts";
import { clearAbandoned, clearNode, makeDirectory } from "./remains.ts";
import { VARIABLES } from "./report.ts";

/** The API server asks the kubelet at its node's name. */
export const NODE_NAME = "127.0.0.1";

export interface RealNodeOptions {
  /** The tag of `rancher/rancher-agent`. */
  readonly agentVersion: string;
  /** URL that takes what agents report. */
  readonly reports?: string;
}

export interface RealNode {
  /** Where everything of it is. */
  readonly directory: string;
  /** What the kubelet has said. */
  readonly log: string;
  stop(): Promise<void>;
}

/** How long it may take to be Ready, in wall milliseconds; on a quiet machine it is some ten seconds. */
const READY_MS = 120_000;

/** For a control plane with `shareTheNodesNetwork`. Resolves when the node is Ready. What an earlier run of the tests has left when it was killed is cleared away first. */
export async function startRealNode(controlPlane: ControlPlane, options: RealNodeOptions): Promise<RealNode> {
  await clearAbandoned();
  const directory = await makeDirectory();
  const wire = new Wire(controlPlane.url, controlPlane.caPem);
  const administrator = wire.as(bearer(controlPlane.token));
  const programs: Program[] = [];
  const stop = async () => {
    await wire.close();
    for (const program of programs.toReversed()) await program.stop();
    await clearNode(directory);
  };
  try {
    const reports = options.reports === undefined ? {} : { [VARIABLES.reports]: options.reports };
    const environment = { [VARIABLES.apiServer]: controlPlane.url, ...reports };
    const [containerd, archive] = await Promise.all([
      startContainerd(directory).then((started) => {
        programs.push(started.program);
        return started;
      }),
      agentImages(join(directory, "images"), { version: options.agentVersion, environment }),
    ]);
    await importImages(containerd, archive);
    const kubeconfig = join(directory, "kubeconfig");
    await writeFile(kubeconfig, controlPlane.kubeconfig, { mode: 0o600 });
    programs.push(startScheduler(directory, kubeconfig));
    const kubelet = await startKubelet({ directory, kubeconfig, socket: containerd.socket, controlPlane });
    programs.push(kubelet);
    await untilReady(new NetworkClient(administrator), kubelet);
    return {
      directory,
      get log() {
        return kubelet.log;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function untilReady(client: ClusterClient, kubelet: Program): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const watch = client.watch(NODES, ({ object }) => {
    if (conditionStatus(object, "Ready") === "True") resolve();
  });
  const late = setTimeout(() => reject(kubelet.failure("did not make its node Ready")), READY_MS);
  try {
    await promise;
  } finally {
    clearTimeout(late);
    watch.close();
  }
}

function startScheduler(directory: string, kubeconfig: string): Program {
  const flags = { kubeconfig, "leader-elect": "false", "secure-port": "0" };
  return new Program("kube-scheduler", flags, join(directory, "kube-scheduler.log"));
}

interface KubeletNeeds {
  readonly directory: string;
  readonly kubeconfig: string;
  /** containerd's. */
  readonly socket: string;
  readonly controlPlane: ControlPlane;
}

async function startKubelet({ directory, kubeconfig, socket, controlPlane }: KubeletNeeds): Promise<Program> {
  const config = join(directory, "kubelet.yaml");
  const { files } = controlPlane;
  await writeFile(
    config,
    stringify({
      apiVersion: "kubelet.config.k8s.io/v1beta1",
      kind: "KubeletConfiguration",
      authentication: { anonymous: { enabled: false }, webhook: { enabled: false }, x509: { clientCAFile: files.ca } },
      authorization: { mode: "AlwaysAllow" },
      tlsCertFile: files.servingCertificate,
      tlsPrivateKeyFile: files.servingKey,
      address: "127.0.0.1",
      port: await steadyPort(),
      healthzPort: 0,
      readOnlyPort: 0,
      containerRuntimeEndpoint: `unix://${socket}`,
      podLogsDir: join(directory, "logs"),
      volumePluginDir: join(directory, "plugins"),
      // A changed Secret is seen in its volumes when the pod is looked at again: here more often than every minute.
      syncFrequency: "10s",
      // The machine is not the node's alone, and may be one where not everything can be limited.
      cgroupDriver: "cgroupfs",
      failCgroupV1: false,
      failSwapOn: false,
      enforceNodeAllocatable: [],
      cgroupsPerQOS: false,
      makeIPTablesUtilChains: false,
      localStorageCapacityIsolation: false,
      resolvConf: "",
      evictionHard: { "imagefs.available": "1%", "nodefs.available": "1%", "nodefs.inodesFree": "0%" },
      imageGCHighThresholdPercent: 100,
      imageGCLowThresholdPercent: 99,
    }),
  );
  const flags = {
    config,
    kubeconfig,
    "hostname-override": NODE_NAME,
    "root-dir": join(directory, "kubelet"),
    "cert-dir": join(directory, "certificates"),
  };
  return new Program("kubelet", flags, join(directory, "kubelet.log"));
}
