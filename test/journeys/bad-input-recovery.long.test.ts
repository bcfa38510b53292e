import { existsSync } from "node:fs";
import { appendFile, readFile, stat } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CommandLab, expectRefusal, startCommandLab, TARGET } from "../helpers/command-lab.ts";
import { json } from "../helpers/journey.ts";
import { dumpWorld, expectWorld, restingWorld } from "../helpers/world-dump.ts";

let lab: CommandLab;
beforeAll(async () => {
  lab = await startCommandLab();
});
afterAll(async () => {
  await lab?.stop();
});

/**
 * No file that the command writes may grow beyond so many kilobytes: what a full disk does to it, without needing one.
 * The signal that the limit would send is ignored, so that the write fails as it does there.
 */
const within = (kilobytes: number): readonly string[] => [
  "bash",
  "-c",
  `trap '' XFSZ; ulimit -f ${kilobytes}; exec "$@"`,
  "bash",
];

const journal = (): Promise<string> => readFile(lab.path("rotation/journal.jsonl"), "utf8");

/** One story: each part begins where the one before ended. */
describe("a disk that is full", () => {
  it("while the plan is written: there is none, and no scrap of one", async () => {
    const before = await restingWorld(lab.sandbox);
    const ended = await lab.farrier(["plan", ...TARGET, "--out", "rotation"], { through: within(4) });
    expectRefusal(ended, {
      exit: 1,
      code: "rotation.unwritable",
      says: /rotation\/plan\.json .*EFBIG/,
      hint: /Make room/,
    });
    expect(existsSync(lab.path("rotation"))).toBe(false);
    expect({ writes: lab.writes, world: await dumpWorld(lab.sandbox) }).toEqual({ writes: [], world: before });
  });

  it("no longer: the same command makes the plan", async () => {
    expect((await lab.plan("rotation")).code).toBe(0);
  });

  it("while the first entry is written: nothing but the lock is touched", async () => {
    const before = await restingWorld(lab.sandbox);
    const ended = await lab.farrier(["apply", "rotation", "--yes"], { through: within(0) });
    expectRefusal(ended, {
      exit: 1,
      code: "rotation.unwritable",
      says: /rotation\/journal\.jsonl .*EFBIG/,
      hint: /Make room/,
    });
    expect(await journal()).toBe("");
    expect(new Set(lab.writes)).toEqual(new Set(["create configmaps/farrier-rotation"]));
    await expectWorld(lab.sandbox, before);
  });

  it("in the middle: apply stops with the reason", async () => {
    const first = lab.start("apply", "rotation", "--yes");
    await first.line((line) => line.includes("arm@both  entered"));
    first.process.kill("SIGINT");
    expect((await first.ended).code).toBe(4);
    const written = (await stat(lab.path("rotation/journal.jsonl"))).size;
    const room = Math.ceil(written / 1024) + 2;
    const ended = await lab.farrier(["apply", "rotation", "--yes"], { through: within(room) });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^error {2}.*\/journal\.jsonl .*EFBIG.*\[rotation\.unwritable\]\nhint {3}Make room/m);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
    // The last entry was not written whole.
    expect((await stat(lab.path("rotation/journal.jsonl"))).size).toBe(room * 1024);
    expect(await journal()).not.toMatch(/\n$/);
  });

  it("status then shows how far it got, and says that the last line is torn", async () => {
    const { code, stdout, stderr } = await lab.farrier(["status", "rotation"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/✓ backup/);
    expect(stdout).toMatch(/The journal's last line, after entry \d+, was not completely written and is left out/);
  });

  it("and with room again the rotation goes on, notes the torn line, and ends without an agent lost", async () => {
    const ended = await lab.farrier(["apply", "rotation", "--yes"]);
    expect(ended.code, ended.stderr).toBe(0);
    const entries = (await journal()).trimEnd().split("\n").map(json);
    expect(entries).toContainEqual(
      expect.objectContaining({ type: "noted", data: { text: expect.stringMatching(/torn/) } }),
    );
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
    expect(lab.sandbox.statistics().refused).toBe(0);
    expect((await lab.farrier(["report", "--verify", "rotation"])).code).toBe(0);
  });
});

describe("a finished rotation whose journal was torn afterwards", () => {
  it("is still finished: applying it again writes nothing, neither there nor here", async () => {
    await appendFile(lab.path("rotation/journal.jsonl"), '{"seq":999,"at":"20');
    const files = await lab.files("rotation");
    lab.writes.length = 0;
    const status = await lab.farrier(["status", "rotation"]);
    expect(status).toMatchObject({ code: 0, stdout: expect.stringMatching(/was not completely written/) });
    expect((await lab.farrier(["apply", "rotation", "--yes"])).code).toBe(0);
    expect(lab.writes).toEqual([]);
    expect(await lab.files("rotation")).toEqual(files);
  });
});
