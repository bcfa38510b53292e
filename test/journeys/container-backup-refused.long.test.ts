/** What goes wrong with the backup of a container and its restore: a clear refusal, the container as it was, no scrap. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectRefusal } from "../helpers/command-lab.ts";
import {
  appeared,
  type EngineLab,
  grown,
  missingForEngine,
  startContainerEngine,
} from "../helpers/container-engine.ts";
import { json } from "../helpers/journey.ts";
import { commandLine, type Ended, environment, farrierBeside, run } from "../helpers/run-farrier.ts";

const missing = missingForEngine();
/** `script` (util-linux) gives a command a terminal of its own. */
const withoutTerminal = !/util-linux/.test(spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "");

const DATA = "mkdir -p k3s; echo saved > k3s/state.db";
/** Takes long to copy, and no room: nothing but a length. */
const ENDLESS = "truncate -s 7G large";

describe.skipIf(missing !== "")("the backup of a container, refused (left out without a container engine)", () => {
  let lab: EngineLab;

  const own = () => ({ XDG_CONFIG_HOME: join(lab.folder, "config") });
  const farrier = (args: readonly string[], more: Record<string, string> = {}): Promise<Ended> =>
    farrierBeside(lab.folder, args, { environment: { ...own(), ...more } });
  const at = (...args: readonly string[]): string[] => [...args, "--engine-socket", lab.socket];
  const backUp = (...args: readonly string[]): Promise<Ended> => farrier(at("backup", "--yes", ...args));
  const starts = (name: string): Promise<string> => lab.inData(name, "cat starts; ls running");
  const names = async (): Promise<string[]> =>
    (await lab.podman("ps", "--all", "--format", "{{.Names}}")).trim().split("\n").sort();

  beforeAll(async () => {
    lab = await startContainerEngine();
    await lab.rancher("rancher", { script: DATA });
    expect((await backUp("--container", "rancher", "--out", "good", "--hot")).code).toBe(0);
  });
  afterAll(() => lab?.stop());

  describe("another container than Rancher's", () => {
    const rows: [string, Parameters<EngineLab["rancher"]>[1], RegExp][] = [
      ["one of something else", { environment: {} }, /is no Rancher server: its image is docker\.io/],
      ["an agent, which has its server's version", { environment: { CATTLE_SERVER_VERSION: "v2.15.0" } }, /no Rancher/],
      ["a pod's", { flags: ["--label", "io.kubernetes.pod.name=rancher-0"] }, /belongs to a pod.*the cluster's etcd/],
      ["one without a volume", { flags: ["--image-volume=ignore"] }, /has no volume at \/var\/lib\/rancher/],
    ];
    it.each(rows)("%s is named and left alone", async (_, options, says) => {
      await lab.rancher("other", options);
      const state = await lab.podman("inspect", "--format", "{{.State.StartedAt}} {{.State.Status}}", "other");
      expectRefusal(await backUp("--container", "other", "--out", "other"), {
        exit: 2,
        code: "engine.container-unsuitable",
        says,
      });
      expect(await lab.podman("inspect", "--format", "{{.State.StartedAt}} {{.State.Status}}", "other")).toBe(state);
      await lab.podman("rm", "--force", "--time", "0", "other");
    });

    it("of a name that there is not lists those that there are", async () => {
      expectRefusal(await backUp("--container", "ranchr", "--out", "other"), {
        exit: 2,
        code: "engine.container-unknown",
        says: /no container ranchr/,
        hint: /It has rancher\./,
      });
    });
  });

  describe("no engine", () => {
    const rows: [string, (folder: string) => string[], Record<string, string>, RegExp, RegExp][] = [
      ["where there is nothing", (at) => ["--engine-socket", join(at, "none")], {}, /does not answer \(ENOENT\)/, /./],
      ["where there is a file", (at) => ["--engine-socket", join(at, "root.tar")], {}, /ECONNREFUSED|ENOTSOCK/, /./],
      ["over the network", () => [], { DOCKER_HOST: "tcp://10.0.0.1:2375" }, /not by tcp/, /ssh:\/\/user@host/],
      ["where the environment names none", () => [], { DOCKER_HOST: "unix:///none/s" }, /none\/s does not/, /service/],
    ];
    it.each(rows)("%s", async (_, flags, variables, says, hint) => {
      const ended = await farrier(["backup", "--container", "rancher", ...flags(lab.folder)], variables);
      expectRefusal(ended, { exit: 1, code: "engine.unreachable", says, hint });
    });
  });

  describe("flags that do not fit", () => {
    it.each([
      ["--hot without a container", ["--hot"], "input.usage", /--hot needs --container/],
      ["--engine-socket without a container", ["--engine-socket", "/s"], "input.usage", /needs --container/],
    ])("%s", async (_, flags, code, says) => {
      expectRefusal(await farrier(["backup", ...flags]), { exit: 2, code, says });
    });

    it("a volume that is said to be a directory of the host: it is not covered by anything", async () => {
      expectRefusal(await backUp("--container", "rancher", "--host-directory-covered"), {
        exit: 2,
        code: "input.invalid",
        says: /is in the engine's volume/,
      });
    });

    it("nobody to ask whether it may be stopped", async () => {
      const before = await starts("rancher");
      expectRefusal(await farrier(at("backup", "--container", "rancher", "--out", "asked")), {
        exit: 2,
        code: "input.not-confirmed",
        says: /Nothing was changed/,
      });
      expect(await starts("rancher")).toBe(before);
    });

    it("a directory that holds a backup already", async () => {
      const ended = await backUp("--container", "rancher", "--out", "good");
      expectRefusal(ended, { exit: 2, code: "rotation.exists", says: /already holds a backup/ });
    });
  });

  describe("a mounted directory of the host", () => {
    beforeAll(async () => {
      await mkdir(join(lab.folder, "host"));
      await lab.rancher("mounted", { script: DATA, flags: ["--volume", `${lab.folder}/host:/var/lib/rancher`] });
    });

    it("that is covered is skipped, with the reason", async () => {
      const ended = await backUp(
        "--container",
        "mounted",
        "--out",
        "covered",
        "--host-directory-covered",
        "-o",
        "json",
      );
      expect([ended.code, json(ended.stdout).skipped]).toEqual([0, expect.stringContaining(`${lab.folder}/host`)]);
      expect(existsSync(join(lab.folder, "covered"))).toBe(false);
      expect(await starts("mounted")).toBe("started\nrunning\n");
    });

    it("that is not covered is backed up as any other, and put back into the very directory", async () => {
      expect((await backUp("--container", "mounted", "--out", "mounted")).code).toBe(0);
      await writeFile(join(lab.folder, "host/k3s/state.db"), "changed");
      const restored = await farrier(at("restore", "mounted", "--overwrite-newer", "--yes"));
      expect(restored.code).toBe(0);
      expect(await readFile(join(lab.folder, "host/k3s/state.db"), "utf8")).toBe("saved\n");
    });
  });

  it("a container that stopping would remove is not stopped", async () => {
    await lab.rancher("vanishing", { flags: ["--rm"] });
    const ended = await backUp("--container", "vanishing", "--out", "vanishing");
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringMatching(/would remove it, and its data/)]);
    expect(await starts("vanishing")).toBe("started\nrunning\n");
    await lab.podman("rm", "--force", "--time", "0", "vanishing");
  });

  describe("a copy that ends half-way", () => {
    beforeAll(() => lab.rancher("large", { script: `${DATA}; ${ENDLESS}` }));

    /** Runs the backup and, as soon as something of the copy is on the disk, `then`. */
    async function cutOff(flags: readonly string[], then: (child: number) => unknown): Promise<Ended> {
      const out = join(lab.folder, "cut");
      await mkdir(join(out, "backups"), { recursive: true });
      const begun = grown(join(out, "backups"), /\.draft-\d+-/, 64 * 1024);
      const [program, ...rest] = commandLine("backup", "--container", "large", "--out", out, "--yes", ...flags);
      const child = spawn(program, rest, { env: environment(own()), stdio: ["ignore", "pipe", "pipe"] });
      const said = { stdout: "", stderr: "" };
      child.stdout.setEncoding("utf8").on("data", (text) => (said.stdout += text));
      child.stderr.setEncoding("utf8").on("data", (text) => (said.stderr += text));
      const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
      await begun;
      await then(child.pid ?? 0);
      return { code: await ended, ...said };
    }
    const scraps = async (): Promise<string[]> =>
      (await readdir(join(lab.folder, "cut"), { recursive: true })).filter((name) => /tar|json/.test(name));

    const helper = async (): Promise<string> => (await names()).find((name) => name.startsWith("farrier-")) ?? "";
    const rows: [string, (lab: EngineLab) => string, (child: number) => unknown, RegExp][] = [
      ["by Ctrl-C", ({ socket }) => socket, (child) => process.kill(child, "SIGINT"), /was interrupted/],
      [
        "by the end of its terminal",
        ({ socket }) => socket,
        (child) => process.kill(child, "SIGHUP"),
        /was interrupted/,
      ],
      ["by the end of the copying itself", ({ socket }) => socket, async () => kill(await helper()), /ended early/],
    ];
    const kill = (name: string): Promise<string> => lab.podman("kill", name);
    it.each(rows)("%s: the container runs again, and there is no backup", async (_, socket, then, says) => {
      const { code, stderr } = await cutOff(["--engine-socket", socket(lab)], then);
      expect([code, stderr]).toEqual([1, expect.stringMatching(says)]);
      expect(stderr).toContain("[backup.incomplete]");
      expect(await scraps()).toEqual([]);
      expect(await lab.inData("large", "ls running")).toBe("running\n");
      expect(await names()).not.toContainEqual(expect.stringMatching(/^farrier-/));
    });

    it.skipIf(withoutTerminal)("by its terminal, which is closed: the container runs again", async () => {
      const out = join(lab.folder, "cut");
      await mkdir(join(out, "backups"), { recursive: true });
      const begun = grown(join(out, "backups"), /\.draft-\d+-/, 64 * 1024);
      const words = commandLine(...at("backup", "--container", "large", "--out", out, "--yes"));
      const line = words.map((word) => `'${word}'`).join(" ");
      const terminal = spawn("script", ["-qec", line, "/dev/null"], { env: environment(own()), stdio: "pipe" });
      await begun;
      expect(await lab.podman("inspect", "--format", "{{.State.Running}}", "large")).toBe("false\n");
      terminal.kill("SIGKILL");
      await lab.podman("wait", "--condition=running", "large");
      expect(await lab.inData("large", "ls running")).toBe("running\n");
    });

    it("by SIGKILL, with the container stopped: the next one starts it again, and goes on", async () => {
      const before = await lab.inData("large", "cat starts");
      const cut = await cutOff(at(), (child) => process.kill(child, "SIGKILL"));
      expect(cut.code).toBe(null);
      await rm(join(lab.folder, "cut"), { recursive: true });
      expect(await lab.podman("inspect", "--format", "{{.State.Running}}", "large")).toBe("false\n");
      const next = await backUp("--container", "rancher", "--out", "other-one", "--hot");
      expect([next.code, next.stderr]).toEqual([0, expect.not.stringContaining("again")]);
      const asked = await farrier(at("backup", "--container", "large", "--out", "asked-again"));
      expect([asked.code, asked.stderr]).toEqual([2, expect.stringMatching(/Started large again.*was then killed/)]);
      expect(await starts("large")).toBe(`${before}started\nrunning\n`);
      expect(await names()).not.toContainEqual(expect.stringMatching(/^farrier-/));
    });

    it("is left to the process that has stopped it, for as long as that lives", async () => {
      const second: Ended[] = [];
      const cut = await cutOff(at(), async (child) => {
        second.push(await backUp("--container", "large", "--out", "beside-it"));
        process.kill(child, "SIGINT");
      });
      expect(second).toHaveLength(1);
      for (const refused of second)
        expectRefusal(refused, {
          exit: 6,
          code: "lock.held",
          says: /large is stopped by process \d+ on .*start it again/,
        });
      expect([cut.code, cut.stderr]).toEqual([1, expect.stringMatching(/was interrupted/)]);
      expect(await lab.inData("large", "ls running")).toBe("running\n");
    });

    it("by the engine's own end: refused, and the next one finds its leftovers and works", async () => {
      const second = join(lab.folder, "second.sock");
      const service = await lab.serve(second);
      await appeared(second);
      const cut = await cutOff(["--hot", "--engine-socket", second], () => service.kill("SIGKILL"));
      expect([cut.code, cut.stderr]).toEqual([1, expect.stringMatching(/\[engine\.unreachable\]/)]);
      expect(await scraps()).toEqual([]);
      const left = await helper();
      expect(left).toMatch(/^farrier-/);
      const held = await backUp("--container", "large", "--out", "while", "--hot");
      expect([held.code, held.stderr]).toEqual([
        6,
        expect.stringMatching(/Another process is copying.*\[lock\.held\]/),
      ]);
      await lab.podman("kill", left);
      await lab.inData("large", "rm large");
      expect((await backUp("--container", "large", "--out", "after", "--hot")).code).toBe(0);
      expect(await names()).not.toContain(left);
    });
  });

  it("a disk that is full: said so, the container runs again, no scrap is left", async () => {
    await lab.inData("rancher", "head -c 300000 /dev/urandom > noise");
    const before = await lab.inData("rancher", "cat starts");
    const full = ["bash", "-c", "trap '' XFSZ; ulimit -f 64; exec \"$@\"", "bash"];
    const ended = await farrierBeside(lab.folder, at("backup", "--container", "rancher", "--out", "full", "--yes"), {
      environment: own(),
      through: full,
    });
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringMatching(/cannot be written \(EFBIG\).*unwritable/)]);
    expect(existsSync(join(lab.folder, "full"))).toBe(false);
    expect(await starts("rancher")).toBe(`${before}started\nrunning\n`);
    await lab.inData("rancher", "rm noise");
  });

  describe("a restore", () => {
    const archive = async (directory: string): Promise<string> => {
      const folder = join(lab.folder, directory, "backups");
      const [name = ""] = (await readdir(folder)).filter((one) => one.startsWith("rancher-data-"));
      return join(folder, name);
    };
    /** A copy of the good backup, spoilt. */
    const rows: [string, (copy: string) => Promise<unknown>, string, RegExp][] = [
      [
        "of an archive with one bit changed",
        async (copy) => {
          const path = await archive(copy);
          const bytes = await readFile(path);
          bytes[bytes.length - 40] = (bytes.at(-40) ?? 0) ^ 1;
          await writeFile(path, bytes);
        },
        "backup.altered",
        /is not the file/,
      ],
      ["of an archive that was cut off", async (copy) => truncate(await archive(copy), 200), "backup.altered", /./],
      ["of an archive that is gone", async (copy) => rm(await archive(copy)), "backup.missing", /./],
    ];
    it.each(rows)("%s: refused before anything is stopped", async (name, spoil, code, says) => {
      const copy = name.replaceAll(" ", "-");
      await cp(join(lab.folder, "good"), join(lab.folder, copy), { recursive: true });
      await spoil(copy);
      const before = await starts("rancher");
      const ended = await farrier(at("restore", copy, "--overwrite-newer", "--yes"));
      expectRefusal(ended, { exit: 2, code, says });
      expect(await starts("rancher")).toBe(before);
    });

    it("with somebody else's identity", async () => {
      const other = join(lab.folder, "other-identity");
      expect(
        (await farrier(at("backup", "--container", "rancher", "--hot", "--out", "theirs"), { XDG_CONFIG_HOME: other }))
          .code,
      ).toBe(0);
      expectRefusal(await farrier(at("restore", "theirs", "--overwrite-newer", "--yes")), {
        exit: 2,
        code: "backup.cannot-decrypt",
        says: /rotation-key\.age cannot be decrypted/,
        hint: /FARRIER_IDENTITY/,
      });
    });

    it("into a container of another version", async () => {
      const older = { CATTLE_SERVER_VERSION: "v2.14.1", CATTLE_AGENT_IMAGE: "rancher/rancher-agent:v2.14.1" };
      await lab.rancher("older", { environment: older });
      expectRefusal(await farrier(at("restore", "good", "--container", "older", "--overwrite-newer", "--yes")), {
        exit: 2,
        code: "engine.container-unsuitable",
        says: /of Rancher v2\.15\.0, and container older runs v2\.14\.1/,
        hint: /--volumes-from older/,
      });
    });

    it("that is killed while it unpacks: the next command puts back what was there, and starts it", async () => {
      await lab.rancher("killed", { script: `${DATA}; head -c 60000000 /dev/zero > noise` });
      expect((await backUp("--container", "killed", "--out", "killed-backup")).code).toBe(0);
      await lab.inData("killed", "echo later > k3s/state.db");
      const before = await lab.inData("killed", "ls -lA k3s noise; cat k3s/state.db starts");
      const place = "{{(index .Mounts 0).Source}}";
      const aside = join((await lab.podman("inspect", "--format", place, "killed")).trim(), ".farrier-aside");
      const begun = appeared(aside);
      const [program, ...rest] = commandLine(...at("restore", "killed-backup", "--overwrite-newer", "--yes"));
      const child = spawn(program, rest, { cwd: lab.folder, env: environment(own()), stdio: "ignore" });
      const ended = new Promise((resolve) => child.once("close", resolve));
      await begun;
      child.kill("SIGKILL");
      await ended;
      expect(await lab.podman("inspect", "--format", "{{.State.Running}}", "killed")).toBe("false\n");
      const next = await backUp("--container", "killed", "--out", "after-killed", "--hot");
      expect([next.code, next.stderr]).toEqual([0, expect.stringMatching(/Started killed again/)]);
      expect(await lab.inData("killed", "ls -lA k3s noise; cat k3s/state.db starts")).toBe(`${before}started\n`);
      expect(await lab.inData("killed", "ls -A")).toBe("k3s\nnoise\nrunning\nstarts\n");
    });

    it("that finds no room: the data is as it was, and the container runs", async () => {
      const small = join(lab.folder, "small");
      await mkdir(small);
      run(lab.folder, "mount", ["-t", "tmpfs", "-o", "size=400k", "tmpfs", small]);
      try {
        const script = `${DATA}; head -c 250000 /dev/urandom > noise`;
        await lab.rancher("small", { script, flags: ["--volume", `${small}:/var/lib/rancher`] });
        expect((await backUp("--container", "small", "--out", "small-backup")).code).toBe(0);
        await lab.inData("small", "echo later > k3s/state.db");
        const before = await lab.inData("small", "ls -lA k3s noise; cat k3s/state.db starts");
        const ended = await farrier(at("restore", "small-backup", "--overwrite-newer", "--yes"));
        expect([ended.code, ended.stderr]).toEqual([1, expect.stringMatching(/no space left.*\[engine\.refused\]/)]);
        expect(await lab.inData("small", "ls -lA k3s noise; cat k3s/state.db starts")).toBe(`${before}started\n`);
        expect(await lab.inData("small", "ls -A")).toBe("k3s\nnoise\nrunning\nstarts\n");
      } finally {
        await lab.podman("rm", "--force", "--time", "0", "small");
        run(lab.folder, "umount", [small]);
      }
    });
  });
});
