/** Every command: what it is called, what it says of itself, its flags, and where its code is. */
import type { Command } from "commander";
import type { ExitCode } from "../errors.ts";
import { caCreateFlags, caIssueFlags } from "./ca-flags.ts";
import { confirmationFlags, connectionFlags, containerFlags, type FlagGroup, helmFlags, targetFlags } from "./flags.ts";

/** A command's action gets its positional arguments and its options, unparsed, and answers with an exit code. */
export type Action = (words: readonly string[], options: Readonly<Record<string, unknown>>) => Promise<ExitCode>;

export interface CommandEntry {
  /** The command that this one is a part of: `ca` in `farrier ca create`. */
  readonly group?: string;
  /** Its name and positional arguments, as Commander reads them. */
  readonly usage: string;
  readonly says: string;
  readonly example: string;
  readonly flags: readonly FlagGroup[];
  /** Not shown in the list of commands. */
  readonly hidden?: boolean;
  readonly load: () => Promise<Action>;
}

/** What a group of commands says of itself. */
export const GROUPS: Readonly<Record<string, string>> = { ca: "make a private certificate authority and certificates" };

const TARGET_EXAMPLE = "--cert tls.crt --key tls.key --cacerts cacerts.pem";

export const COMMANDS: readonly CommandEntry[] = [
  {
    usage: "observe",
    says: "look at the estate: Rancher, its certificate and bundle, every cluster and what it trusts",
    example: "farrier observe --kubeconfig management.yaml --token-file token",
    flags: [connectionFlags],
    load: async () => (await import("./observe.ts")).runObserve,
  },
  {
    usage: "check",
    says: "find what would go wrong, all at once; with --offline judge certificate files alone",
    example: `farrier check --offline ${TARGET_EXAMPLE} --hostname rancher.example.com`,
    flags: [connectionFlags, targetFlags, helmFlags, checkFlags],
    load: async () => (await import("./check.ts")).runCheck,
  },
  {
    usage: "plan",
    says: "make a rotation's directory with its plan; nothing in the estate is changed",
    example: `farrier plan ${TARGET_EXAMPLE} --out rotation/`,
    flags: [connectionFlags, targetFlags, helmFlags, planFlags],
    load: async () => (await import("./plan.ts")).runPlan,
  },
  {
    usage: "apply <rotation>",
    says: "carry the plan out, or go on with it after an interruption",
    example: "farrier apply rotation/",
    flags: [connectionFlags, confirmationFlags, helmFlags, applyFlags],
    load: async () => (await import("./apply.ts")).runApply,
  },
  {
    usage: "status <rotation>",
    says: "say where a rotation stands and what holds it",
    example: "farrier status rotation/",
    flags: [connectionFlags],
    load: async () => (await import("./status.ts")).runStatus,
  },
  {
    usage: "pause <rotation>",
    says: "stop after the steps in hand; the estate may stay as it is for as long as you like",
    example: "farrier pause rotation/",
    flags: [connectionFlags, reasonFlag],
    load: async () => (await import("./pause.ts")).runPause,
  },
  {
    usage: "resume <rotation>",
    says: "let a paused or resting rotation go on, and apply it",
    example: "farrier resume rotation/",
    flags: [connectionFlags, confirmationFlags, helmFlags, applyFlags],
    load: async () => (await import("./resume.ts")).runResume,
  },
  {
    usage: "rollback <rotation>",
    says: "plan the way back from wherever the rotation stands, show it, and carry it out",
    example: "farrier rollback rotation/",
    flags: [connectionFlags, confirmationFlags, helmFlags, applyFlags],
    load: async () => (await import("./rollback.ts")).runRollback,
  },
  {
    usage: "refresh <cluster...>",
    says: "make clusters whose own CA or service-account key has changed known to Rancher again",
    example: "farrier refresh paris --cluster-kubeconfig paris.yaml",
    flags: [connectionFlags, confirmationFlags, refreshFlags, containerFlags, applyFlags],
    load: async () => (await import("./refresh.ts")).runRefresh,
  },
  {
    usage: "prove <rotation>",
    says: "show what every consumer trusts now, and by which evidence",
    example: "farrier prove rotation/",
    flags: [connectionFlags],
    load: async () => (await import("./prove.ts")).runProve,
  },
  {
    usage: "report <rotation>",
    says: "write the report as JSON, Markdown and HTML; with --verify check the journal instead",
    example: "farrier report --verify rotation/",
    flags: [connectionFlags, reportFlags],
    load: async () => (await import("./report.ts")).runReport,
  },
  {
    usage: "waive <rotation> <cluster>",
    says: "accept, by name and until a date, that a cluster is left behind",
    example: 'farrier waive rotation/ paris --by "On call" --reason "site is offline" --until 2027-01-31',
    flags: [connectionFlags, waiverFlags],
    load: async () => (await import("./waive.ts")).runWaive,
  },
  {
    usage: "adopt <rotation>",
    says: "rebuild a lost or truncated journal from the estate",
    example: "farrier adopt rotation/",
    flags: [connectionFlags, confirmationFlags],
    load: async () => (await import("./adopt.ts")).runAdopt,
  },
  {
    usage: "backup",
    says: "save, encrypted, every object that any procedure may change; with --container all data of a single container",
    example: "farrier backup --out backup/",
    flags: [connectionFlags, backupFlags, containerFlags, containerBackupFlags, confirmationFlags],
    load: async () => (await import("./backup.ts")).runBackup,
  },
  {
    usage: "restore <backup>",
    says: "show what has changed since a backup, or since a rotation began, and put it back",
    example: "farrier restore backup/ --diff",
    flags: [connectionFlags, confirmationFlags, restoreFlags, containerFlags],
    load: async () => (await import("./restore.ts")).runRestore,
  },
  {
    usage: "rescue-kit <cluster>",
    says: "write a folder with a script that somebody on site runs, for a cluster that cannot be reached from here",
    example: "farrier rescue-kit paris --rotation rotation/ --out paris-kit/",
    flags: [connectionFlags, rescueFlags],
    load: async () => (await import("./rescue-kit.ts")).runRescueKit,
  },
  {
    group: "ca",
    usage: "create",
    says: "make a root, and an intermediate if asked for",
    example: "farrier ca create --out ca/ --intermediate",
    flags: [caCreateFlags],
    load: async () => (await import("./ca-create.ts")).run,
  },
  {
    group: "ca",
    usage: "issue",
    says: "issue a serving certificate",
    example: "farrier ca issue --ca ca/ --out target/ --hostname rancher.example.com",
    flags: [caIssueFlags],
    load: async () => (await import("./ca-issue.ts")).run,
  },
  {
    usage: "sandbox",
    says: "run a simulated Rancher estate on this machine, to try everything on",
    example: "farrier sandbox --clusters 12",
    flags: [sandboxFlags],
    load: async () => (await import("./sandbox.ts")).runSandbox,
  },
  {
    usage: "completion <shell>",
    says: "print a script that completes commands, flags and directories in bash, zsh or fish",
    example: "source <(farrier completion bash)",
    flags: [],
    load: async () => {
      const { runCompletion } = await import("./completion.ts");
      return (words, options) => runCompletion(words, options, { commands: COMMANDS, groups: GROUPS });
    },
  },
  {
    usage: "demo",
    says: "watch a simulated estate change its CA",
    example: "farrier demo",
    flags: [],
    hidden: true,
    load: async () => (await import("./demo.ts")).runDemo,
  },
];

function checkFlags(command: Command): void {
  command
    .option("--offline", "judge the files alone, without any estate")
    .option("--hostname <name>", "with --offline: the name that agents connect to")
    .option("--at <time>", "with --offline: judge as of this time (default: now)");
}

function planFlags(command: Command): void {
  command
    .option("--out <directory>", "directory of the rotation; it must not exist yet", "rotation")
    .option("--replace", "plan the flag day: for an estate whose agents refuse the present certificate already")
    .option("--without-estate-backup", "go on where the backup that farrier.yaml asks for cannot be made")
    .option("--manual", "print what a person would run by hand for each step");
}

function refreshFlags(command: Command): void {
  command
    .option("--cluster-kubeconfig <file>", "kubeconfig of the clusters' own API servers, made after the change")
    .option(
      "--cluster-context <name>",
      "context in it; by default the one with the cluster's name or id, or the current",
    )
    .option("--out <directory>", "directory of the refresh; it must not hold one yet", "refresh")
    .option("--without-estate-backup", "go on where the backup that farrier.yaml asks for cannot be made")
    .option("--plan", "only make the directory with its plan: farrier apply carries it out");
}

function backupFlags(command: Command): void {
  command
    .option("--out <directory>", "directory of the backup; it must not hold one yet", "backup")
    .option(
      "--etcd-snapshot <file>",
      "verify and keep, encrypted, a snapshot that etcdctl, rke, rke2 or k3s has saved",
    );
}

function containerBackupFlags(command: Command): void {
  command
    .option("--hot", "with --container: copy while it runs; the copy may not be consistent")
    .option(
      "--host-directory-covered",
      "with --container: its data is a directory of the host that is backed up already",
    );
}

function restoreFlags(command: Command): void {
  command
    .option("--diff", "only show what differs")
    .option("--to <file>", "of a snapshot of etcd: the file that it is written to")
    .option("--cluster <cluster>", "only objects of this cluster (local: the management cluster)")
    .option("--overwrite-newer", "also put back objects that were changed since the backup was made");
}

function rescueFlags(command: Command): void {
  command
    .option("--rotation <directory>", "the rotation that is under way: the script then also arms the agent")
    .option("--out <directory>", "the folder; it must be empty or not exist (default: rescue-<cluster id>)");
}

function applyFlags(command: Command): void {
  command
    .option("--take-over", "take the lock from a holder that is gone")
    .option("--gate-wait <seconds>", "how long to wait at a gate before stopping");
}

function reasonFlag(command: Command): void {
  command.option("--reason <text>", "why", "asked for");
}

function reportFlags(command: Command): void {
  command.option("--verify", "check the journal's hash chain and its head in the estate");
}

function waiverFlags(command: Command): void {
  command
    .requiredOption("--by <who>", "who accepts it")
    .requiredOption("--reason <text>", "why")
    .requiredOption("--until <date>", "until when, as 2027-01-31");
}

function sandboxFlags(command: Command): void {
  command
    .option("--clusters <number>", "how many clusters")
    .option(
      "--directory <directory>",
      "where settings, kubeconfig, token and certificates are written",
      ".farrier/sandbox",
    )
    .option("--scenario <file>", "YAML that describes the estate and its faults")
    .option("--rancher-version <version>", "which Rancher it behaves like")
    .option("--speed <number>", "how many times faster than a real estate it runs; 1 keeps the real durations")
    .option("--seed <number>", "which of the random estates; the same seed gives the same one");
}
