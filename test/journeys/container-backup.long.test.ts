/**
 * The data of a single-container Rancher, saved and put back through a real container engine: judged by the container's
 * own files, and by `age` and `tar`, which know nothing of Farrier.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EngineLab, IMAGE, missingForEngine, startContainerEngine } from "../helpers/container-engine.ts";
import { json } from "../helpers/journey.ts";
import { type Ended, farrierBeside, run } from "../helpers/run-farrier.ts";

const missing = missingForEngine();
const withoutAge = spawnSync("age", ["--version"]).status !== 0;
if (missing !== "") process.stderr.write(`${missing}: the backup of a container is not tried\n`);
if (withoutAge) process.stderr.write("age is not installed: no backup is opened with it\n");

const CANARY = "canary-of-the-database-4f1c";
const DATA = [
  "mkdir -p k3s/server/db k3s/agent",
  // In two pieces, so that the engine's record of this command does not hold it.
  `echo ${CANARY.slice(0, 9)}''${CANARY.slice(9)} > k3s/server/db/state.db`,
  "chown 1000:1001 k3s/server/db/state.db",
  "chmod 600 k3s/server/db/state.db",
  "ln -s server/db/state.db k3s/link",
  "echo hidden > .hidden",
  "chmod 750 .",
].join("; ");

describe.skipIf(missing !== "")("the data of a container (left out without a container engine)", () => {
  let lab: EngineLab;
  let made: Ended;

  const farrier = (...args: readonly string[]): Promise<Ended> =>
    farrierBeside(lab.folder, [...args, "--engine-socket", lab.socket], {
      environment: { XDG_CONFIG_HOME: join(lab.folder, "config") },
    });
  /** Every file with owner, mode and content, but those that tell whether it runs. */
  const listed = (name: string): Promise<string> =>
    lab.inData(
      name,
      'ls -lanR . | while read -r mode _ user group size _ _ _ file; do echo "$mode $user $group $size $file"; done; cat k3s/server/db/state.db',
    );
  const names = async (): Promise<string[]> =>
    (await lab.podman("ps", "--all", "--format", "{{.Names}}")).trim().split("\n").sort();

  beforeAll(async () => {
    lab = await startContainerEngine();
    await lab.rancher("rancher", { script: DATA });
    made = await farrier("backup", "--container", "rancher", "--out", "backup", "--yes", "-o", "json");
  });
  afterAll(() => lab?.stop());

  /** As a person does it by hand: the identity opens the backup's key, and that the archive. */
  function openedByHand(directory: string, tarFlags: string): Ended {
    const script =
      "age -d -i config/farrier/identity.txt $0/backups/rotation-key.age" +
      ` | age -d -i - $0/backups/rancher-data-*.tar.gz.age | tar ${tarFlags}`;
    return run(lab.folder, "bash", ["-o", "pipefail", "-c", script, directory]);
  }

  describe("farrier backup --container (M2.1)", () => {
    it("stops it for the copy, says what that means, and starts it again", async () => {
      expect([made.code, made.stderr]).toEqual([0, expect.stringMatching(/Stopping rancher.*tunnel drops/)]);
      expect(await lab.inData("rancher", "cat starts; ls running")).toBe("started\nstarted\nrunning\n");
    });

    it("says what it made, with the checksum of the very file", async () => {
      const { container, copy, data, sealed } = json(made.stdout);
      expect(container).toMatchObject({ name: "rancher", version: "v2.15.0" });
      expect(copy).toBe("stopped");
      expect(sealed.file).toMatch(/^backups\/rancher-data-v2\.15\.0-\d{8}T\d{6}Z\.tar\.gz\.age$/);
      const bytes = await readFile(join(lab.folder, "backup", sealed.file));
      expect(sealed).toMatchObject({ bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") });
      expect(data.files).toBe(3);
      expect(JSON.parse(await readFile(join(lab.folder, "backup/backup.json"), "utf8"))).toEqual(json(made.stdout));
    });

    it("leaves nothing behind in the engine, and the data nowhere in the clear", async () => {
      expect(await names()).toEqual(["rancher"]);
      const holders = run(lab.folder, "grep", ["-rl", CANARY, "."]).stdout.trimEnd().split("\n");
      expect(holders).toEqual([
        expect.stringMatching(/^\.\/storage\/volumes\/\w+\/_data\/k3s\/server\/db\/state\.db$/),
      ]);
      expect((await readdir(join(lab.folder, "backup/backups"))).length).toBe(3);
    });

    it.skipIf(withoutAge)("makes what age and tar open: every file of the container that stood still", () => {
      const { code, stdout } = openedByHand("backup", "-tvz --numeric-owner");
      const lines = stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.replaceAll(/ +/g, " ").replaceAll(/ \d{4}-\d\d-\d\d \d\d:\d\d/g, ""));
      expect(code).toBe(0);
      expect(lines.sort()).toEqual(
        [
          "drwxr-x--- 0/0 0 ./",
          "-rw-r--r-- 0/0 7 ./.hidden",
          "-rw-r--r-- 0/0 8 ./starts",
          "drwxr-xr-x 0/0 0 ./k3s/",
          "drwxr-xr-x 0/0 0 ./k3s/agent/",
          "lrwxrwxrwx 0/0 0 ./k3s/link -> server/db/state.db",
          "drwxr-xr-x 0/0 0 ./k3s/server/",
          "drwxr-xr-x 0/0 0 ./k3s/server/db/",
          `-rw------- 1000/1001 ${CANARY.length + 1} ./k3s/server/db/state.db`,
        ].sort(),
      );
      expect(openedByHand("backup", "-xzO ./k3s/server/db/state.db").stdout).toBe(`${CANARY}\n`);
    });

    it("copies while it runs with --hot, asks nobody, and says what such a copy may be", async () => {
      const before = await lab.inData("rancher", "cat starts");
      const hot = await farrier("backup", "--container", "rancher", "--out", "hot", "--hot");
      expect([hot.code, hot.stdout]).toEqual([0, expect.stringMatching(/it ran: the copy may not be consistent/)]);
      expect(hot.stderr).toMatch(/may not be consistent/);
      expect(await lab.inData("rancher", "cat starts")).toBe(before);
      if (!withoutAge) expect(openedByHand("hot", "-tz").stdout).toContain("./running\n");
    });
  });

  describe("farrier restore", () => {
    const later = "echo changed > k3s/server/db/state.db; echo new > ./-rf; echo new > ..new; rm .hidden; mkdir agent";

    it("proves the backup and changes nothing with --diff, or without being told to lose what is newer", async () => {
      await lab.inData("rancher", later);
      const before = await listed("rancher");
      expect(await farrier("restore", "backup", "--diff")).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/written since would be lost/),
      });
      const refused = await farrier("restore", "backup", "--yes");
      expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining("--overwrite-newer")]);
      expect(await listed("rancher")).toBe(before);
    });

    it("puts back every file as it was, owners included, and leaves none that is newer", async () => {
      const restored = await farrier("restore", "backup", "--overwrite-newer", "--yes", "-o", "json");
      expect([restored.code, json(restored.stdout).newer]).toEqual([0, true]);
      expect(await lab.inData("rancher", "cat starts k3s/server/db/state.db .hidden; ls running")).toBe(
        `started\nstarted\n${CANARY}\nhidden\nrunning\n`,
      );
      const found = (await listed("rancher")).split("\n");
      expect(found).toContain(`-rw------- 1000 1001 ${CANARY.length + 1} state.db`);
      expect(found.filter((line) => / (-rf|\.\.new|agent|\.farrier.*)$/.test(line))).toEqual([
        expect.stringMatching(/^drwxr-xr-x 0 0 \d+ agent$/),
      ]);
      expect(await names()).toEqual(["rancher"]);
    });

    it("mends what a restore that was killed had left, and fills a container that never ran", async () => {
      const variables = ["--env", "CATTLE_SERVER_VERSION=v2.15.0", "--env", "CATTLE_AGENT_IMAGE=a"];
      await lab.podman("create", "--name", "second", ...variables, IMAGE, "sleep", "1");
      expect((await farrier("restore", "backup", "--container", "second", "--yes")).code).toBe(0);
      await lab.inData("rancher", "mkdir .farrier-moving; mv k3s .farrier-moving/; echo half > half");
      expect((await farrier("restore", "backup", "--overwrite-newer", "--yes")).code).toBe(0);
      expect(await lab.inData("rancher", "ls -A")).toBe(".hidden\nk3s\nrunning\nstarts\n");
      const besideSecond = ["run", "--rm", "--volumes-from", "second", IMAGE, "ls", "-A", "/var/lib/rancher"];
      expect(await lab.podman(...besideSecond)).toBe(".hidden\nk3s\nstarts\n");
    });
  });
});
