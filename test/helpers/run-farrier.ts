/** Runs the product as people do: as a process of its own, from its entry point. */
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";

const MAIN = join(import.meta.dirname, "../../src/main.ts");

/** Where Node keeps the product's modules compiled, from one run to the next: it starts in half the time. */
const COMPILED = join(import.meta.dirname, "../../node_modules/.cache/farrier-tests");

/** The command line of `farrier <args>`. */
export function commandLine(...args: readonly string[]): readonly [string, ...string[]] {
  return [process.execPath, MAIN, ...args];
}

/** The caller's environment without their own settings for Farrier, and with what a test wants. */
export function environment(own: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("FARRIER_"));
  return { ...Object.fromEntries(inherited), NO_COLOR: "1", NODE_COMPILE_CACHE: COMPILED, ...own };
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `farrier <args>` in a directory, without the caller's own settings in the environment. */
export function runFarrier(
  cwd: string,
  args: readonly string[],
  options: { readonly environment?: Readonly<Record<string, string>>; readonly nodeArgs?: readonly string[] } = {},
): Ended {
  return run(cwd, process.execPath, [...(options.nodeArgs ?? []), MAIN, ...args], environment(options.environment));
}

/** Any other program, such as openssl. */
export function run(cwd: string, program: string, args: readonly string[], env?: NodeJS.ProcessEnv): Ended {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: "utf8",
    ...(env === undefined ? {} : { env }),
  });
  return { code: status, stdout, stderr };
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** A program that the command is run by: `bash -c '…; exec "$@"' bash`. */
  readonly through?: readonly string[];
}

/** The product ends by itself; one that hangs must not hold the tests up. */
const LONGEST_MS = 180_000;

/**
 * `farrier <args>` while the caller goes on, as it must when it is the estate that the command talks to. Two run at the
 * same time, others wait for their turn: more would only take the processor from each other.
 */
export async function farrierBeside(cwd: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const env = environment(options.environment);
  const [program = "", ...rest] = [...(options.through ?? []), ...commandLine(...args)];
  return await inTurn(
    () =>
      new Promise((resolve, reject) => {
        const child = spawn(program, rest, { cwd, env, stdio: ["ignore", "pipe", "pipe"], timeout: LONGEST_MS });
        const said = { stdout: "", stderr: "" };
        for (const stream of ["stdout", "stderr"] as const) {
          child[stream].setEncoding("utf8").on("data", (text: string) => {
            said[stream] += text;
          });
        }
        child.on("error", reject);
        child.on("close", (code) => resolve({ code, ...said }));
      }),
  );
}

const inTurn = limiter(2);

function limiter(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = most;
  return async (work) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free -= 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
