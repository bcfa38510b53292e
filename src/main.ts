/** argv → command → exit code. Everything heavy is imported only when a command needs it. */
import { outliveReaders } from "./cli/lost-readers.ts";

/** Runs one command line and sets the exit code; never throws. */
export async function main(argv: readonly string[]): Promise<void> {
  outliveReaders();
  if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
    const { version } = await import("./version.ts");
    process.stdout.write(`${version()}\n`);
    return;
  }
  const { run } = await import("./cli/run.ts");
  process.exitCode = await run(argv);
}

if (import.meta.main) await main(process.argv.slice(2));
