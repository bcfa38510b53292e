/** Whether a Rancher in a single container could be copied, or restarted, as somebody wants it. */
import { FarrierError } from "../errors.ts";
import type { RancherContainerPlace, WantedBackup } from "../plan/estate-backup.ts";
import type { RancherContainer } from "../rancher/single-container.ts";
import { engineAddress } from "../remote/engine-address.ts";
import { sshTargetOf } from "../remote/engine-way.ts";
import { withRancherContainer } from "./rancher-container.ts";

/** How `farrier.yaml` asks for it. */
export interface ContainerWish {
  readonly name: string;
  readonly engineSocket?: string;
  readonly sshConfig?: string;
  readonly hot?: boolean;
  readonly hostDirectoryCovered?: boolean;
}

/** What is known of the Rancher whose container it has to be. */
export interface KnownRancher {
  readonly version: string;
  /** The container that the management API is in, where it was reached through that. */
  readonly through?: RancherContainerPlace | undefined;
}

/** What is to be stopped for a while, or the reason why it cannot be. */
type Looked = { readonly container: RancherContainer; readonly engine: RancherContainerPlace["engine"] } | string;

/**
 * Nothing is stopped.
 * @param known of the Rancher that is planned for: another one's container is not its backup
 * @returns the reason where it could not be made
 */
export async function observeContainerPlace(wish: ContainerWish, known: KnownRancher): Promise<WantedBackup | string> {
  const { name, hot = false, hostDirectoryCovered = false } = wish;
  const looked = await look(wish, known);
  if (typeof looked === "string") return looked;
  const { container, engine } = looked;
  if (hostDirectoryCovered) {
    if (container.data.kind === "host-directory")
      return { kind: "covered", container: name, directory: container.data.path };
    return `the data of container ${name} are in the engine's volume, and not in a directory of the host`;
  }
  if (container.vanishes && !hot) return vanishing(name);
  return {
    kind: "container",
    container: { id: container.id, name: container.name, version: container.version },
    engine,
    hot,
  };
}

/** The same for one that is to be restarted. */
export async function observeRestartPlace(
  wish: Pick<ContainerWish, "name" | "engineSocket" | "sshConfig">,
  known: KnownRancher,
): Promise<RancherContainerPlace | string> {
  const looked = await look(wish, known);
  if (typeof looked === "string") return looked;
  const { container, engine } = looked;
  if (container.vanishes) return vanishing(wish.name);
  if (!container.running) return `container ${wish.name} does not run, and so it is not what answers for Rancher`;
  return { container: { id: container.id, name: container.name, version: container.version }, engine };
}

const vanishing = (name: string): string => `container ${name} was started with --rm, and would be gone when it stops`;

async function look(
  { name, engineSocket, sshConfig }: ContainerWish,
  { version, through }: KnownRancher,
): Promise<Looked> {
  try {
    const address = engineAddress(engineSocket);
    const { container } = await withRancherContainer(
      { address, container: name, ...(sshConfig === undefined ? {} : { sshConfig }) },
      async (choice) => choice,
    );
    if (container.version !== version)
      return `container ${name} runs Rancher ${container.version}, and this is ${version}`;
    if (through !== undefined && container.id !== through.container.id)
      return `container ${name} is not ${through.container.name}, which the management API is reached through`;
    const node = sshTargetOf({ address, ...(sshConfig === undefined ? {} : { sshConfig }) });
    return { container, engine: { socket: address.socket, ...(node === undefined ? {} : { ssh: node }) } };
  } catch (error) {
    if (!(error instanceof FarrierError)) throw error;
    return error.message.replace(/\.$/, "");
  }
}
