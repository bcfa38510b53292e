/** From flags, environment and settings to an open estate, and its doors closed again whatever happens. */
import { FarrierError } from "../errors.ts";
import type { World } from "../observe/world.ts";
import { giveWays } from "./cluster-ways.ts";
import { containerOfFlags, managementOptions, refuseEngineAlone } from "./management-way.ts";
import { type ConnectionFlags, loadSettings, readBytes, readText, type Settings } from "./settings.ts";

/**
 * Opens the estate that the flags and settings name, runs `use`, and closes it.
 * @param needs whether it may be a Rancher in a single container, which has no Deployment; not by default
 */
export async function withWorld<Result>(
  options: Readonly<Record<string, unknown>>,
  use: (world: World, settings: Settings) => Promise<Result>,
  needs: { readonly mayBeContainer?: boolean } = {},
): Promise<Result> {
  refuseEngineAlone(options);
  const settings = await loadSettings(connectionFlags(options));
  const token = await readToken(settings);
  const { openWorld } = await import("../observe/world.ts");
  const world = await openWorld({
    ...(await managementOptions(settings)),
    ...(settings.server === undefined ? {} : { server: settings.server }),
    token,
    ...needs,
    ...(settings.publicRoots === undefined ? {} : { publicRoots: await readRoots(settings.publicRoots) }),
    helm: {
      ...(settings.helm === undefined ? {} : { program: settings.helm }),
      ...(settings.chart === undefined ? {} : { chart: settings.chart }),
    },
  });
  try {
    await giveWays(world, settings);
    return await use(world, settings);
  } finally {
    await world.close();
  }
}

/** @throws FarrierError `input.*` where the file holds no certificate */
async function readRoots(path: string): Promise<string> {
  const { readCertificates } = await import("../pki/reading/read-certificates.ts");
  const bytes = readBytes(path);
  readCertificates(bytes, path);
  return bytes.toString("utf8");
}

const FLAGS = ["config", "kubeconfig", "context", "server", "tokenFile", "publicRoots", "helm", "chart"];

/** The connection flags of a command, as Commander parsed them. */
export function connectionFlags(options: Readonly<Record<string, unknown>>): ConnectionFlags {
  const flag = (name: string): string | undefined => {
    const value = options[name];
    return typeof value === "string" ? value : undefined;
  };
  const entries = FLAGS.map((name) => [name, flag(name)] as const);
  const managementContainer = containerOfFlags(options);
  return {
    ...Object.fromEntries(entries.filter(([, value]) => value !== undefined)),
    ...(managementContainer === undefined ? {} : { managementContainer }),
  };
}

/** The API token, from its file or from the environment; never from the command line, where everybody could read it. */
async function readToken(settings: Settings): Promise<import("../pki/secret.ts").Secret> {
  const { Secret } = await import("../pki/secret.ts");
  const text = settings.tokenFile === undefined ? process.env.FARRIER_TOKEN : readText(settings.tokenFile);
  const token = text?.trim() ?? "";
  if (token === "") {
    throw new FarrierError("input.invalid", "No API token of Rancher was given.", {
      hint: "Make one in Rancher (account and API keys), put it into a file, and name that with --token-file.",
    });
  }
  if (!/^[\x21-\x7e]+$/.test(token)) {
    const place = settings.tokenFile ?? "The environment variable FARRIER_TOKEN";
    throw new FarrierError(
      "input.invalid",
      `${place} does not hold an API token: it has white space or other characters in it.`,
      {
        hint: "Write the token alone into it, on one line: token-xxxxx:…",
      },
    );
  }
  return Secret.of(token);
}
