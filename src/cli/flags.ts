/** Groups of flags that several commands share. */
import type { Command } from "commander";

/** A group adds its flags to a command. */
export type FlagGroup = (command: Command) => void;

/** How Rancher and its management cluster are reached. */
export function connectionFlags(command: Command): void {
  command
    .option("--config <file>", "settings file (default: farrier.yaml, if there is one)")
    .option("--kubeconfig <file>", "kubeconfig of the management cluster")
    .option("--context <name>", "context in that kubeconfig")
    .option(
      "--management-container <name>",
      "instead of a kubeconfig: the single container that Rancher, and the management cluster, run in",
    )
    .option(
      "--engine-socket <path>",
      "socket of its Docker or Podman, or ssh://user@host[/path] (default: DOCKER_HOST)",
    )
    .option("--ssh-config <file>", "with ssh://: another configuration than your own")
    .option("--server <url>", "Rancher's URL (default: its setting server-url)")
    .option("--token-file <file>", "file with an API token of a Rancher administrator")
    .option(
      "--public-roots <file>",
      "public roots that agents' images hold, PEM (default: Mozilla's list, as Node brings it)",
    );
}

/** How values of Rancher's chart are changed, where a procedure needs that. */
export function helmFlags(command: Command): void {
  command
    .option("--helm <program>", "helm, version 3 or 4 (default: the one on the PATH)")
    .option(
      "--chart <chart>",
      "directory, .tgz file, URL or repository/name (default: the chart that the release stores)",
    );
}

/** The certificate and bundle that the estate is to change to. */
export function targetFlags(command: Command): void {
  command
    .option("--cert <file>", "target serving certificate with its intermediates, PEM")
    .option("--key <file>", "its private key, PEM")
    .option("--without-key", "TLS ends before the cluster, and the key is known there alone")
    .option("--cacerts <file>", "target trust bundle, PEM (default: the present one stays)")
    .option("--public", "the target ends at a public root: Rancher serves no bundle in the end, and agents have no pin")
    .option("--key-passphrase-file <file>", "passphrase of the key (or FARRIER_KEY_PASSPHRASE)");
}

/** For commands that change the estate. */
export function confirmationFlags(command: Command): void {
  command.option("--yes", "do not ask");
}

/** Which container is to be copied, filled or restarted. The engine is named by the connection's flags. */
export function containerFlags(command: Command): void {
  command.option("--container <name>", "name or id of the container that Rancher runs in, where it is a single one");
}
