/** The flags of `farrier ca`, apart from the commands so that `--help` need not load the certificate library. */
import type { Command } from "commander";
import { KEY_ALGORITHMS } from "../pki/issuing/keys.ts";

/** Flags of `farrier ca create`. */
export function caCreateFlags(command: Command): void {
  addIssuingFlags(command);
  command
    .option("--common-name <name>", "common name of the root (default: Farrier Root CA)")
    .option("--intermediate [name]", "also make an intermediate, which then issues the serving certificates");
}

/** Flags of `farrier ca issue`. */
export function caIssueFlags(command: Command): void {
  command.requiredOption("--ca <directory>", "directory that farrier ca create wrote");
  addIssuingFlags(command);
  command.requiredOption("--hostname <names...>", "DNS names and IP addresses that the certificate is for");
}

function addIssuingFlags(command: Command): void {
  command
    .requiredOption("--out <directory>", "directory to write into; it is created")
    .option("--algorithm <name>", `kind of key: ${KEY_ALGORITHMS.join(", ")} (default: ecdsa-p256)`)
    .option("--days <number>", "days until the certificate ends")
    .option("--organization <name>", "organization in the subject")
    .option("--force", "overwrite files that are already there");
}
