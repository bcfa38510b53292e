import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { expectRefusal } from "../helpers/command-lab.ts";
import { type Ended, farrierBeside } from "../helpers/run-farrier.ts";

let directory = "";
let before: readonly string[] = [];
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "farrier-usage-"));
  writeFiles();
  before = readdirSync(directory, { recursive: true }).map(String).sort();
});
afterAll(() => {
  expect(readdirSync(directory, { recursive: true }).map(String).sort()).toEqual(before);
  rmSync(directory, { recursive: true });
});

const CANARY = "token-canary:planted4711";

function writeFiles(): void {
  const put = (name: string, content: string | Uint8Array) => writeFileSync(join(directory, name), content);
  put("empty", "");
  put("token", `${CANARY}\n`);
  put("words", "this is no certificate\n");
  put(
    "binary",
    Uint8Array.from({ length: 4096 }, (_, index) => (index * 37) % 256),
  );
  put("garbage.pem", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n");
  put("garbage.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  put("huge", "");
  truncateSync(join(directory, "huge"), 4 * 1024 ** 3);
  mkdirSync(join(directory, "folder"));
  for (const [name, text] of Object.entries(SETTINGS)) put(name, text);
}

const SETTINGS = {
  "no-yaml.yaml": `kubeconfig: [a\ntokenFile: ${CANARY}\n`,
  "unknown-key.yaml": "kubconfig: kubeconfig\n",
  "token.yaml": `token: ${CANARY}\n`,
  "list.yaml": "- kubeconfig\n",
  "no-url.yaml": "server: rancher.example.com\n",
  "zero.yaml": "waves: { size: 0 }\n",
  "rest.yaml": "rest: three weeks\n",
  "no-kubeconfig.yaml": "kubeconfig: nowhere\ntokenFile: token\n",
  "no-token.yaml": "kubeconfig: words\ntokenFile: nowhere\n",
  "empty-token.yaml": "kubeconfig: words\ntokenFile: empty\n",
};

const farrier = (args: readonly string[]): Promise<Ended> =>
  farrierBeside(directory, args, {
    environment: { XDG_CONFIG_HOME: join(directory, "config"), KUBECONFIG: "nowhere" },
  });

type Row = readonly [name: string, line: string, code: string, says: RegExp, hint: RegExp];

const COMMAND_LINES: readonly Row[] = [
  ["a command that does not exist", "aply rotation", "input.usage", /'aply'/, /Did you mean apply\?/],
  ["a command like no other", "xyzzy", "input.usage", /'xyzzy'/, /farrier --help/],
  ["a command of a group", "ca isue", "input.usage", /'isue'/, /Did you mean issue\?/],
  ["a flag that does not exist", "plan --cacert x", "input.usage", /'--cacert'/, /Did you mean --cacerts\?/],
  ["a flag of another command", "status --yes r", "input.usage", /'--yes'/, /farrier status --help/],
  ["a flag before the command", "-o table status r", "input.usage", /'-o'/, /--help/],
  ["a rotation that is not named", "apply --yes", "input.usage", /'rotation'/, /farrier apply --help/],
  ["one word too many", "apply a b", "input.usage", /Too many arguments/, /farrier apply --help/],
  ["a flag without its value", "observe --kubeconfig", "input.usage", /'--kubeconfig <file>'/, /observe --help/],
  ["an output format that does not exist", "check -o xml", "input.usage", /'xml' is invalid/, /check --help/],
  ["a required flag that is missing", "waive r c --by me", "input.usage", /--reason <text>/, /waive --help/],
  ["a key and none", "check --cert c --key k --without-key", "input.usage", /contradict each other/, /one of them/],
  ["no certificate without a key", "check --cacerts c --without-key", "input.usage", /--cert and --key/, /Give both/],
  ["a key without its certificate", "check --key words", "input.usage", /--cert and --key/, /Give both/],
  ["a plan for no target", "plan", "input.usage", /--cert, --key/, /help/],
  ["offline flags on an estate", "check --hostname a", "input.usage", /--offline/, /help/],
  [
    "a directory that is no rotation",
    "apply --yes folder",
    "input.file-missing",
    /folder\/plan\.json/,
    /farrier plan --out/,
  ],
  ["a rotation that is not there", "status nowhere", "input.file-missing", /nowhere\/plan\.json/, /farrier plan --out/],
  ["a number of clusters that is none", "sandbox --clusters many", "input.invalid", /--clusters .*"many"/, /\w/],
  [
    "a scenario that is no YAML",
    "sandbox --scenario no-yaml.yaml",
    "input.invalid",
    /no-yaml\.yaml is not valid YAML: see its line \d/,
    /brackets/,
  ],
  [
    "a scenario with a slip of the pen",
    "sandbox --scenario unknown-key.yaml",
    "input.invalid",
    /there is no setting "kubconfig"/,
    /try-it\.md/,
  ],
  [
    "a sandbox that cannot write its files",
    "sandbox --clusters 1 --directory words/a",
    "input.file-unwritable",
    /words\/a\/farrier\.yaml cannot be written/,
    /\w/,
  ],
  ["a scenario that is none", "sandbox --scenario words", "input.invalid", /words/, /\w/],
  [
    "an authority that is not there",
    "ca issue --ca folder --out o --hostname a",
    "input.file-missing",
    /root\.crt/,
    /\w/,
  ],
];

const FILES: readonly Row[] = [
  ["that is missing", "--cert nowhere --key words", "input.file-missing", /nowhere does not exist/, /Check the path/],
  ["below a file", "--cert words/a --key words", "input.file-missing", /words\/a/, /\w/],
  [
    "that is a directory",
    "--cert folder --key words",
    "input.file-unreadable",
    /folder is a directory/,
    /regular file/,
  ],
  ["that cannot be read", "--cert /proc/self/mem --key words", "input.file-unreadable", /\/proc\/self\/mem/, /\w/],
  ["that is empty", "--cert words --key empty", "input.file-empty", /empty is empty/, /\w/],
  ["that is huge", "--cert huge --key words", "input.file-too-large", /huge is larger than 1048576 bytes/, /PEM/],
  ["that never ends", "--cert /dev/zero --key words", "input.file-too-large", /\/dev\/zero/, /PEM/],
  [
    "of words instead of a key",
    "--cert garbage.pem --key words",
    "input.not-pem",
    /words holds no private key/,
    /BEGIN … PRIVATE KEY/,
  ],
  [
    "of bytes instead of a key",
    "--cert garbage.pem --key binary",
    "input.not-pem",
    /binary holds no private key/,
    /BEGIN … PRIVATE KEY/,
  ],
  ["with a key of garbage", "--cert garbage.pem --key garbage.key", "input.key-malformed", /garbage\.key/, /PEM/],
];

const CONFIGURATIONS: readonly Row[] = [
  ["that is missing", "nowhere.yaml", "input.file-missing", /nowhere\.yaml does not exist/, /\w/],
  ["that is empty", "empty", "input.file-empty", /empty is empty/, /\w/],
  ["that is huge", "huge", "input.file-too-large", /huge/, /\w/],
  ["that is no YAML", "no-yaml.yaml", "input.invalid", /no-yaml\.yaml is not valid YAML.* line \d/, /\w/],
  ["of bytes", "binary", "input.invalid", /binary is not valid/, /\w/],
  ["that is a list", "list.yaml", "input.invalid", /list\.yaml.*: must be settings by name, not a list/, /schema/],
  ["with a slip of the pen", "unknown-key.yaml", "input.invalid", /"kubconfig"/, /schema/],
  ["with the token itself in it", "token.yaml", "input.invalid", /"token"/, /schema/],
  ["with a server that is no URL", "no-url.yaml", "input.invalid", /server: .*URL/, /schema/],
  ["with a number out of range", "zero.yaml", "input.invalid", /waves\.size: must be at least 1/, /schema/],
  ["with a rest that is neither", "rest.yaml", "input.invalid", /rest: .*seconds.*until-resumed/, /schema/],
  ["with a kubeconfig that is missing", "no-kubeconfig.yaml", "input.file-missing", /kubeconfig .*nowhere/, /\w/],
  ["with a token file that is missing", "no-token.yaml", "input.file-missing", /nowhere does not exist/, /\w/],
  ["with a token file that is empty", "empty-token.yaml", "input.file-empty", /empty is empty/, /\w/],
];

function refusals(rows: readonly Row[], prefix: readonly string[] = []): void {
  it.concurrent.each(rows)("%s", async (_name, line, code, says, hint) => {
    const ended = await farrier([...prefix, ...line.split(" ")]);
    expectRefusal(ended, { exit: 2, code, says, hint });
    expect(ended.stderr).not.toContain(CANARY);
  });
}

describe("a command line that cannot be meant is refused", () => refusals(COMMAND_LINES));
describe("a target's file is refused", () => refusals(FILES, ["plan"]));
describe("a settings file is refused", () => refusals(CONFIGURATIONS, ["observe", "--config"]));

describe("where JSON was asked for", () => {
  const rows: readonly (readonly [line: string, code: string, says: RegExp])[] = [
    ["aply rotation -o json", "input.usage", /'aply'/],
    ["apply nowhere --yes --output=json", "input.file-missing", /nowhere/],
    ["observe --config list.yaml -ojson", "input.invalid", /list\.yaml/],
  ];
  it.concurrent.each(rows)("an error is one object on stdout, and the same exit code: %s", async (line, code, says) => {
    const ended = await farrier(line.split(" "));
    expect(ended.code).toBe(2);
    const { type, code: named, message, hint, ...rest } = JSON.parse(ended.stdout);
    expect({ type, named, rest }).toEqual({ type: "error", named: code, rest: {} });
    expect(message).toMatch(says);
    expect(ended.stderr).toContain(message);
    expect(ended.stderr).toContain(hint);
  });
});

it("where YAML was asked for, an error is a document, too", async () => {
  const ended = await farrier(["observe", "--config", "list.yaml", "-o", "yaml"]);
  expect(ended.code).toBe(2);
  expect(parse(ended.stdout)).toMatchObject({ type: "error", code: "input.invalid" });
});

describe("a person who does not know where to begin", () => {
  it.concurrent.each([[[]], [["ca"]]])("is shown the commands, and a script an error: farrier %j", async (args) => {
    const { code, stdout, stderr } = await farrier(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^Usage: farrier/);
  });
});
