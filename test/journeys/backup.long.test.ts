/** A backup of an estate, what changed since, and putting it back: by the commands, judged by the estate's own objects. */
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ResourceRef } from "../../src/sandbox/cluster-client.ts";
import { agents, secretText, trustSecret, versions } from "../helpers/estate-facts.ts";
import { type Journey, json, startJourney } from "../helpers/journey.ts";
import { run } from "../helpers/run-farrier.ts";
import { keyCanary, readableIn } from "../helpers/secret-search.ts";
import { dumpWorld, restingWorld } from "../helpers/world-dump.ts";

const SECRETS: ResourceRef = { group: "", version: "v1", resource: "secrets", namespace: "cattle-system" };
const DEPLOYMENTS: ResourceRef = { ...SECRETS, group: "apps", resource: "deployments" };
const CLUSTERS: ResourceRef = { group: "management.cattle.io", version: "v3", resource: "clusters" };

const withoutAge = run(".", "age", ["--version"]).code !== 0;
if (withoutAge) process.stderr.write("age is not installed: no backup of objects is opened with it\n");

let journey: Journey;
let beginning: Record<string, unknown>;
let key: string;

beforeAll(async () => {
  journey = await startJourney({ clusters: [{ name: "paris" }, { name: "lima" }] });
  key = await secretText(journey.sandbox, "tls-rancher-ingress", "tls.key");
  beginning = await restingWorld(journey.sandbox);
  const { code, stdout, stderr } = await journey.farrier("backup", "--out", "backup", "-o", "json");
  expect([code, stderr]).toEqual([0, expect.stringContaining("farrier restore backup --diff")]);
  expect(json(stdout)).toMatchObject({ format: "farrier.backup/v1", unsaved: [] });
});
afterAll(() => journey?.stop());

const paris = () => journey.sandbox.cluster("paris");

/** The Secret with which the agent of paris registers; while it runs, it does not read it again. */
async function credentials(): Promise<string> {
  const names = (await paris().client.list(SECRETS)).items.map(({ metadata }) => metadata.name);
  return names.find((name) => name.startsWith("cattle-credentials-")) ?? "";
}

describe("farrier backup", () => {
  it("holds what a person would want back of each cluster, and says how much", async () => {
    const { clusters } = json(await readFile(join(journey.folder, "backup/backup.json"), "utf8"));
    expect(clusters.map(({ name }: { name: string }) => name).sort()).toEqual(["lima", "local", "paris"]);
    for (const { name, objects } of clusters) expect([name, objects > 2]).toEqual([name, true]);
  });

  it("leaves no key readable in its files", async () => {
    const entries = await readdir(join(journey.folder, "backup"), { recursive: true, withFileTypes: true });
    const files = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
    expect(files.length).toBeGreaterThanOrEqual(4);
    for (const file of files) expect(readableIn(await readFile(file), [keyCanary("today's key", key)])).toEqual([]);
  });

  it("is never written over", async () => {
    const before = await readFile(join(journey.folder, "backup/backup.json"));
    const { code, stderr } = await journey.farrier("backup", "--out", "backup");
    expect([code, stderr]).toEqual([2, expect.stringContaining("already holds a backup")]);
    expect(await readFile(join(journey.folder, "backup/backup.json"))).toEqual(before);
  });
});

describe.skipIf(withoutAge)("age itself (left out where it is not installed)", () => {
  /** As the guide says: the identity opens the backup's key, and that opens the rest. */
  const opened = (directory: string, identity: string) => {
    const script = `age -d -i ${identity} ${directory}/backups/rotation-key.age | age -d -i - ${directory}/backups/objects-*.age`;
    return run(journey.folder, "bash", ["-o", "pipefail", "-c", script]);
  };
  const keyIn = (text: string): string => {
    const saved = json(text).objects.find(
      ({ object }: { object: { metadata: { name: string } } }) => object.metadata.name === "tls-rancher-ingress",
    );
    return Buffer.from(saved.object.data["tls.key"], "base64").toString();
  };

  it("opens a backup with the identity that Farrier made", () => {
    const { code, stdout } = opened("backup", "config/farrier/identity.txt");
    expect([code, keyIn(stdout)]).toEqual([0, key]);
  });

  it("makes the identity that a backup is sealed for, and only that opens it, by both", async () => {
    expect(run(journey.folder, "age-keygen", ["-o", "team.txt"]).code).toBe(0);
    const recipient = run(journey.folder, "age-keygen", ["-y", "team.txt"]).stdout.trim();
    await journey.configure({ recipients: [recipient] });
    expect((await journey.farrier("backup", "--out", "for-team")).code).toBe(0);
    const { code, stdout } = opened("for-team", "team.txt");
    expect([code, keyIn(stdout)]).toEqual([0, key]);
    const mine = opened("for-team", "config/farrier/identity.txt");
    expect([mine.code, mine.stdout]).toEqual([1, ""]);
    expect(await journey.farrier("restore", "for-team", "--diff")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/backup\.cannot-decrypt/),
    });
    await journey.configure({ identityFile: "team.txt" });
    expect((await journey.farrier("restore", "for-team", "--diff")).code).toBe(0);
    await journey.configure({});
  });
});

describe("farrier restore", () => {
  it("has nothing to do, and writes nothing, while everything is as it was", async () => {
    const before = await versions(journey.sandbox);
    const { code, stdout } = await journey.farrier("restore", "backup", "--yes");
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^(\d+) of \1 objects are as they were saved\.\n$/)]);
    expect(await versions(journey.sandbox)).toEqual(before);
  });

  describe("after an accident", () => {
    beforeAll(async () => {
      const { management } = journey.sandbox;
      await management.delete(SECRETS, "tls-rancher-ingress");
      await paris().client.delete(SECRETS, await credentials());
      const spec = { minReadySeconds: 77 };
      await journey.sandbox.cluster("lima").client.patch(DEPLOYMENTS, "cattle-cluster-agent", {
        type: "merge",
        body: { spec },
      });
      const data = { "cacerts.pem": Buffer.from("somebody's own").toString("base64") };
      await management.patch(SECRETS, "tls-ca", { type: "merge", body: { data } });
      await management.patch(CLUSTERS, paris().id, { type: "merge", body: { spec: { displayName: "paris-2" } } });
    });

    it("shows what differs, without the values of Secrets, and writes nothing", async () => {
      const before = await versions(journey.sandbox);
      const { code, stdout } = await journey.farrier("restore", "backup", "--diff");
      expect(code).toBe(0);
      expect(stdout).toContain("+ local Secret cattle-system/tls-rancher-ingress  missing");
      expect(stdout).toContain(`+ ${paris().id} Secret cattle-system/cattle-credentials-`);
      expect(stdout).toMatch(/spec\.minReadySeconds +77 +\(absent\)/);
      expect(stdout).toMatch(/data\.cacerts\.pem +\(not shown\) +\(not shown\)/);
      expect(stdout).toMatch(/spec\.displayName +paris-2 +paris/);
      expect(await versions(journey.sandbox)).toEqual(before);
    });

    it("writes nothing without a yes when nobody can be asked", async () => {
      const before = await versions(journey.sandbox);
      expect(await journey.farrier("restore", "backup")).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/--yes/),
      });
      expect(await versions(journey.sandbox)).toEqual(before);
    });

    it("puts back what is missing, and leaves what is newer than the backup", async () => {
      const { code, stdout } = await journey.farrier("restore", "backup", "--yes");
      expect([code, stdout]).toEqual([4, expect.stringContaining("--overwrite-newer")]);
      expect(await secretText(journey.sandbox, "tls-rancher-ingress", "tls.key")).toBe(key);
      expect(await trustSecret(journey.sandbox)).toBe("somebody's own");
      expect((await agents(journey.sandbox)).lima?.minReadySeconds).toBe(77);
      expect(await credentials()).toMatch(/^cattle-credentials-./);
    });

    it("puts back one cluster alone when it is named", async () => {
      const { code } = await journey.farrier("restore", "backup", "--cluster", "lima", "--overwrite-newer", "--yes");
      expect(code).toBe(0);
      expect((await agents(journey.sandbox)).lima?.minReadySeconds).toBe(0);
      expect(await trustSecret(journey.sandbox)).toBe("somebody's own");
    });

    it("puts back all of it when told to: the world is as it was", async () => {
      const { code } = await journey.farrier("restore", "backup", "--overwrite-newer", "--yes");
      expect(code).toBe(0);
      await journey.sandbox.waitUntil(
        async () => JSON.stringify(await dumpWorld(journey.sandbox)) === JSON.stringify(beginning),
        { what: "the world to be as before the accident" },
      );
    });
  });

  it("opens what a rotation saved before it changed anything", async () => {
    await journey.plan("rotation");
    const early = await journey.farrier("restore", "rotation", "--diff");
    expect(early).toMatchObject({ code: 2, stderr: expect.stringMatching(/has saved nothing yet/) });
    expect((await journey.farrier("apply", "rotation", "--yes")).code).toBe(0);
    const { stdout } = await journey.farrier("restore", "rotation", "--diff", "-o", "json");
    const changed = json(stdout).objects.filter(
      ({ difference }: { difference: { kind: string } }) => difference.kind === "changed",
    );
    const names = changed.map(({ name }: { name: string }) => name);
    expect(new Set(names)).toEqual(new Set(["tls-ca", "tls-rancher-ingress", "rancher", "cattle-cluster-agent"]));
  });

  it.each([
    ["an empty directory", "nothing", /nothing holds no backup: there is no backup\.json/],
    ["a manifest that was edited", "edited", /edited\/backup\.json is not what farrier backup wrote/],
  ])("refuses %s", async (_, directory, sentence) => {
    const path = join(journey.folder, directory);
    if (directory === "nothing") await mkdir(path);
    else {
      await cp(join(journey.folder, "backup"), path, { recursive: true });
      await writeFile(join(path, "backup.json"), '{"format":"farrier.backup/v1"}');
    }
    const before = await versions(journey.sandbox);
    const { code, stderr } = await journey.farrier("restore", directory, "--yes");
    expect([code, stderr]).toEqual([2, expect.stringMatching(sentence)]);
    expect(await versions(journey.sandbox)).toEqual(before);
  });

  it("refuses an archive that was damaged", async () => {
    const path = join(journey.folder, "damaged");
    await cp(join(journey.folder, "backup"), path, { recursive: true });
    const [file = ""] = (await readdir(join(path, "backups"))).filter((name) => name.startsWith("objects-"));
    const bytes = await readFile(join(path, "backups", file));
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(join(path, "backups", file), bytes);
    expect(await journey.farrier("restore", "damaged", "--diff")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/not the file/),
    });
  });
});
