/** `farrier sandbox`: a simulated Rancher estate on loopback, with everything that the other commands need to meet it. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { EXIT, type ExitCode, FarrierError } from "../errors.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { parseOutputFormat, printResult } from "./output.ts";
import { paint } from "./render/style.ts";
import { readText } from "./settings.ts";

/** What a started sandbox wrote, and where. */
interface SandboxFiles {
  readonly directory: string;
  readonly serverUrl: string;
  readonly controlUrl: string;
  readonly config: string;
  readonly target: { readonly cert: string; readonly key: string; readonly cacerts: string };
}

/** Starts the sandbox, writes its files, says so on stdout, and runs until SIGINT or SIGTERM. */
export async function runSandbox(
  _words: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const format = parseOutputFormat(String(options.output));
  const directory = resolve(String(options.out));
  const { startSandbox } = await import("../sandbox/sandbox.ts");
  const sandbox = await startSandbox(await scenarioOf(options));
  const stopped = nextStopSignal();
  try {
    const files = await writeFiles(sandbox, directory);
    await printResult(format, { type: "sandbox", ...files }, () => describe(sandbox, files));
    await stopped;
  } finally {
    await sandbox.stop();
  }
  return EXIT.done;
}

async function scenarioOf(options: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
  const { parse } = await import("yaml");
  const file: unknown = options.scenario === undefined ? {} : parse(readText(String(options.scenario)));
  if (typeof file !== "object" || file === null || Array.isArray(file)) {
    throw new FarrierError("input.invalid", `${String(options.scenario)} does not describe a scenario.`);
  }
  return {
    ...file,
    ...(options.clusters === undefined ? {} : { clusters: wholeNumber("--clusters", options.clusters) }),
    ...(options.speed === undefined ? {} : { speed: wholeNumber("--speed", options.speed) }),
  };
}

function wholeNumber(flag: string, value: unknown): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) {
    throw new FarrierError("input.invalid", `${flag} must be a whole number from 1, not "${String(value)}".`);
  }
  return number;
}

/** Everything that `farrier plan` needs: kubeconfig, token, settings, and a certificate of a new authority as the target. */
async function writeFiles(sandbox: Sandbox, directory: string): Promise<SandboxFiles> {
  mkdirSync(join(directory, "target"), { recursive: true });
  const authority = await sandbox.pki.newAuthority("Example Target");
  const { certificate, key } = await authority.issue();
  const secret = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    chmodSync(path, 0o600);
    return path;
  };
  const open = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  secret("kubeconfig", sandbox.managementKubeconfig);
  secret("kubeconfig-all", sandbox.kubeconfig);
  secret("token", `${sandbox.token}\n`);
  return {
    directory,
    serverUrl: sandbox.serverUrl,
    controlUrl: sandbox.controlUrl,
    config: open("farrier.yaml", "kubeconfig: kubeconfig\ntokenFile: token\narmingMinReadySeconds: 30\n"),
    target: {
      cert: open("target/tls.crt", certificate),
      key: secret("target/tls.key", key),
      cacerts: open("target/cacerts.pem", authority.bundle),
    },
  };
}

function describe(sandbox: Sandbox, files: SandboxFiles): string {
  const strong = (text: string): string => paint("strong", text);
  return `A simulated Rancher with ${sandbox.clusters.length} clusters is running at ${strong(files.serverUrl)}.
Its files are in ${files.directory}. In another terminal:

  cd ${files.directory}
  farrier observe
  farrier plan --cert target/tls.crt --key target/tls.key --cacerts target/cacerts.pem --out rotation/
  farrier apply rotation/
  kubectl --kubeconfig kubeconfig-all config get-contexts

${paint("quiet", "Ctrl-C stops it; nothing is kept.")}
`;
}

function nextStopSignal(): Promise<void> {
  return new Promise((resolveSignal) => {
    process.once("SIGINT", () => resolveSignal());
    process.once("SIGTERM", () => resolveSignal());
  });
}
