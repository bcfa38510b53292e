/** `farrier sandbox`: a simulated Rancher estate on loopback, with everything that the other commands need to meet it. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { EXIT, type ExitCode, FarrierError } from "../errors.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { saveSandboxMemory } from "./memory.ts";
import { parseOutputFormat, printResult } from "./output.ts";
import { paint } from "./render/style.ts";
import { readText } from "./settings.ts";
import { parseYaml } from "./yaml-file.ts";

/** What a started sandbox wrote, and where: the first line on stdout with `-o json`. */
interface Ready {
  readonly ready: true;
  readonly directory: string;
  readonly config: string;
  readonly server: string;
  readonly kubeconfig: string;
  /** Where the sandbox's own counters are, and faults can be injected. */
  readonly control: string;
}

/** Starts the sandbox, writes its files, says so on stdout, and runs until SIGINT or SIGTERM. */
export async function runSandbox(
  _words: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const format = parseOutputFormat(String(options.output));
  const directory = resolve(String(options.directory));
  saveSandboxMemory();
  const { startSandbox } = await import("../sandbox/sandbox.ts");
  const sandbox = await startSandbox(await scenarioOf(options));
  const stopped = nextStopSignal();
  try {
    await Promise.race([comesToRest(sandbox), stopped]);
    const ready = await writeFiles(sandbox, directory);
    // One line, because a script waits for it while the sandbox goes on.
    if (format === "json") process.stdout.write(`${JSON.stringify(ready)}\n`);
    else await printResult(format, ready, () => describe(sandbox, ready));
    await stopped;
  } finally {
    await sandbox.stop();
  }
  return EXIT.done;
}

/** Wall seconds: at speed 1 Rancher's readiness is looked at each half minute; a scenario may have it never come. */
const REST_SECONDS = 60;

/** Whoever is told that the estate is ready plans against it in the next moment. */
async function comesToRest(sandbox: Sandbox): Promise<void> {
  const { rancherRests } = await import("../sandbox/rancher/rancher-rests.ts");
  const rests = sandbox.waitUntil(() => rancherRests(sandbox.management), { seconds: REST_SECONDS });
  await rests.catch((error: unknown) => {
    if (!(error instanceof FarrierError)) throw error;
  });
}

async function scenarioOf(options: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
  const path = options.scenario === undefined ? undefined : String(options.scenario);
  const file = path === undefined ? {} : await parseYaml(readText(path), path);
  if (typeof file !== "object" || file === null || Array.isArray(file)) {
    throw new FarrierError("input.invalid", `${path} does not describe a scenario.`);
  }
  const { clusters, speed, seed, rancherVersion } = options;
  return {
    ...file,
    ...(clusters === undefined ? {} : { clusters: wholeNumber("--clusters", clusters) }),
    ...(speed === undefined ? {} : { speed: positive("--speed", speed) }),
    ...(seed === undefined ? {} : { seed: wholeNumber("--seed", seed) }),
    ...(rancherVersion === undefined ? {} : { rancher: { ...rancherOf(file), version: String(rancherVersion) } }),
  };
}

function rancherOf(scenario: object): object {
  const rancher = "rancher" in scenario ? scenario.rancher : {};
  return typeof rancher === "object" && rancher !== null ? rancher : {};
}

function positive(flag: string, value: unknown): number {
  const number = Number(value);
  if (!(number > 0) || !Number.isFinite(number)) {
    throw new FarrierError("input.invalid", `${flag} must be a number above 0, not "${String(value)}".`);
  }
  return number;
}

function wholeNumber(flag: string, value: unknown): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) {
    throw new FarrierError("input.invalid", `${flag} must be a whole number from 1, not "${String(value)}".`);
  }
  return number;
}

/**
 * What a person would have for a real estate: settings, kubeconfig and token; the authority that signed today's
 * certificate; and, so that there is something to change to, a certificate of a new one, and one of the public authority
 * whose root the agents' images hold.
 */
async function writeFiles(sandbox: Sandbox, directory: string): Promise<Ready> {
  const { today } = sandbox.pki;
  const { publicCa } = sandbox.pki;
  const tomorrow = await sandbox.pki.newAuthority("Example Target");
  const [{ certificate, key }, ofPublic] = await Promise.all([tomorrow.issue(), publicCa.issue()]);
  const files: readonly (readonly [name: string, content: string, secret: boolean])[] = [
    [
      "farrier.yaml",
      `server: ${sandbox.serverUrl}\nkubeconfig: kubeconfig\ncontext: management\ntokenFile: token\npublicRoots: public/roots.pem\n`,
      false,
    ],
    ["kubeconfig", sandbox.kubeconfig, true],
    ["token", `${sandbox.token}\n`, true],
    ["ca/root.crt", today.rootPem, false],
    ["ca/root.key", today.rootKeyPem, true],
    ["ca/intermediate.crt", today.intermediatePem, false],
    ["ca/intermediate.key", today.intermediateKeyPem, true],
    ["ca/cacerts.pem", today.bundle, false],
    ["target/tls.crt", certificate, false],
    ["target/tls.key", key, true],
    ["target/cacerts.pem", tomorrow.bundle, false],
    ["public/roots.pem", publicCa.rootPem, false],
    ["public/tls.crt", ofPublic.certificate, false],
    ["public/tls.key", ofPublic.key, true],
  ];
  for (const [name, content, secret] of files) writeAnew(join(directory, name), content, secret ? 0o600 : 0o644);
  return {
    ready: true,
    directory,
    config: join(directory, "farrier.yaml"),
    server: sandbox.serverUrl,
    kubeconfig: join(directory, "kubeconfig"),
    control: sandbox.controlUrl,
  };
}

/** @throws FarrierError `input.file-unwritable` */
function writeAnew(path: string, content: string, mode: number): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { force: true });
    writeFileSync(path, content, { mode });
  } catch (error) {
    throw new FarrierError("input.file-unwritable", `${path} cannot be written.`, { cause: error });
  }
}

function describe(sandbox: Sandbox, { server, directory }: Ready): string {
  const count = sandbox.clusters.length;
  return `A simulated Rancher with ${count} cluster${count === 1 ? "" : "s"} is running at ${paint("strong", server)}. Ctrl-C stops it; nothing is kept.
Its files are in ${directory}: go there in another terminal, then
farrier plan --cert target/tls.crt --key target/tls.key --cacerts target/cacerts.pem --out rotation && farrier apply rotation
`;
}

function nextStopSignal(): Promise<void> {
  return new Promise((resolveSignal) => {
    process.once("SIGINT", () => resolveSignal());
    process.once("SIGTERM", () => resolveSignal());
  });
}
