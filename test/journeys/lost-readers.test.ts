import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { startCommandLab } from "../helpers/command-lab.ts";
import { commandLine, type Ended, environment, run } from "../helpers/run-farrier.ts";

describe("a reader that has had enough does not bring a command down", () => {
  const rows: readonly (readonly [line: string, code: number])[] = [
    ["--version", 0],
    ["--help", 0],
    ["completion bash", 0],
    ["check --offline --cert missing.pem -o json", 2],
  ];
  it.each(rows)("farrier %s", async (line, code) => {
    const ended = await withoutReader(line.split(" "));
    expect(ended.code).toBe(code);
    expect(ended.stderr).not.toContain("EPIPE");
    expect(ended.stderr).not.toContain("    at ");
  });

  it("apply: the rotation is carried out to its end", async () => {
    const lab = await startCommandLab({ clusters: 1 });
    try {
      await lab.plan("rotation");
      const through = ["bash", "-c", 'set -o pipefail; "$@" | head -n 1', "bash"];
      const ended = await lab.farrier(["apply", "rotation", "--yes", "-o", "json"], { through });
      expect(ended).toMatchObject({ code: 0, stderr: "" });
      expect(JSON.parse(ended.stdout)).toMatchObject({ seq: 1 });
      expect((await lab.farrier(["apply", "rotation", "--yes"])).stdout).toBe(
        "Already finished. Nothing was written.\n",
      );
    } finally {
      await lab.stop();
    }
  });
});

it("a full disk is said in one sentence, and the command has failed", () => {
  const full = (...args: readonly string[]): Ended =>
    run(tmpdir(), "bash", ["-c", '"$@" > /dev/full', "bash", ...commandLine(...args)], environment());
  for (const args of [["--help"], ["--version"], ["completion", "bash"]]) {
    expect(full(...args)).toMatchObject({ code: 1, stderr: "error  The output cannot be written: ENOSPC.\n" });
  }
});

/** Runs `farrier <args>` into a pipe that nobody reads from any more. */
async function withoutReader(args: readonly string[]): Promise<Pick<Ended, "code" | "stderr">> {
  const [program, ...rest] = commandLine(...args);
  const child = spawn(program, rest, { env: environment(), stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, stderr };
}
