import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadSettings } from "./settings.ts";

let folder: string;
let config: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-settings-"));
  config = join(folder, "farrier.yaml");
});
afterAll(() => rm(folder, { recursive: true }));

const CREDENTIALS = "https://ann:hunter2@charts.example.com/rancher-2.15.1.tgz";

describe("the chart that a person names", () => {
  const rows: [string, string, (at: string) => string][] = [
    ["a file beside farrier.yaml", "charts/rancher-2.15.1.tgz", (at) => join(at, "charts/rancher-2.15.1.tgz")],
    ["a directory beside it", "./charts/rancher", (at) => join(at, "charts/rancher")],
    ["an absolute path", "/srv/rancher-2.15.1.tgz", () => "/srv/rancher-2.15.1.tgz"],
    ["one of a repository", "rancher-prime/rancher", () => "rancher-prime/rancher"],
    ["a URL", "https://charts.example.com/rancher-2.15.1.tgz", () => "https://charts.example.com/rancher-2.15.1.tgz"],
    ["one of a registry", "oci://registry.example.com/rancher", () => "oci://registry.example.com/rancher"],
  ];
  test.each(rows)("is %s", async (_, chart, found) => {
    await writeFile(config, `chart: ${chart}\n`);
    expect((await loadSettings({ config }, {})).chart).toBe(found(folder));
  });

  const places: [string, () => Promise<unknown>][] = [
    ["a flag", () => loadSettings({ config, chart: CREDENTIALS }, {})],
    ["the environment", () => loadSettings({ config }, { FARRIER_CHART: CREDENTIALS })],
    ["the file", () => writeFile(config, `chart: ${CREDENTIALS}\n`).then(() => loadSettings({ config }, {}))],
  ];
  test.each(places)(
    "is refused with credentials in its URL, and they are not repeated, when it comes from %s",
    async (_, load) => {
      await writeFile(config, "context: management\n");
      const error: unknown = await load().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ code: "input.invalid", message: "The chart's URL holds credentials." });
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("hunter2");
    },
  );
});

const NAMES = {
  kubeconfig: "FARRIER_KUBECONFIG",
  context: "FARRIER_CONTEXT",
  server: "FARRIER_SERVER",
  tokenFile: "FARRIER_TOKEN_FILE",
  helm: "FARRIER_HELM",
  chart: "FARRIER_CHART",
} as const;

describe("a setting", () => {
  const name = (value: string): string => `https://${value}.example.test`;
  test.each(Object.entries(NAMES))(
    "%s comes from its flag, then from %s, then from the file",
    async (key, variable) => {
      await writeFile(config, `${key}: ${name("file")}\n`);
      const from = async (flags: object, environment: Record<string, string>) => {
        const found: Record<string, unknown> = { ...(await loadSettings({ config, ...flags }, environment)) };
        return found[key];
      };
      expect(await from({ [key]: name("flag") }, { [variable]: name("environment") })).toBe(name("flag"));
      expect(await from({}, { [variable]: name("environment") })).toBe(name("environment"));
      // A path in the file is relative to the file; such a text is one for a kubeconfig.
      expect(await from({}, {})).toMatch(/https:\/+file\.example\.test$/);
    },
  );

  const container = { managementContainer: { name: "rancher" } };
  const named = { kubeconfig: "/named" };
  test.each<[string, object, Record<string, string>, object]>([
    ["the file's, before kubectl's own variable", {}, { KUBECONFIG: "/kubectl's" }, container],
    ["the flag's", { managementContainer: { name: "other" } }, {}, { managementContainer: { name: "other" } }],
    ["the flag's, before a kubeconfig of the environment", container, { FARRIER_KUBECONFIG: "/named" }, container],
    ["none, where a flag names a kubeconfig", named, {}, named],
    ["none, where the environment names a kubeconfig", {}, { FARRIER_KUBECONFIG: "/named" }, named],
  ])("the management container is %s", async (_, flags, environment, expected) => {
    await writeFile(config, "managementContainer: { name: rancher }\n");
    expect(await loadSettings({ config, ...flags }, environment)).toEqual(expected);
  });

  test("kubectl's own variable is the last that is looked at for a kubeconfig", async () => {
    await writeFile(config, "kubeconfig: /from/file\n");
    expect((await loadSettings({ config }, { KUBECONFIG: "/kubectl's" })).kubeconfig).toBe("/from/file");
    await writeFile(config, "# nothing yet\n");
    expect((await loadSettings({ config }, { KUBECONFIG: "/kubectl's" })).kubeconfig).toBe("/kubectl's");
  });

  test("is read from the file that a flag names, then from the one of the environment", async () => {
    const other = join(folder, "other.yaml");
    await writeFile(config, "context: flag\n");
    await writeFile(other, "context: environment\n");
    expect((await loadSettings({ config }, { FARRIER_CONFIG: other })).context).toBe("flag");
    expect((await loadSettings({}, { FARRIER_CONFIG: other })).context).toBe("environment");
  });

  test("is none where the file is empty and nothing else is said", async () => {
    await writeFile(config, "# nothing yet\n");
    expect(await loadSettings({ config }, {})).toEqual({});
  });
});

describe("a path in the file", () => {
  test("is relative to the file, for every file that it names on this machine, and for none on another", async () => {
    await writeFile(
      config,
      [
        "kubeconfig: a",
        "tokenFile: ./b",
        "identityFile: ../c",
        "helm: bin/helm",
        "clusters:",
        "  paris: { kubeconfig: d, ssh: { host: node, key: e, config: f, kubeconfig: etc/on-the-node } }",
        "  oslo: { kubeconfig: /abs/d, ssh: { host: node } }",
        "  lima: { method: redeploy }",
      ].join("\n"),
    );
    expect(await loadSettings({ config }, {})).toEqual({
      kubeconfig: join(folder, "a"),
      tokenFile: join(folder, "b"),
      identityFile: join(folder, "../c"),
      helm: join(folder, "bin/helm"),
      clusters: {
        paris: {
          kubeconfig: join(folder, "d"),
          ssh: { host: "node", key: join(folder, "e"), config: join(folder, "f"), kubeconfig: "etc/on-the-node" },
        },
        oslo: { kubeconfig: "/abs/d", ssh: { host: "node" } },
        lima: { method: "redeploy" },
      },
    });
  });

  test("is relative to the file for the engine's SSH configuration, too", async () => {
    await writeFile(config, "managementContainer: { name: rancher, engineSocket: /s, sshConfig: g }\n");
    const expected = { name: "rancher", engineSocket: "/s", sshConfig: join(folder, "g") };
    expect(await loadSettings({ config }, {})).toEqual({ managementContainer: expected });
  });

  test("is none where it is a program's name", async () => {
    await writeFile(config, "helm: helm4\n");
    expect((await loadSettings({ config }, {})).helm).toBe("helm4");
  });
});

describe("what ssh could take for an option, or for more than one word, is refused", () => {
  const good = ["node-1", "10.0.0.5", "fd00::5", "fe80::1%eth0", "_node"];
  test.each(good)("a host is %s", async (host) => {
    await writeFile(config, `clusters: { paris: { ssh: { host: "${host}" } } }\n`);
    expect((await loadSettings({ config }, {})).clusters?.paris?.ssh?.host).toBe(host);
  });

  const bad: [string, string, string][] = [
    ["a host that is an option", "host: -oProxyCommand=id", "host: must be a host name or address"],
    ["a host of two words", 'host: "node -oProxyCommand=id"', "host: must be a host name or address"],
    ["a host with a line more", 'host: "node\\nProxyCommand id"', "host: must be a host name or address"],
    ["a host that runs something", 'host: "$(id)"', "host: must be a host name or address"],
    ["no host", 'host: ""', "host: must be a host name or address"],
    ["a user that is an option", "host: node, user: -oProxyCommand=id", "user: must be a user's name"],
    ["a user of two words", 'host: node, user: "root id"', "user: must be a user's name"],
    ["a jump host that is an option", "host: node, jump: -oProxyCommand=id", "jump: must be [user@]host[:port]"],
    ["a jump host that runs something", 'host: node, jump: "gate;id"', "jump: must be [user@]host[:port]"],
  ];
  test.each(bad)("%s", async (_, ssh, says) => {
    await writeFile(config, `clusters: { paris: { ssh: { ${ssh} } } }\n`);
    await expect(loadSettings({ config }, {})).rejects.toMatchObject({
      code: "input.invalid",
      exitCode: 2,
      message: `${config} is not valid: clusters.paris.ssh.${says}.`,
    });
  });
});

describe("a file that is none", () => {
  const secret = "token-abcde:planted4711";
  const rows: [string, string, RegExp][] = [
    [
      "is told by the line, whose words are not repeated",
      `context: a\nx: [${secret}\n`,
      /is not valid YAML: see its line \d\.$/,
    ],
    ["is told the setting that there is not", "servr: x\n", /is not valid: the file: there is no setting "servr"\.$/],
    [
      "is told which kind it wants",
      "kubeconfig: 5\nclusters: 7\n",
      /: kubeconfig: must be text; clusters: must be settings by name\.$/,
    ],
    [
      "is told how large a number must be",
      "waves: { size: 0 }\nhorizonDays: 1.5\n",
      /: horizonDays: must be a whole number; waves\.size: must be at least 1\.$/,
    ],
    ["is told as a whole where it is a list", `- ${secret}\n`, /is not valid: the file: /],
    [
      "is told by all that is wrong with it",
      "rest: soon\nserver: x\n",
      /server: .*; rest: must be a number of seconds from 0/,
    ],
  ];
  test.each(rows)("%s", async (_, text, says) => {
    await writeFile(config, text);
    const error: unknown = await loadSettings({ config }, {}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "input.invalid", exitCode: 2, message: expect.stringMatching(says) });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("planted4711");
  });
});
