/**
 * `npm start`: an estate of a dozen clusters changes its CA while you watch. The estate is a sandbox in a process of
 * its own; what runs against it are the same commands that an operator runs.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { EXIT, type ExitCode, FarrierError } from "../errors.ts";
import { paint } from "./render/style.ts";

const readySchema = z.object({ control: z.string() });
type Ready = z.infer<typeof readySchema>;

const statisticsSchema = z.object({
  refused: z.number(),
  clusters: z.record(z.string(), z.object({ longestOutageMs: z.number(), agentStarts: z.number() })),
});

/** Runs the demonstration in a temporary directory and removes it afterwards. */
export async function runDemo(): Promise<ExitCode> {
  const directory = mkdtempSync(join(tmpdir(), "farrier-demo-"));
  const sandbox = startSandboxProcess(directory);
  try {
    process.stderr.write("A simulated Rancher estate is starting: twelve clusters, real TLS, all on this machine.\n");
    const ready = await sandbox.ready;
    const finished = await rotate(directory);
    await summarise(ready, finished);
    return finished ? EXIT.done : EXIT.failed;
  } finally {
    await sandbox.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

const TARGET = ["--cert", "target/tls.crt", "--key", "target/tls.key", "--cacerts", "target/cacerts.pem"] as const;

/** Runs the commands that an operator would type; true when each of them succeeded. */
async function rotate(directory: string): Promise<boolean> {
  for (const command of [
    ["observe"],
    ["plan", ...TARGET, "--out", "rotation"],
    ["apply", "rotation", "--yes"],
    ["prove", "rotation"],
  ]) {
    process.stdout.write(`\n${paint("accent", "$")} ${paint("strong", `farrier ${command.join(" ")}`)}\n`);
    const child = spawn(process.execPath, [MAIN, ...command], {
      cwd: directory,
      stdio: ["ignore", "inherit", "inherit"],
    });
    const [code] = await once(child, "exit");
    if (code !== EXIT.done) return false;
  }
  return true;
}

/** The entry point that this process was started from, compiled or not. */
const MAIN = fileURLToPath(import.meta.url).replace(/cli\/demo\.(ts|js)$/, "main.$1");

/** What a person types: the installed command, or the script of a clone. */
const COMMAND = MAIN.endsWith(".ts") ? "npm run farrier --" : "farrier";

async function summarise(ready: Ready, finished: boolean): Promise<void> {
  const response = await fetch(`${ready.control}/statistics`);
  const statistics = statisticsSchema.parse(await response.json());
  const outages = Object.values(statistics.clusters).map((cluster) => cluster.longestOutageMs);
  const refused = statistics.refused === 0 ? "never" : `${statistics.refused} times`;
  process.stdout.write(`
What the sandbox itself counted:
  an agent met a certificate that it refused   ${paint(statistics.refused === 0 ? "good" : "bad", refused)}
  longest time that a cluster was away         ${(Math.max(0, ...outages) / 1000).toFixed(1)} s of the estate's time, Rancher's own restarts included

${finished ? "The CA has changed, and nobody was cut off." : "The rotation did not finish."}
To try the commands yourself:  ${COMMAND} sandbox
On your own estate:            ${COMMAND} plan --help
`);
}

/** The sandbox runs beside us, so that it is reached over the network and has a processor of its own. */
function startSandboxProcess(directory: string): { readonly ready: Promise<Ready>; stop(): Promise<void> } {
  const child = spawn(process.execPath, [MAIN, "sandbox", "--directory", directory, "--output", "json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const ready = new Promise<Ready>((resolve, reject) => {
    const lines = createInterface({ input: child.stdout });
    lines.once("line", (line) => resolve(readySchema.parse(JSON.parse(line))));
    child.once("exit", () => {
      reject(new FarrierError("internal.unexpected", "The sandbox ended before it was ready."));
    });
  });
  return {
    ready,
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
    },
  };
}
