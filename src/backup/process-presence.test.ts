import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { isPresent, startOf } from "./process-presence.ts";

const children: ReturnType<typeof spawn>[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** A process whose name has a space and a parenthesis in it, as any program's may. @returns its id */
async function odd(): Promise<number> {
  const says = `require("node:fs").writeFileSync("/proc/self/comm", "a) R 1 (b"); console.log(); setInterval(() => {}, 1e9);`;
  const child = spawn(process.execPath, ["-e", says], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  await once(child.stdout, "data");
  return child.pid ?? 0;
}

describe("the start of a process", () => {
  it("is field 22 of what the kernel says of it, whatever its name", async () => {
    const pid = await odd();
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [, start] = /^\d+ \(a\) R 1 \(b\) \S(?: -?\d+){18} (\d+) /.exec(stat) ?? [];
    expect(start).toMatch(/^\d+$/);
    expect(startOf(pid)).toBe(start);
  });

  it("is empty where there is no such process", () => {
    expect(startOf(2 ** 22 + 1)).toBe("");
  });
});

describe("a process", () => {
  it("is present while it runs", async () => {
    const pid = await odd();
    expect(isPresent({ pid, started: startOf(pid) })).toBe(true);
    expect(isPresent({ pid, started: String(Number(startOf(pid)) - 1) })).toBe(false);
  });

  it("is not once it has ended, also where nobody knows when it was started", () => {
    expect(isPresent({ pid: 2 ** 22 + 1, started: "" })).toBe(false);
  });
});
