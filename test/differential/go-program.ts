/** Asks Go, the language of every agent: our own small programs with its standard library. */
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";

const MODULE = join(import.meta.dirname, "go");

export function goIsInstalled(): boolean {
  return spawnSync("go", ["version"]).status === 0;
}

/**
 * Runs a program of the module, such as `./pem`, with one JSON object a line for each question.
 * @returns its answers, parsed, in their order
 * @throws Error with Go's complaint
 */
export async function askGo(program: string, questions: readonly object[]): Promise<readonly unknown[]> {
  const go = spawn("go", ["run", program], {
    cwd: MODULE,
    env: { ...process.env, GOTOOLCHAIN: "local", GOWORK: "off" },
  });
  const said: Buffer[] = [];
  const complained: Buffer[] = [];
  go.stdout.on("data", (data: Buffer) => said.push(data));
  go.stderr.on("data", (data: Buffer) => complained.push(data));
  go.stdin.end(questions.map((question) => `${JSON.stringify(question)}\n`).join(""));
  const code = await new Promise<number | null>((resolve, reject) => {
    go.on("error", reject);
    go.on("close", resolve);
  });
  if (code !== 0) throw new Error(`go run ended with ${code}: ${Buffer.concat(complained).toString()}`);
  const lines = Buffer.concat(said).toString().trimEnd().split("\n");
  return lines.map((line): unknown => JSON.parse(line));
}
