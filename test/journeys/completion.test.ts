import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/commands.ts";
import { createProgram } from "../../src/cli/program.ts";
import { run, runFarrier } from "../helpers/run-farrier.ts";

/** Where somebody types: a rotation, a directory with a blank in its name, and a file. */
let directory = "";
const scripts = { bash: "", zsh: "", fish: "" };

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "farrier-completion-"));
  mkdirSync(join(directory, "rotation"));
  mkdirSync(join(directory, "rotation of May"));
  writeFileSync(join(directory, "tls.crt"), "");
  for (const shell of ["bash", "zsh", "fish"] as const) {
    scripts[shell] = runFarrier(directory, ["completion", shell]).stdout;
    writeFileSync(join(directory, `script.${shell}`), scripts[shell]);
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What a real bash offers for the last word of a command line. */
function offered(line: string): readonly string[] {
  const asked = `
    source script.bash
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    _farrier
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, code } = run(directory, "bash", ["--norc", "-c", asked, "bash", ...line.split(" ")]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.split("\n").filter((one) => one !== "");
}

const DIRECTORIES = ["rotation", "rotation of May"];
const lines = [
  { name: "a command that was begun", line: "farrier pla", offers: ["plan"] },
  { name: "several commands", line: "farrier re", offers: ["refresh", "resume", "report", "restore", "rescue-kit"] },
  { name: "a group's commands", line: "farrier ca ", offers: ["create", "issue", "--help"] },
  { name: "a flag that was begun", line: "farrier plan --ke", offers: ["--key", "--key-passphrase-file"] },
  { name: "a flag of a group's command", line: "farrier ca issue --ca", offers: ["--ca"] },
  { name: "a flag behind the rotation", line: "farrier apply rotation --take", offers: ["--take-over"] },
  { name: "directories for a rotation", line: "farrier apply ", offers: DIRECTORIES },
  { name: "directories, begun", line: "farrier report rotation", offers: DIRECTORIES },
  { name: "no directories for a cluster", line: "farrier waive rotation ", offers: [] },
  { name: "files behind a flag that takes one", line: "farrier plan --cert tls", offers: ["tls.crt"] },
  { name: "directories behind a flag that takes one", line: "farrier ca create --out ", offers: DIRECTORIES },
  { name: "the formats behind -o", line: "farrier status -o ", offers: ["table", "json", "yaml"] },
  { name: "the formats behind --output", line: "farrier ca issue --output j", offers: ["json"] },
  { name: "nothing for a name that only people know", line: "farrier check --hostname ", offers: [] },
  { name: "the shells", line: "farrier completion ", offers: ["bash", "zsh", "fish"] },
  { name: "no hidden command", line: "farrier dem", offers: [] },
];

describe("bash offers", () => {
  test.each(lines)("$name", ({ line, offers }) => {
    expect(offered(line).toSorted()).toEqual([...offers].toSorted());
  });

  test.each(visibleCommands())("every flag in the help of $path", ({ path, flags }) => {
    expect(offered(`farrier ${path} --`).toSorted()).toEqual([...flags].toSorted());
  });
});

describe("other shells", () => {
  test.each(["zsh", "fish"] as const)("%s accepts the syntax of its script, which names every command", (shell) => {
    for (const { usage } of COMMANDS.filter(({ hidden }) => hidden !== true)) {
      expect(scripts[shell]).toContain(usage.split(" ")[0]);
    }
    const found = spawnSync(shell, ["-n", join(directory, `script.${shell}`)], { encoding: "utf8" });
    if (found.error !== undefined) process.stderr.write(`left out: the syntax for ${shell} (it is not installed)\n`);
    else expect({ status: found.status, stderr: found.stderr }).toEqual({ status: 0, stderr: "" });
  });

  test("one that is not known is refused, and those that are are named", () => {
    const { code, stderr } = runFarrier(directory, ["completion", "tcsh"]);
    expect(code).toBe(2);
    expect(stderr).toContain("bash, zsh, fish");
  });
});

/** Every command with the long flags of its own help. */
function visibleCommands(): readonly { readonly path: string; readonly flags: readonly string[] }[] {
  const program = createProgram(() => undefined);
  return COMMANDS.filter(({ hidden }) => hidden !== true).map(({ group, usage }) => {
    const path = [...(group === undefined ? [] : [group]), usage.split(" ")[0] ?? ""];
    let command = program;
    for (const part of path) command = command.commands.find((one) => one.name() === part) ?? command;
    const flags = [...command.createHelp().visibleOptions(command)].flatMap(({ long }) => (long ? [long] : []));
    return { path: path.join(" "), flags };
  });
}
