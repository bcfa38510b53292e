/** Runs the product as people do: as a process of its own, from its entry point. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const MAIN = join(import.meta.dirname, "../../src/main.ts");

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
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("FARRIER_"));
  const env = { ...Object.fromEntries(inherited), NO_COLOR: "1", ...options.environment };
  return run(cwd, process.execPath, [...(options.nodeArgs ?? []), MAIN, ...args], env);
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
