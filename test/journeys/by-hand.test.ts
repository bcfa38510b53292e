/** The commands that a plan names for a sceptic, run by a shell as they stand. */
import { spawnSync } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sealServingPair } from "../../src/backup/serving-pair.ts";
import { type Sealed, Vault } from "../../src/backup/vault.ts";
import { Secret } from "../../src/pki/secret.ts";
import { presentCertificate } from "../../src/plan/steps/present-certificate.ts";
import { proveDecryption } from "../../src/plan/steps/prove-decryption.ts";
import { agentWith, clusterWith } from "../helpers/estate-builder.ts";
import { overlapPlan, PIN, YOUNG } from "../helpers/plan-builder.ts";

/** `age -d -i IDENTITY [FILE]`, `-` being stdin: as much of the program as the commands use, by the format's library. */
const AGE = `import { readFileSync } from "node:fs";
import { Decrypter } from ${JSON.stringify(import.meta.resolve("age-encryption"))};
const [d, i, identity, file = 0] = process.argv.slice(2);
if (d !== "-d" || i !== "-i") process.exit(2);
const key = readFileSync(identity === "-" ? 0 : identity, "utf8").split("\\n").find((line) => line.startsWith("AGE-"));
const decrypter = new Decrypter();
decrypter.addIdentity(key);
process.stdout.write(await decrypter.decrypt(readFileSync(file)));
`;

let directory: string;
let pair: Sealed;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-by-hand-"));
  const environment = { XDG_CONFIG_HOME: join(directory, "config") };
  const { vault } = await Vault.create(directory, { environment });
  pair = await sealServingPair(vault, "serving-target", { chain: YOUNG.chain, key: Secret.of("the target's key") });
  await vault.seal("objects", "{}");
  await writeFile(join(directory, "age.mjs"), AGE);
  await writeFile(join(directory, "age"), `#!/bin/sh\nexec "${process.execPath}" "${directory}/age.mjs" "$@"\n`);
  await chmod(join(directory, "age"), 0o755);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function shell(commands: readonly string[], identity = join(directory, "config/farrier/identity.txt")) {
  const env = { ...process.env, PATH: `${directory}:${process.env.PATH}`, AGE_IDENTITY: identity };
  return spawnSync("bash", { cwd: directory, env, input: commands.join("\n"), encoding: "utf8" });
}

test("every file in backups/ is shown to be decryptable, each by the key that it was sealed for", async () => {
  const files = (await readdir(join(directory, "backups"))).filter((name) => name.endsWith(".age")).sort();
  expect(files).toHaveLength(3);
  const { stdout, stderr } = shell(proveDecryption().manual.commands);
  expect(stderr).toBe("");
  expect(stdout.trim().split("\n")).toEqual(files.map((name) => `backups/${name} can be decrypted`));
});

test("somebody else's identity opens nothing", async () => {
  const other = join(directory, "other");
  await Vault.create(join(directory, "elsewhere"), { environment: { XDG_CONFIG_HOME: other } });
  expect(shell(proveDecryption().manual.commands, join(other, "farrier/identity.txt")).stdout).toBe("");
});

test("the pair that is presented by hand is the one that Farrier would present", async () => {
  const plan = overlapPlan([clusterWith("c-1", agentWith(PIN.current))], {
    goal: { bundle: YOUNG.bundle, chain: YOUNG.chain, sealed: pair },
  });
  const opening = presentCertificate(plan).manual.commands.filter((command) => command.includes("age "));
  expect(opening).toHaveLength(1);
  expect(shell(opening).stderr).toBe("");
  const opened = JSON.parse(await readFile(join(directory, "pair.json"), "utf8"));
  expect(opened).toMatchObject({ chain: YOUNG.chain, key: "the target's key" });
});
