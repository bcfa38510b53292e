#!/usr/bin/env node
// The oldest syntax that matters here: this file must still explain itself under an old Node.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  process.stderr.write(
    `farrier needs Node 24 or newer; this is Node ${process.versions.node}. Install it from https://nodejs.org and run the same command again.\n`,
  );
  process.exit(2);
}
// What the allocator is to do counts only for a process that begins with it; this one becomes that, as the same process.
// Commands that run long are told by their name, wherever it stands: see docs/adr/0018.
const isLarge = process.argv.some((word) => ["apply", "refresh", "rollback", "sandbox"].includes(word));
if (isLarge && process.platform === "linux" && process.env.MALLOC_ARENA_MAX === undefined) {
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  // A runtime whose file was replaced meanwhile would end here with a core dump.
  const isThere = process.getBuiltinModule("node:fs").existsSync(process.execPath);
  if (isThere) process.execve(process.execPath, command, { ...process.env, MALLOC_ARENA_MAX: "1" });
}
import("../dist/main.js").then(({ main }) => main(process.argv.slice(2)));
