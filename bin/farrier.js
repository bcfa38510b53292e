#!/usr/bin/env node
// The oldest syntax that matters here: this file must still explain itself under an old Node.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  process.stderr.write(
    `farrier needs Node 24 or newer; this is Node ${process.versions.node}. Install it from https://nodejs.org and run the same command again.\n`,
  );
  process.exit(2);
}
import("../dist/main.js").then(({ main }) => main(process.argv.slice(2)));
