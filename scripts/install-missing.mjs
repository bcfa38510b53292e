// Installs the locked dependencies when they are missing or differ from package-lock.json.
// Plain JavaScript for any Node ≥ 20: it runs before the project's own Node is there.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

if (!isComplete()) {
  process.stderr.write("Installing the locked dependencies (npm ci) …\n");
  const result = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  if (result.status !== 0) {
    process.stderr.write("The dependencies could not be installed. Run `npm ci` to see why.\n");
    process.exit(1);
  }
}

/** True when every required package of the lock file is installed in the locked version. */
function isComplete() {
  const installedPath = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installedPath) || !existsSync(join(root, "node_modules", "node", "bin"))) return false;
  const installed = JSON.parse(readFileSync(installedPath, "utf8")).packages;
  const locked = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  return Object.entries(locked).every(
    ([path, entry]) => path === "" || entry.optional || installed[path]?.version === entry.version,
  );
}
