/**
 * Settings come from flags, then the environment, then `farrier.yaml`. One schema describes the file; it is published
 * as `schema/farrier.schema.json`.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import { z } from "zod";
import { clausesOf, whatItMustBe } from "../errors/value-errors.ts";
import { FarrierError } from "../errors.ts";
import { backupRelativeTo, estateBackupSchema } from "./estate-backup-settings.ts";
import { type ManagementContainer, managementContainerSchema, managementWay } from "./management-way.ts";
import { sshSchema } from "./ssh-settings.ts";
import { parseYaml } from "./yaml-file.ts";

export const settingsSchema = z.strictObject({
  kubeconfig: z.string().optional().describe("Kubeconfig of the management cluster. It must not lead through Rancher."),
  context: z.string().optional().describe("Context in that kubeconfig; its current context when absent."),
  managementContainer: managementContainerSchema
    .optional()
    .describe(
      "Instead of a kubeconfig: the single container that Rancher runs in. The management cluster's API, which such an install does not publish, is reached through it.",
    ),
  server: z.url().optional().describe("Rancher's URL; the setting server-url when absent."),
  tokenFile: z.string().optional().describe("File with an API token of a Rancher administrator."),
  publicRoots: z
    .string()
    .optional()
    .describe(
      "File with the public roots that the agents' images hold, PEM. Default: Mozilla's list, as Node brings it.",
    ),
  helm: z.string().optional().describe("The helm program, version 3 or 4. Default: helm on the PATH."),
  chart: z
    .string()
    .optional()
    .describe(
      "Rancher's chart for an upgrade of its values: a directory, a .tgz file, a URL, or repository/name. Default: the chart that the Helm release stores.",
    ),
  identityFile: z.string().optional().describe("age identity that can open the rotation's backups."),
  recipients: z.array(z.string()).optional().describe("age recipients that the rotation's backups are sealed for."),
  armingMinReadySeconds: z
    .int()
    .min(5)
    .max(600)
    .optional()
    .describe("Seconds for which a newly started agent does not count as available. Default 30."),
  horizonDays: z
    .int()
    .min(1)
    .optional()
    .describe("How long the target must stay valid after the rotation. Default 30."),
  waves: z
    .strictObject({
      canary: z.array(z.string()).optional().describe("Clusters that go first, by id or name. Default: one, chosen."),
      size: z.int().min(1).optional().describe("Clusters in a wave. Default 50."),
      concurrency: z.int().min(1).optional().describe("Clusters of a wave at the same time. Default 50."),
      failureBudget: z
        .int()
        .min(0)
        .optional()
        .describe("Clusters of a wave that may fail. Default: a tenth of the wave, at least 1; none of the canary."),
      soakSeconds: z.number().min(0).optional().describe("Rest after each wave. Default 0."),
    })
    .optional(),
  rest: z
    .union([z.literal("until-resumed"), z.number().min(0)], { error: "a number of seconds from 0, or until-resumed" })
    .optional()
    .describe("Between switch and narrow: seconds, or until somebody resumes. Default 0."),
  gateWaitSeconds: z
    .number()
    .min(0)
    .optional()
    .describe("How long apply waits at a gate before it stops. Default 120."),
  estateBackup: estateBackupSchema
    .optional()
    .describe("The estate's own backup, made before a rotation or a refresh touches anything. Default: none."),
  authorizedEndpoints: z
    .boolean()
    .optional()
    .describe(
      "Whether plan has Rancher make a kubeconfig for each cluster with an authorized endpoint, to stand in for its tunnel. Default: true.",
    ),
  clusters: z
    .record(
      z.string(),
      z.strictObject({
        method: z.enum(["patch", "redeploy"]).optional().describe("How its agent's pin is set."),
        kubeconfig: z
          .string()
          .optional()
          .describe(
            "Kubeconfig of its own API server, for when Rancher's tunnel to it does not do. Not one through Rancher.",
          ),
        context: z.string().optional().describe("Context in that kubeconfig; its current context when absent."),
        ssh: sshSchema
          .optional()
          .describe(
            "A control-plane node, for when neither the tunnel nor the kubeconfig does: its API is asked through it.",
          ),
        acceptUnarmed: z
          .boolean()
          .optional()
          .describe(
            "With method redeploy: accept that its agent is cut off if it restarts before its turn; on the way to a public certificate, that it never shows beforehand that it accepts it, too.",
          ),
      }),
    )
    .optional()
    .describe("Per cluster, by id or name."),
});
export type Settings = z.infer<typeof settingsSchema>;

/** Flags that say the same as the file; a flag wins. */
export interface ConnectionFlags {
  readonly config?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly managementContainer?: ManagementContainer;
  readonly server?: string;
  readonly tokenFile?: string;
  readonly publicRoots?: string;
  readonly helm?: string;
  readonly chart?: string;
}

const DEFAULT_FILE = "farrier.yaml";

/**
 * Reads `farrier.yaml` (the one named, or the one in the current directory if there is one) and lays environment and
 * flags over it. Paths in the file are relative to the file.
 * @throws FarrierError `input.file-missing`, `input.file-unreadable`, `input.invalid`
 */
export async function loadSettings(
  flags: ConnectionFlags,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Settings> {
  const path = flags.config ?? environment.FARRIER_CONFIG ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
  const file = path === undefined ? {} : await readSettingsFile(path);
  refuseCredentials(flags.chart ?? environment.FARRIER_CHART ?? file.chart);
  const { kubeconfig: _, context: __, managementContainer: ___, ...others } = file;
  return {
    ...others,
    ...defined(managementWay({ flags, environment, file })),
    ...defined({
      server: flags.server ?? environment.FARRIER_SERVER,
      tokenFile: flags.tokenFile ?? environment.FARRIER_TOKEN_FILE,
      publicRoots: flags.publicRoots ?? environment.FARRIER_PUBLIC_ROOTS,
      helm: flags.helm ?? environment.FARRIER_HELM,
      chart: flags.chart ?? environment.FARRIER_CHART,
      identityFile: environment.FARRIER_IDENTITY,
    }),
  };
}

/** Arguments of programs can be read by other users of the machine, and the chart's name is repeated in sentences. */
function refuseCredentials(chart: string | undefined): void {
  if (chart === undefined || !/^\w+:\/\/[^/]*@/.test(chart)) return;
  throw new FarrierError("input.invalid", "The chart's URL holds credentials.", {
    hint: "Give them to helm (helm repo add, helm registry login), and name the chart without them.",
  });
}

async function readSettingsFile(path: string): Promise<Settings> {
  const parsed = (await parseYaml(readText(path), path)) ?? {};
  const result = settingsSchema.safeParse(parsed, { error: whatItMustBe });
  if (!result.success) {
    throw new FarrierError("input.invalid", `${path} is not valid: ${clausesOf(result.error, "the file")}.`, {
      hint: "schema/farrier.schema.json in the package describes every setting.",
    });
  }
  return relativeTo(dirname(resolve(path)), result.data);
}

function relativeTo(directory: string, settings: Settings): Settings {
  const at = (path: string | undefined): string | undefined =>
    path === undefined || isAbsolute(path) ? path : resolve(directory, path);
  return {
    ...settings,
    ...defined({
      kubeconfig: at(settings.kubeconfig),
      tokenFile: at(settings.tokenFile),
      identityFile: at(settings.identityFile),
      publicRoots: at(settings.publicRoots),
      clusters:
        settings.clusters &&
        mapped(settings.clusters, (one) => ({
          ...one,
          ...defined({
            kubeconfig: at(one.kubeconfig),
            ssh: one.ssh && { ...one.ssh, ...defined({ key: at(one.ssh.key), config: at(one.ssh.config) }) },
          }),
        })),
      managementContainer: settings.managementContainer && {
        ...settings.managementContainer,
        ...defined({ sshConfig: at(settings.managementContainer.sshConfig) }),
      },
      estateBackup: settings.estateBackup && backupRelativeTo(directory, settings.estateBackup),
      // `helm` alone is looked for on the PATH, and `repository/name` is no path at all.
      ...(settings.helm?.includes("/") === true ? { helm: at(settings.helm) } : {}),
      ...(settings.chart !== undefined && /^(?!\w+:\/\/)(\.{1,2}\/|.*\.tgz$)/.test(settings.chart)
        ? { chart: at(settings.chart) }
        : {}),
    }),
  };
}

function mapped<V>(values: Readonly<Record<string, V>>, change: (value: V) => V): Record<string, V> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}

export function defined<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  // Removing the undefined members is exactly what the return type says.
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

/** Settings, tokens and PEM files are a few kilobytes; a bundle of every public root is under 300. */
const LARGEST_FILE = 1024 * 1024;

/**
 * The text of a small file that a person named.
 * @throws FarrierError `input.file-missing`, `input.file-unreadable`, `input.file-empty`, `input.file-too-large`
 */
export function readText(path: string): string {
  return readBytes(path).toString("utf8");
}

/**
 * The bytes of a small file that a person named; see {@link readText}. Pipes are read as well, but never further than
 * a file may be large: what they say of their size means nothing.
 */
export function readBytes(path: string): Buffer {
  const file = open(path);
  try {
    if (fstatSync(file).isDirectory()) {
      throw new FarrierError("input.file-unreadable", `${path} is a directory, not a file.`);
    }
    return readAtMost(file, path);
  } finally {
    closeSync(file);
  }
}

function open(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (existsSync(path)) throw new FarrierError("input.file-unreadable", `${path} cannot be read.`, { cause: error });
    throw new FarrierError("input.file-missing", `${path} does not exist.`, { cause: error });
  }
}

function readAtMost(file: number, path: string): Buffer {
  const buffer = Buffer.alloc(LARGEST_FILE + 1);
  let length = 0;
  try {
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = readSync(file, buffer, length, buffer.length - length, null);
    }
  } catch (error) {
    throw new FarrierError("input.file-unreadable", `${path} cannot be read.`, { cause: error });
  }
  if (length === 0) throw new FarrierError("input.file-empty", `${path} is empty.`);
  if (length > LARGEST_FILE) {
    throw new FarrierError("input.file-too-large", `${path} is larger than ${LARGEST_FILE} bytes.`);
  }
  return Buffer.from(buffer.subarray(0, length));
}
