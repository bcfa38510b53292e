import { spawn } from "node:child_process";
import { once } from "node:events";
import { hostname } from "node:os";
import { describe, expect, it } from "vitest";
import { startOf } from "../backup/process-presence.ts";
import { describeHolder, type Holder, thisProcess, whereabouts } from "./holder.ts";

/** Of a process that has a space and a parenthesis in its name, as any program may. */
async function other(): Promise<{ holder: Holder; end(): Promise<void> }> {
  const child = spawn(process.execPath, [
    "-e",
    "process.title = 'a) R 1 (b'; console.log(); setInterval(() => {}, 1e9)",
  ]);
  await once(child.stdout, "data");
  const { pid = 0 } = child;
  return {
    holder: { id: "other", host: hostname(), pid, started: startOf(pid) },
    end: async () => {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

describe("where a process is that has taken something in hand", () => {
  it("runs while it runs, and is gone afterwards", async () => {
    const { holder, end } = await other();
    expect(whereabouts(holder)).toBe("running");
    await end();
    expect(whereabouts(holder)).toBe("gone");
  });

  it("is gone where another has its process id now", () => {
    expect(whereabouts({ ...thisProcess(), started: "1" })).toBe("gone");
  });

  it("cannot be seen on another machine, whatever has its id here", () => {
    expect(whereabouts({ ...thisProcess(), host: `${hostname()}-2` })).toBe("elsewhere");
  });
});

describe("this process", () => {
  it("is told from every other, also from itself at another time", () => {
    const [one, two] = [thisProcess(), thisProcess()];
    expect(one.id).toMatch(/^[0-9a-f]{16}$/);
    expect(one.id).not.toBe(two.id);
    expect({ ...one, id: "" }).toEqual({ ...two, id: "" });
    expect(whereabouts(one)).toBe("running");
  });

  it("is called by its id and machine", () => {
    expect(describeHolder({ id: "x", host: "lab-7", pid: 4711, started: "" })).toBe("process 4711 on lab-7");
  });
});
