/** Whether the data of a Rancher in a single container could be copied, as somebody wants it. */
import { FarrierError } from "../errors.ts";
import type { WantedBackup } from "../plan/estate-backup.ts";
import { engineAddress } from "../remote/engine-address.ts";
import { withRancherContainer } from "./rancher-container.ts";

/** How `farrier.yaml` asks for it. */
export interface ContainerWish {
  readonly name: string;
  readonly engineSocket?: string;
  readonly sshConfig?: string;
  readonly hot?: boolean;
  readonly hostDirectoryCovered?: boolean;
}

/**
 * Nothing is stopped.
 * @param version of the Rancher that is planned for: another one's container is not its backup
 * @returns the reason where it could not be made
 */
export async function observeContainerPlace(wish: ContainerWish, version: string): Promise<WantedBackup | string> {
  const { name, sshConfig, hot = false, hostDirectoryCovered = false } = wish;
  try {
    const address = engineAddress(wish.engineSocket);
    const { container } = await withRancherContainer(
      { address, container: name, ...(sshConfig === undefined ? {} : { sshConfig }) },
      async (choice) => choice,
    );
    if (container.version !== version)
      return `container ${name} runs Rancher ${container.version}, and this is ${version}`;
    if (hostDirectoryCovered) {
      if (container.data.kind === "host-directory")
        return { kind: "covered", container: name, directory: container.data.path };
      return `the data of container ${name} are in the engine's volume, and not in a directory of the host`;
    }
    if (container.vanishes && !hot) return `container ${name} was started with --rm, and would be gone when it stops`;
    const { ssh, socket } = address;
    const node = ssh === undefined ? undefined : { ...ssh, ...(sshConfig === undefined ? {} : { config: sshConfig }) };
    return {
      kind: "container",
      container: { id: container.id, name: container.name, version },
      engine: { socket, ...(node === undefined ? {} : { ssh: node }) },
      hot,
    };
  } catch (error) {
    if (!(error instanceof FarrierError)) throw error;
    return error.message.replace(/\.$/, "");
  }
}
