// Compiles src/ to dist/, which is what the published package contains.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";

rmSync("dist", { recursive: true, force: true });
const result = spawnSync("tsc", ["--project", "tsconfig.build.json"], { stdio: "inherit", shell: true });
process.exit(result.status ?? 1);
