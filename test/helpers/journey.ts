/**
 * A simulated estate with the files that a person has of a real one, and the product run on it as people do: as a
 * process of its own, which reaches the estate over the network.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import type { Authority } from "../../src/sandbox/scenario/authority.ts";
import type { ScenarioInput } from "../../src/sandbox/scenario/scenario.ts";
import { commandLine, type Ended, environment } from "./run-farrier.ts";

/** What the product is told of an estate. */
type JourneyEstate = Pick<Sandbox, "managementKubeconfig" | "token" | "pki" | "stop">;

export interface Journey<E extends JourneyEstate = Sandbox> {
  readonly sandbox: E;
  /** Temporary; `farrier.yaml`, `kubeconfig`, `token`, `tls.crt`, `tls.key`, `cacerts.pem`; commands run in it. */
  readonly folder: string;
  /** Who signed the target certificate. */
  readonly authority: Authority;
  readonly target: { readonly certificate: string; readonly key: string };
  /** Everything that commands have written to stdout and stderr so far. */
  readonly said: () => string;
  farrier(...args: readonly string[]): Promise<Ended>;
  /** Starts a command and does not wait for its end. */
  start(...args: readonly string[]): Started;
  /** `farrier plan` with the target's files; fails the test when there is no plan. */
  plan(directory: string, ...args: readonly string[]): Promise<Ended>;
  /** Writes `farrier.yaml` anew. */
  configure(settings: Readonly<Record<string, unknown>>): Promise<void>;
  stop(): Promise<void>;
}

/** A command that runs. */
export interface Started {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** The first line of stdout or stderr that fits, also one that was already written. @throws when it ends without one */
  line(fits: (line: string) => boolean): Promise<string>;
}

/** A few clusters, fast; `settings` go into `farrier.yaml`. */
export async function startJourney(
  scenario: ScenarioInput = {},
  settings: Readonly<Record<string, unknown>> = {},
): Promise<Journey> {
  return beginJourney(await startSandbox({ clusters: 2, speed: 200, ...scenario }), settings);
}

/** The same on an estate that runs already; the journey's end is its end. */
export async function beginJourney<E extends JourneyEstate>(
  sandbox: E,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<Journey<E>> {
  const folder = await mkdtemp(join(tmpdir(), "farrier-journey-"));
  const authority = await sandbox.pki.newAuthority("Tomorrow");
  const target = await authority.issue();
  const file = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text, { mode: 0o600 });
  const configure = (more: Readonly<Record<string, unknown>>): Promise<void> =>
    file("farrier.yaml", stringify({ kubeconfig: "kubeconfig", tokenFile: "token", ...more }));
  await Promise.all([
    configure(settings),
    file("kubeconfig", sandbox.managementKubeconfig),
    file("token", `${sandbox.token}\n`),
    file("tls.crt", target.certificate),
    file("tls.key", target.key),
    file("cacerts.pem", authority.bundle),
  ]);
  const outputs: string[] = [];
  const running = new Set<Started>();
  const start = (...args: readonly string[]): Started => {
    const started = startFarrier(folder, args, (text) => outputs.push(text));
    running.add(started);
    void started.ended.then(() => running.delete(started));
    return started;
  };
  const farrier = (...args: readonly string[]): Promise<Ended> => start(...args).ended;
  return {
    sandbox,
    folder,
    authority,
    target,
    said: () => outputs.join(""),
    farrier,
    start,
    plan: async (directory, ...args) => {
      const files = ["--cert", "tls.crt", "--key", "tls.key", "--cacerts", "cacerts.pem"];
      const planned = await farrier("plan", ...files, "--out", directory, ...args);
      if (planned.code !== 0) throw new Error(`no plan was made: ${planned.stdout}${planned.stderr}`);
      return planned;
    },
    configure,
    stop: async () => {
      for (const one of running) one.process.kill("SIGKILL");
      await Promise.all([...running].map(({ ended }) => ended));
      await sandbox.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function startFarrier(folder: string, args: readonly string[], tell: (text: string) => void): Started {
  const env = environment({ XDG_CONFIG_HOME: join(folder, "config") });
  const [program, ...rest] = commandLine(...args);
  const child = spawn(program, rest, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const texts = { stdout: "", stderr: "" };
  const waiting = new Set<() => void>();
  const listen = (name: "stdout" | "stderr"): void => {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
      tell(text);
      for (const look of waiting) look();
    });
  };
  listen("stdout");
  listen("stderr");
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, ...texts }));
  });
  const line = (fits: (text: string) => boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = `${texts.stdout}\n${texts.stderr}`.split("\n").find((text) => text !== "" && fits(text));
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      void ended.then((end) => {
        look();
        if (waiting.delete(look)) reject(new Error(`it ended without that line: ${end.stdout}${end.stderr}`));
      });
      look();
    });
  return { process: child, ended, line };
}

/** The value of JSON text; tests say what they expect of it. */
// biome-ignore lint/suspicious/noExplicitAny: what a script would do with the output; a wrong shape fails the test.
export function json(text: string): any {
  return JSON.parse(text);
}

/** What `-o json` printed line by line. */
// biome-ignore lint/suspicious/noExplicitAny: as above.
export function jsonLines(text: string): any[] {
  return text.trimEnd().split("\n").map(json);
}

/** Fits the journal entry that `apply -o json` prints: its type, and the step or stage if one is named. */
export function entry(type: string, of?: string): (line: string) => boolean {
  return (line) => {
    if (!line.startsWith("{")) return false;
    const { type: found, step, data } = json(line);
    return found === type && (of === undefined || step === of || data?.stage === of);
  };
}
