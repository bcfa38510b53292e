/** What happens where nobody takes the output any more: `| head` has had enough, the terminal is closed, the disk is full. */

/** `EPIPE`: the reader of a pipe has ended. `EIO`: a terminal is gone. `ECONNRESET`: the same of a socket. */
const READER_GONE: ReadonlySet<string | undefined> = new Set(["EPIPE", "EIO", "ECONNRESET"]);

/**
 * Lets the process go on without its readers, as Node by itself does not: a rotation in hand is finished and recorded
 * whoever watches. Output that cannot be written for another reason (a full disk) is said once, and the process ends
 * as failed: a script must not take a file that was cut off for the result.
 */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (READER_GONE.has(error.code)) return;
      if (!told) process.stderr.write(`error  The output cannot be written: ${error.code ?? error.name}.\n`);
      told = true;
      process.once("exit", () => {
        process.exitCode = FAILED;
      });
    });
  }
}

let told = false;

/** `EXIT.failed`; the catalogue of errors is not loaded for this. */
const FAILED = 1;
