/**
 * The way to the management cluster of a Rancher in a single container. Such an install publishes ports 80 and 443 alone:
 * the API server of the cluster in it is reached through the container, with the administrator's kubeconfig that lies
 * there. That is a credential: it stays in memory.
 */
import type { Duplex } from "node:stream";
import { FarrierError } from "../errors.ts";
import type { KubeconfigChoice } from "../kubernetes/kubeconfig.ts";
import type { RancherContainerPlace } from "../plan/estate-backup.ts";
import { type RancherContainer, rancherContainerOf } from "../rancher/single-container.ts";
import { connectInContainer } from "../remote/container-bridge.ts";
import type { Engine } from "../remote/engine.ts";
import { type EnginePlace, type EngineWay, openEngine, sshTargetOf } from "../remote/engine-way.ts";

/**
 * Where the image links `/root/.kube/config` to (rancher/rancher `package/Dockerfile`), the latest first: a container that
 * was upgraded on the same data has those of before, too.
 *
 * | Rancher | embedded server | file |
 * |---|---|---|
 * | ≥ 2.3 | K3s as a process (rancher/norman `pkg/kwrapper/k8s/k3s_linux.go`) | `/etc/rancher/k3s/k3s.yaml` |
 * | 2.2 | K3s as a library (ibuildthecloud/k3s `pkg/wrapper/server`, v1.12.2-lite5) | `/var/lib/rancher/management-state/cred/kubeconfig.yaml` |
 * | ≤ 2.1 | RKE's plan, run in Rancher itself (`pkg/embedded`) | `/var/lib/rancher/kube_config_cluster.yml` |
 */
const KUBECONFIGS = [
  "/etc/rancher/k3s/k3s.yaml",
  "/var/lib/rancher/management-state/cred/kubeconfig.yaml",
  "/var/lib/rancher/kube_config_cluster.yml",
] as const;

export interface ManagementContainerPlace extends EnginePlace {
  /** Name or id. */
  readonly container: string;
}

export interface ManagementDoor {
  /** It is this one, by its id, for as long as the door is open. */
  readonly through: RancherContainerPlace;
  readonly kubeconfig: Required<Pick<KubeconfigChoice, "foreign">>;
  dial(to: { readonly host: string; readonly port: string }): Promise<Duplex>;
  /** Ends what carries connections, in the container too. */
  close(): Promise<void>;
}

/**
 * Nothing in the container is changed.
 * @throws FarrierError `engine.container-stopped`, `engine.no-kubeconfig`, `engine.*`, `ssh.*`
 */
export async function openManagementContainer(place: ManagementContainerPlace): Promise<ManagementDoor> {
  const way = new LastingWay(place, await openEngine(place));
  try {
    const { engine } = way;
    const container = rancherContainerOf(await engine.inspect(place.container));
    if (!container.running) throw stopped(container.name);
    const { id, name, version } = container;
    const foreign = await readKubeconfigIn(engine, container);
    const ssh = sshTargetOf(place);
    return {
      through: {
        container: { id, name, version },
        engine: { socket: place.address.socket, ...(ssh === undefined ? {} : { ssh }) },
      },
      kubeconfig: { foreign },
      dial: (to) => way.use((present) => dialIn(present, { id, name, ...to })),
      close: () => way.close(),
    };
  } catch (error) {
    await way.close();
    throw error;
  }
}

async function readKubeconfigIn(engine: Engine, { id, name }: RancherContainer) {
  for (const path of KUBECONFIGS) {
    const file = await engine.readFile(id, path);
    if (file !== undefined) return { content: file.toString("utf8"), label: `${path} of container ${name}` };
  }
  throw new FarrierError(
    "engine.no-kubeconfig",
    `Container ${name} has no kubeconfig of the cluster in it: looked for ${KUBECONFIGS.join(", ")}.`,
  );
}

/** Where there is no connection, what has become of the container is why. */
async function dialIn(engine: Engine, to: Parameters<typeof connectInContainer>[1]): Promise<Duplex> {
  try {
    return await connectInContainer(engine, to);
  } catch (error) {
    // Throws in place of that, where the engine does not answer or has it no more.
    const { State } = await engine.inspect(to.id);
    throw State.Running ? error : stopped(to.name);
  }
}

function stopped(name: string): FarrierError {
  return new FarrierError(
    "engine.container-stopped",
    `Container ${name}, which the management API is in, does not run.`,
  );
}

/** A way to an engine that is opened again where SSH has ended. */
class LastingWay {
  readonly #place: EnginePlace;
  #way: EngineWay;
  #opening: Promise<void> | undefined;
  #closed = false;

  constructor(place: EnginePlace, way: EngineWay) {
    this.#place = place;
    this.#way = way;
  }

  get engine(): Engine {
    return this.#way.engine;
  }

  async use<T>(work: (engine: Engine) => Promise<T>): Promise<T> {
    const way = this.#way;
    try {
      return await work(way.engine);
    } catch (error) {
      const isCut = error instanceof FarrierError && error.code === "engine.unreachable";
      if (!isCut || this.#place.address.ssh === undefined || this.#closed) throw error;
      if (this.#way === way) await this.#reopened();
      return await work(this.#way.engine);
    }
  }

  async #reopened(): Promise<void> {
    this.#opening ??= this.#reopen().finally(() => {
      this.#opening = undefined;
    });
    await this.#opening;
  }

  async #reopen(): Promise<void> {
    const before = this.#way;
    this.#way = await openEngine(this.#place);
    await before.close();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#way.close();
  }
}
