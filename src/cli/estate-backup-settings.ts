/** What is to make the estate's own backup: a part of `farrier.yaml`. */
import { resolve } from "node:path";
import { z } from "zod";
import { sshSchema } from "./ssh-settings.ts";

const server = (what: string) =>
  sshSchema.omit({ kubeconfig: true }).extend({
    program: z.string().optional().describe(`Path of ${what} on the server. Default: looked for.`),
    directory: z.string().optional().describe("Where the server keeps snapshots, where that was changed."),
  });

const BY = ["operator", "container", "rke", "rke2", "k3s", "clusterObject"] as const;

export const estateBackupSchema = z
  .strictObject({
    operator: z
      .strictObject({
        resourceSet: z.string().optional().describe("ResourceSet. Default: the chart's own one with Secrets in it."),
        encryptionConfigSecret: z
          .string()
          .optional()
          .describe("Secret in cattle-resources-system with the encryption configuration."),
      })
      .optional()
      .describe("By Rancher's backup operator."),
    container: z
      .strictObject({
        name: z.string().describe("The container that Rancher runs in."),
        engineSocket: z.string().optional().describe("As --engine-socket: a path, or ssh://user@host/path."),
        sshConfig: z.string().optional().describe("SSH configuration file; the user's own when absent."),
        hot: z.boolean().optional().describe("Copy while it runs: such a copy may not be consistent. Default false."),
        hostDirectoryCovered: z
          .boolean()
          .optional()
          .describe("Its data are a directory of the host that another backup has already: nothing is copied."),
      })
      .optional()
      .describe("Rancher runs in a single container: all its data are copied, while it stands still."),
    rke: z
      .strictObject({
        clusterFile: z.string().describe("RKE's cluster file (cluster.yml), on this machine."),
        program: z.string().optional().describe("The rke program. Default: rke on the PATH."),
        directory: z.string().optional().describe("Where nodes keep snapshots. Default /opt/rke/etcd-snapshots."),
        become: z.boolean().optional().describe("Read the snapshots as root, with sudo -n."),
        config: z.string().optional().describe("SSH configuration file; the user's own when absent."),
      })
      .optional()
      .describe("Rancher's cluster was made by RKE: a snapshot of its etcd, verified on every node with etcd."),
    rke2: server("rke2").optional().describe("Rancher's cluster is RKE2: a server on which a snapshot is saved."),
    k3s: server("k3s").optional().describe("Rancher's cluster is K3s with etcd: a server on which one is saved."),
    clusterObject: z
      .strictObject({
        cluster: z.string().describe("What Rancher's cluster is called in the Rancher that provisioned it."),
        namespace: z.string().optional().describe("Namespace of its cluster object there. Default: fleet-default."),
        kubeconfig: z.string().describe("Kubeconfig of that other Rancher's own management cluster."),
        context: z.string().optional().describe("Context in that kubeconfig; its current context when absent."),
      })
      .optional()
      .describe(
        "Rancher's cluster is RKE2 or K3s and was provisioned by another Rancher: that one has a snapshot of etcd saved.",
      ),
  })
  .refine(
    (one) => BY.filter((by) => one[by] !== undefined).length === 1,
    `must be made by exactly one of ${BY.join(", ")}`,
  );
export type EstateBackupSettings = z.infer<typeof estateBackupSchema>;

/** Paths on this machine are relative to the file; a program without a slash is looked for on the PATH. */
export function backupRelativeTo(directory: string, settings: EstateBackupSettings): EstateBackupSettings {
  const { container, rke, rke2, k3s, clusterObject } = settings;
  const at = (path: string): string => resolve(directory, path);
  const atNode = <N extends { key?: string | undefined; config?: string | undefined }>(node: N): N => ({
    ...node,
    ...(node.key === undefined ? {} : { key: at(node.key) }),
    ...(node.config === undefined ? {} : { config: at(node.config) }),
  });
  return {
    ...settings,
    ...(container?.sshConfig === undefined ? {} : { container: { ...container, sshConfig: at(container.sshConfig) } }),
    ...(rke === undefined
      ? {}
      : {
          rke: {
            ...atNode(rke),
            clusterFile: at(rke.clusterFile),
            ...(rke.program?.includes("/") === true ? { program: at(rke.program) } : {}),
          },
        }),
    ...(rke2 === undefined ? {} : { rke2: atNode(rke2) }),
    ...(k3s === undefined ? {} : { k3s: atNode(k3s) }),
    ...(clusterObject === undefined
      ? {}
      : { clusterObject: { ...clusterObject, kubeconfig: at(clusterObject.kubeconfig) } }),
  };
}
