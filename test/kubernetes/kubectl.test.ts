/**
 * The real `kubectl`, unchanged, on the sandbox's API server: every command that people and documentation use on an
 * estate. What needs controllers (rollouts that end, logs of running pods) is shown with them.
 */

import { execFile, spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ApiServer } from "../../src/sandbox/api-server/api-server.ts";
import { ADMINISTRATOR } from "../../src/sandbox/api-server/authorization.ts";
import { listen } from "../../src/sandbox/api-server/https-front.ts";
import { kubeconfigText } from "../../src/sandbox/api-server/kubeconfig.ts";
import type { LogLine } from "../../src/sandbox/api-server/pod-logs.ts";
import { createClusterAuthority } from "../../src/sandbox/api-server/serving-identity.ts";
import { pathOf } from "./control-plane/binaries.ts";

/** The one that is installed, and the one that was built for the tests; each with its version. */
const commands = ["kubectl", pathOf("kubectl")].flatMap((program) => {
  const { status, stdout } = spawnSync(program, ["version", "--client", "--output=json"], { encoding: "utf8" });
  return status === 0 ? [{ program, version: String(JSON.parse(stdout).clientVersion.gitVersion) }] : [];
});
if (commands.length === 0)
  process.stderr.write("kubectl is not installed: its tests on the simulated API are left out\n");

const container = { name: "main", image: "example/agent:1", env: [{ name: "PIN", value: "now" }] };
const labels = { app: "agent" };
const agent = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "agent", labels },
  spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [container] } } },
};

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const tried = commands.length === 0 ? [{ program: "kubectl", version: "" }] : commands;

describe.skipIf(commands.length === 0).each(tried)("kubectl $version", ({ program, version }) => {
  // Its own version: it warns of servers that are two minor versions away.
  const server = new ApiServer({ kubernetesVersion: version.split("-")[0] ?? version });
  const logLines: LogLine[] = [];
  const followers = new Set<{ onLine: (line: LogLine) => void; onEnd: () => void }>();
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "farrier-kubectl-"));
    const authority = await createClusterAuthority({ name: "management", now: new Date() });
    const { url } = await listen(server, { identity: authority });
    const certificate = await authority.issueClient(ADMINISTRATOR);
    server.tokens.add("viewer-token", { name: "viewer", groups: [] });
    const credentials = { kind: "certificate", ...certificate } as const;
    const common = { server: url, caPem: authority.caPem };
    const text = kubeconfigText([
      { ...common, name: "management", credentials },
      { ...common, name: "viewer", credentials: { kind: "token", token: "viewer-token" } },
    ]);
    await writeFile(join(directory, "kubeconfig"), text);
    await write("agent.json", agent);
    server.setLogSource({
      read: () => logLines,
      follow: (_address, onLine, onEnd) => {
        const follower = { onLine, onEnd };
        followers.add(follower);
        return () => followers.delete(follower);
      },
    });
  });

  afterAll(async () => {
    server.stop();
    await rm(directory, { recursive: true });
  });

  const environment = () => ({ ...process.env, KUBECONFIG: join(directory, "kubeconfig"), HOME: directory });

  async function write(name: string, object: object): Promise<string> {
    const path = join(directory, name);
    await writeFile(path, JSON.stringify(object));
    return path;
  }

  async function attempt(...command: string[]): Promise<Result> {
    try {
      const { stdout, stderr } = await promisify(execFile)(program, command, { env: environment(), timeout: 120_000 });
      return { code: 0, stdout: stdout.trim(), stderr: stderr.trim() };
    } catch (error) {
      const { code, stdout = "", stderr = "" } = Object(error);
      return { code, stdout: stdout.trim(), stderr: stderr.trim() };
    }
  }

  /** What it prints; it must succeed and have nothing to warn of. */
  async function kubectl(...command: string[]): Promise<string> {
    const { code, stdout, stderr } = await attempt(...command);
    expect({ command, code, stderr }).toEqual({ command, code: 0, stderr: "" });
    return stdout;
  }

  /** Starts a command that goes on; resolves when its output so far is as wanted, and ends it. */
  function until(
    command: readonly string[],
    wanted: (output: string) => boolean,
    during: () => unknown,
  ): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = spawn(program, command, { env: environment() });
      let output = "";
      let started = false;
      child.stdout.on("data", (chunk) => {
        output += String(chunk);
        if (!started) {
          started = true;
          Promise.resolve(during()).catch(reject);
        }
        if (wanted(output)) child.kill();
      });
      child.on("error", reject);
      child.on("close", () => resolve(output));
    });
  }

  test("apply creates, changes by the three-way merge, and then has nothing to do", async () => {
    const path = join(directory, "agent.json");
    expect(await kubectl("apply", "-f", path)).toBe("deployment.apps/agent created");
    expect(await kubectl("apply", "-f", path)).toBe("deployment.apps/agent unchanged");
    await kubectl("set", "env", "deployment/agent", "MINE=kept");
    const changed = { ...container, env: [{ name: "PIN", value: "next" }] };
    const template = { metadata: { labels }, spec: { containers: [changed] } };
    const next = await write("next.json", { ...agent, spec: { ...agent.spec, template } });
    expect(await kubectl("apply", "-f", next)).toBe("deployment.apps/agent configured");
    expect(await environmentOf("agent")).toEqual([
      { name: "PIN", value: "next" },
      { name: "MINE", value: "kept" },
    ]);
    const version = await kubectl("get", "deployment", "agent", "-o", "jsonpath={.metadata.resourceVersion}");
    // Beside somebody else's list element, kubectl sends the order of its own each time: it changes nothing.
    expect(await kubectl("apply", "-f", next)).toBe("deployment.apps/agent configured");
    expect(await kubectl("get", "deployment", "agent", "-o", "jsonpath={.metadata.resourceVersion}")).toBe(version);
    expect(await kubectl("diff", "-f", next)).toBe("");
  });

  test("apply tells of a field that does not exist, and that server-side apply is not offered", async () => {
    const wrong = await write("wrong.json", { ...agent, spec: { ...agent.spec, minReadySecond: 3 } });
    const refused = await attempt("apply", "-f", wrong);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('unknown field "spec.minReadySecond"') });
    const serverSide = await attempt("apply", "--server-side", "-f", join(directory, "agent.json"));
    expect(serverSide.stderr).toContain("server-side apply is not supported by this API server");
  });

  test("create makes what the typed commands send", async () => {
    expect(await kubectl("create", "namespace", "cattle-system")).toBe("namespace/cattle-system created");
    expect(await kubectl("create", "configmap", "trust", "--from-literal=a=b")).toBe("configmap/trust created");
    await kubectl("create", "secret", "generic", "tls-ca", "-n", "cattle-system", "--from-literal=cacerts.pem=PEM");
    const data = await kubectl(
      "get",
      "secret",
      "tls-ca",
      "-n",
      "cattle-system",
      "-o",
      "jsonpath={.data.cacerts\\.pem}",
    );
    expect(Buffer.from(data, "base64").toString()).toBe("PEM");
    expect(await kubectl("create", "deployment", "other", "--image=example/other:1", "--replicas=0")).toContain(
      "created",
    );
    expect((await attempt("create", "namespace", "cattle-system")).stderr).toContain(
      'Error from server (AlreadyExists): namespaces "cattle-system" already exists',
    );
    expect(await kubectl("create", "configmap", "dry", "--from-literal=a=b", "--dry-run=server")).toContain(
      "(server dry run)",
    );
    expect((await attempt("get", "configmap", "dry")).stderr).toBe(
      'Error from server (NotFound): configmaps "dry" not found',
    );
  });

  test("get prints tables, YAML, and what selectors select", async () => {
    const table = await kubectl("get", "deployments");
    expect(table.split("\n").map((line) => line.split(/\s+/).slice(0, 4))).toEqual([
      ["NAME", "READY", "UP-TO-DATE", "AVAILABLE"],
      ["agent", "0/1", "0", "0"],
      ["other", "0/0", "0", "0"],
    ]);
    expect(await kubectl("get", "deploy", "-l", "app in (agent)", "-o", "name")).toBe("deployment.apps/agent");
    expect(await kubectl("get", "secrets", "-A", "--no-headers")).toMatch(
      /^cattle-system\s+tls-ca\s+Opaque\s+1\s+\d+s$/,
    );
    const yaml = await kubectl("get", "configmap", "trust", "-o", "yaml");
    expect(yaml).toContain("apiVersion: v1\ndata:\n  a: b\nkind: ConfigMap\n");
    expect(await attempt("get", "clusters.management.cattle.io")).toEqual({
      code: 0,
      stdout: "",
      stderr: "No resources found",
    });
  });

  test("get -w shows changes as they come", async () => {
    const output = await until(
      ["get", "configmap", "trust", "-w", "-o", 'jsonpath={.data.a}{"\\n"}'],
      (text) => text.includes("changed"),
      () => kubectl("patch", "configmap", "trust", "--type=merge", "-p", '{"data":{"a":"changed"}}'),
    );
    expect(output).toBe("b\nchanged\n");
  });

  test("patch: merge, strategic and JSON", async () => {
    expect(await kubectl("patch", "deployment", "agent", "-p", '{"spec":{"minReadySeconds":30}}')).toContain("patched");
    const strategic =
      '{"spec":{"template":{"spec":{"containers":[{"name":"main","env":[{"name":"PIN","value":"both"}]}]}}}}';
    await kubectl("patch", "deployment", "agent", "-p", strategic);
    expect(await environmentOf("agent")).toContainEqual({ name: "MINE", value: "kept" });
    const test = '[{"op":"test","path":"/spec/minReadySeconds","value":9}]';
    expect((await attempt("patch", "deployment", "agent", "--type=json", "-p", test)).stderr).toContain(
      "The request is invalid",
    );
    const replace = '[{"op":"replace","path":"/spec/minReadySeconds","value":0}]';
    expect(await kubectl("patch", "deployment", "agent", "--type=json", "-p", replace)).toContain("patched");
  });

  test("patch of a cluster's status: no change without --subresource=status (0a row 13)", async () => {
    const cluster = { apiVersion: "management.cattle.io/v3", kind: "Cluster", metadata: { name: "c-1" }, spec: {} };
    await kubectl("create", "-f", await write("cluster.json", cluster));
    const patch = [
      "patch",
      "clusters.management.cattle.io",
      "c-1",
      "--type=merge",
      "-p",
      '{"status":{"agentImage":"dummy"}}',
    ];
    expect(await kubectl(...patch)).toBe("cluster.management.cattle.io/c-1 patched (no change)");
    expect(await kubectl(...patch, "--subresource=status")).toBe("cluster.management.cattle.io/c-1 patched");
    expect(await kubectl("get", "clusters.management.cattle.io", "c-1", "-o", "jsonpath={.status.agentImage}")).toBe(
      "dummy",
    );
  });

  test("scale reads and writes the number of replicas", async () => {
    expect(await kubectl("scale", "deployment", "agent", "--replicas=3")).toBe("deployment.apps/agent scaled");
    expect(await kubectl("get", "deployment", "agent", "-o", "jsonpath={.spec.replicas}")).toBe("3");
    expect((await attempt("scale", "deployment", "agent", "--current-replicas=9", "--replicas=1")).stderr).toContain(
      "Expected replicas to be 9, was 3",
    );
  });

  test("label, annotate and set env", async () => {
    await kubectl("label", "deployment", "agent", "tier=edge");
    await kubectl("annotate", "deployment", "agent", "note=seen");
    await kubectl("set", "env", "deployment/agent", "CATTLE_CA_CHECKSUM=abc", "MINE-");
    const made = JSON.parse(await kubectl("get", "deployment", "agent", "-o", "json"));
    expect(made.metadata.labels).toEqual({ app: "agent", tier: "edge" });
    expect(made.metadata.annotations.note).toBe("seen");
    expect(await kubectl("set", "env", "deployment/agent", "--list")).toContain("CATTLE_CA_CHECKSUM=abc");
    expect((await environmentOf("agent")).map((each) => each.name)).toEqual(["PIN", "CATTLE_CA_CHECKSUM"]);
  });

  test("rollout: restart marks the template, history reads the revisions, status waits", async () => {
    expect(await kubectl("rollout", "restart", "deployment/agent")).toBe("deployment.apps/agent restarted");
    const path = "jsonpath={.spec.template.metadata.annotations}";
    expect(await kubectl("get", "deployment", "agent", "-o", path)).toContain("kubectl.kubernetes.io/restartedAt");
    expect(await kubectl("rollout", "history", "deployment/agent")).toContain("No rollout history found");
    const waiting = await attempt("rollout", "status", "deployment/agent", "--timeout=5s");
    expect(waiting.stdout).toContain("Waiting for deployment spec update to be observed");
    expect(waiting.stderr).toContain("timed out waiting for the condition");
  });

  test("logs prints what there is, the end of it, and follows", async () => {
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "one" }, spec: { containers: [container] } };
    await kubectl("create", "-f", await write("pod.json", pod));
    logLines.push(line("first"), line("second"));
    expect(await kubectl("logs", "one")).toBe("first\nsecond");
    expect(await kubectl("logs", "one", "--tail=1")).toBe("second");
    expect(await kubectl("logs", "one", "--timestamps", "--tail=1")).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z second$/);
    expect((await attempt("logs", "one", "-c", "none")).stderr).toContain("container none is not valid for pod one");
    const output = await until(
      ["logs", "one", "-f"],
      () => false,
      () => {
        for (const { onLine, onEnd } of followers) {
          onLine(line("third"));
          onEnd();
        }
      },
    );
    expect(output).toBe("first\nsecond\nthird\n");
  });

  test("exec runs a program in a container, and says how it failed", async () => {
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "shell" }, spec: { containers: [container] } };
    await kubectl("create", "-f", await write("shell.json", pod));
    expect(await kubectl("exec", "shell", "--", "echo", "one", "two")).toBe("one two");
    expect(await attempt("exec", "shell", "--", "false")).toMatchObject({ code: 1 });
    expect((await attempt("exec", "shell", "--", "vi")).stderr).toContain("executable file not found in $PATH");
    expect((await attempt("exec", "shell", "-c", "none", "--", "echo")).stderr).toContain("none");
  });

  test("wait and delete", async () => {
    expect(await kubectl("wait", "--for=jsonpath={.status.phase}=Active", "namespace/cattle-system")).toContain(
      "condition met",
    );
    const late = await attempt("wait", "--for=condition=Available", "deployment/agent", "--timeout=5s");
    expect(late.stderr).toContain("timed out waiting for the condition");
    expect(await kubectl("delete", "deployment", "agent", "other")).toContain('deployment.apps "agent" deleted');
    expect(await kubectl("delete", "namespace", "cattle-system")).toContain("deleted");
    expect((await attempt("get", "secret", "tls-ca", "-n", "cattle-system")).stderr).toContain("NotFound");
    expect(await kubectl("delete", "configmap", "none", "--ignore-not-found")).toBe("");
  });

  test("auth can-i and whoami know the account", async () => {
    server.access.grant({ kind: "user", name: "viewer" }, [
      { verbs: ["get", "list"], apiGroups: [""], resources: ["configmaps"] },
    ]);
    expect(await kubectl("auth", "can-i", "patch", "deployments.apps")).toBe("yes");
    const asViewer = ["--context", "viewer"];
    expect(await kubectl("auth", "can-i", "list", "configmaps", ...asViewer)).toBe("yes");
    expect(await attempt("auth", "can-i", "delete", "configmaps", ...asViewer)).toMatchObject({
      code: 1,
      stdout: "no",
    });
    expect(await kubectl("auth", "whoami", ...asViewer)).toMatch(/Username\s+viewer/);
    expect((await attempt("delete", "configmap", "trust", ...asViewer)).stderr).toContain(
      'User "viewer" cannot delete resource "configmaps" in API group "" in the namespace "default"',
    );
  });

  test("explain, api-resources and version read what the server publishes", async () => {
    expect(await kubectl("explain", "deployment.spec.template.spec.containers.env")).toContain("valueFrom");
    expect(await kubectl("api-resources", "--api-group=management.cattle.io", "-o", "name")).toContain(
      "settings.management.cattle.io",
    );
    expect(await kubectl("version")).toContain(`Server Version: ${server.kubernetesVersion}`);
  });

  async function environmentOf(name: string): Promise<{ name: string; value: string }[]> {
    return JSON.parse(
      await kubectl("get", "deployment", name, "-o", "jsonpath={.spec.template.spec.containers[0].env}"),
    );
  }
});

function line(text: string): LogLine {
  return { at: new Date(), text };
}
