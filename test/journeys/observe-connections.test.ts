import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { FarrierError } from "../../src/errors.ts";
import { openWorld, type WorldOptions } from "../../src/observe/world.ts";
import { Secret } from "../../src/pki/secret.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { startScriptedServer } from "../helpers/scripted-server.ts";

const CANARY = "planted-canary-4711";
let sandbox: Sandbox;
let directory: string;

beforeAll(async () => {
  sandbox = await startSandbox({ clusters: 1 });
  directory = await mkdtemp(join(tmpdir(), "farrier-connections-"));
});

afterAll(async () => {
  await sandbox?.stop();
  if (directory !== undefined) await rm(directory, { recursive: true });
});

interface Kubeconfig {
  clusters: { name: string; cluster: Record<string, unknown> }[];
  users: { name: string; user: Record<string, unknown> }[];
}

/** The management kubeconfig with one thing changed; a text is written as it is. */
async function written(change: string | ((config: Kubeconfig) => void)): Promise<string> {
  const file = join(directory, "kubeconfig");
  if (typeof change === "string") {
    await writeFile(file, change);
    return file;
  }
  const config: Kubeconfig = parse(sandbox.managementKubeconfig);
  change(config);
  await writeFile(file, stringify(config));
  return file;
}

const cluster = (change: Record<string, unknown>) => (config: Kubeconfig) => {
  for (const one of config.clusters) Object.assign(one.cluster, change);
};
const user = (replacement: Record<string, unknown>) => (config: Kubeconfig) => {
  for (const one of config.users) one.user = replacement;
};

async function plugin(script: string): Promise<Record<string, unknown>> {
  const file = join(directory, "plugin.sh");
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return { exec: { apiVersion: "client.authentication.k8s.io/v1", command: file, args: [], interactiveMode: "Never" } };
}

async function failure(options: Omit<WorldOptions, "token">): Promise<FarrierError> {
  const error = await openWorld({ ...options, token: Secret.of(sandbox.token) }).then(
    async (world) => {
      await world.close();
      return undefined;
    },
    (reason: unknown) => reason,
  );
  if (!(error instanceof FarrierError)) throw new Error(`expected a FarrierError, got ${String(error)}`);
  return error;
}

interface Row {
  readonly name: string;
  readonly options: () => Promise<Omit<WorldOptions, "token">>;
  readonly code: string;
  readonly exit: number;
  readonly says: RegExp;
}

const kubeconfigOf = (change: string | ((config: Kubeconfig) => void)) => async () => ({
  kubeconfig: await written(change),
});

const rows: readonly Row[] = [
  {
    name: "a file that is not there",
    options: async () => ({ kubeconfig: join(directory, "none") }),
    code: "input.file-missing",
    exit: 2,
    says: /none does not exist/,
  },
  {
    name: "a directory",
    options: async () => ({ kubeconfig: directory }),
    code: "input.file-unreadable",
    exit: 2,
    says: /cannot be read/,
  },
  { name: "an empty file", options: kubeconfigOf(""), code: "input.file-empty", exit: 2, says: /is empty/ },
  {
    name: "a file that is no YAML",
    options: kubeconfigOf(`{"token: ${CANARY}`),
    code: "kubeconfig.invalid",
    exit: 2,
    says: /is not a kubeconfig/,
  },
  {
    name: "a file of another kind",
    options: kubeconfigOf("apiVersion: v1\nkind: Secret\n"),
    code: "kubeconfig.invalid",
    exit: 2,
    says: /is not a kubeconfig/,
  },
  {
    name: "binary garbage",
    options: kubeconfigOf("\u0000\u0001\u0002garbage"),
    code: "kubeconfig.invalid",
    exit: 2,
    says: /is not a kubeconfig/,
  },
  {
    name: "a context that is not in it",
    options: async () => ({ kubeconfig: await written(() => undefined), context: "prod" }),
    code: "kubeconfig.context",
    exit: 2,
    says: /no context "prod"/,
  },
  {
    name: "verification turned off",
    options: kubeconfigOf(cluster({ "insecure-skip-tls-verify": true })),
    code: "kubeconfig.insecure",
    exit: 2,
    says: /turns off TLS verification/,
  },
  {
    name: "a server without TLS",
    options: kubeconfigOf(cluster({ server: "http://127.0.0.1:8001" })),
    code: "kubeconfig.insecure",
    exit: 2,
    says: /without TLS/,
  },
  {
    name: "a server that is no URL",
    options: kubeconfigOf(cluster({ server: "management" })),
    code: "kubeconfig.invalid",
    exit: 2,
    says: /not a URL/,
  },
  {
    name: "a closed port",
    options: kubeconfigOf(cluster({ server: "https://127.0.0.1:1" })),
    code: "api.unreachable",
    exit: 1,
    says: /could not be reached \(ECONNREFUSED\)/,
  },
  {
    name: "a name that does not resolve",
    options: kubeconfigOf(cluster({ server: "https://nowhere.invalid" })),
    code: "api.unreachable",
    exit: 1,
    says: /could not be reached/,
  },
  {
    name: "another CA",
    options: async () => {
      const other = await sandbox.pki.newAuthority("Other");
      const data = Buffer.from(other.bundle).toString("base64");
      return { kubeconfig: await written(cluster({ "certificate-authority-data": data })) };
    },
    code: "api.untrusted",
    exit: 1,
    says: /certificate that is not trusted/,
  },
  {
    name: "a wrong or expired token",
    options: kubeconfigOf(user({ token: CANARY })),
    code: "api.unauthorized",
    exit: 2,
    says: /401 \(Unauthorized\)/,
  },
  {
    name: "an account without rights",
    options: async () => {
      sandbox.managementServer.tokens.add("nobodys-token", { name: "nobody", groups: ["system:authenticated"] });
      return { kubeconfig: await written(user({ token: "nobodys-token" })) };
    },
    code: "api.forbidden",
    exit: 1,
    says: /403 \(Forbidden\) to: read namespaces\/kube-system.*nobody/,
  },
  {
    name: "a client key that is garbage",
    options: kubeconfigOf(user({ "client-certificate-data": "Z2FyYmFnZQ==", "client-key-data": "Z2FyYmFnZQ==" })),
    code: "kubeconfig.credentials",
    exit: 2,
    says: /cannot be read/,
  },
  {
    name: "a CA that is garbage",
    options: kubeconfigOf(cluster({ "certificate-authority-data": "Z2FyYmFnZQ==" })),
    code: "kubeconfig.credentials",
    exit: 2,
    says: /cannot be read/,
  },
  {
    name: "a plugin that is not installed",
    options: kubeconfigOf(
      user({ exec: { apiVersion: "client.authentication.k8s.io/v1", command: "no-such-plugin", args: [] } }),
    ),
    code: "kubeconfig.credentials",
    exit: 2,
    says: /plugin "no-such-plugin" is not installed here/,
  },
  {
    name: "a plugin that fails",
    options: async () => ({ kubeconfig: await written(user(await plugin(`echo ${CANARY} >&2; exit 1`))) }),
    code: "kubeconfig.credentials",
    exit: 2,
    says: /plugin ".*plugin.sh" failed/,
  },
  {
    name: "a plugin that answers with something else",
    options: async () => ({ kubeconfig: await written(user(await plugin(`echo please log in with ${CANARY}`))) }),
    code: "kubeconfig.credentials",
    exit: 2,
    says: /did not answer with credentials/,
  },
  {
    name: "a cluster that runs no Rancher",
    options: downstreamKubeconfig,
    code: "rancher.not-found",
    exit: 2,
    says: /Rancher/,
  },
  {
    name: "Rancher's URL without TLS",
    options: async () => ({ kubeconfig: await written(() => undefined), server: "http://localhost" }),
    code: "input.invalid",
    exit: 2,
    says: /^"http:\/\/localhost" cannot be Rancher's URL: it does not begin with https:\/\/\.$/,
  },
  ...["localhost.example", "https://[::1", "https://"].map((server) => ({
    name: `Rancher's URL as ${server}`,
    options: async () => ({ kubeconfig: await written(() => undefined), server }),
    code: "input.invalid",
    exit: 2,
    says: /cannot be Rancher's URL: it is no URL\.$/,
  })),
];

async function downstreamKubeconfig(): Promise<Omit<WorldOptions, "token">> {
  return { kubeconfig: await written(sandbox.clusters[0]?.kubeconfig ?? "") };
}

describe("a connection to the management cluster", () => {
  it.each(rows)("with $name is refused with one sentence", async ({ options, code, exit, says }) => {
    const error = await failure(await options());
    expect({ code: error.code, exit: error.exitCode }).toEqual({ code, exit });
    expect(error.message).toMatch(says);
    expect(error.hint.length).toBeGreaterThan(10);
    expect(`${error.message}${error.stack}${String(error.cause)}`).not.toContain(CANARY);
  });
});

describe("a connection to Rancher", () => {
  it("is refused when another kind of server answers there", async () => {
    const issued = await sandbox.pki.today.issue();
    const answers = [
      { status: 200, body: "<html>Welcome</html>" },
      { status: 404, body: '{"message":"no such page"}' },
      { status: 200, body: '{"hello":"world"}' },
    ];
    for (const { status, body } of answers) {
      const server = await startScriptedServer((_, response) => response.writeHead(status).end(body), { issued });
      try {
        const error = await failure({ kubeconfig: await written(() => undefined), server: server.origin });
        expect({ code: error.code, exit: error.exitCode }).toEqual({ code: "rancher.not-a-rancher", exit: 2 });
      } finally {
        await server.stop();
      }
    }
  });

  it("never sends the token to a server whose certificate today's bundle does not accept", async () => {
    const seen: (string | undefined)[] = [];
    const server = await startScriptedServer((request, response) => {
      seen.push(request.headers.authorization);
      response.end("{}");
    });
    try {
      const world = await openWorld({
        kubeconfig: await written(() => undefined),
        server: server.origin,
        token: Secret.of(sandbox.token),
      });
      await expect(world.rancher.tokenFacts()).rejects.toMatchObject({ code: "api.untrusted" });
      await world.close();
      expect(seen).toEqual([]);
    } finally {
      await server.stop();
    }
  });

  it("through Rancher itself is noticed", async () => {
    const ca = Buffer.from(sandbox.pki.today.bundle).toString("base64");
    const file = await written((config) => {
      cluster({ server: `${sandbox.serverUrl}/k8s/clusters/local`, "certificate-authority-data": ca })(config);
      user({ token: sandbox.token })(config);
    });
    const world = await openWorld({ kubeconfig: file, token: Secret.of(sandbox.token) });
    expect(world.throughRancher).toBe(true);
    await world.close();
  });
});
