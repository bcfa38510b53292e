/** The real `kubectl` on rollouts and logs: it must read the controllers' work as it reads Kubernetes' own. */
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { User } from "../../src/sandbox/api-server/authorization.ts";
import { listen } from "../../src/sandbox/api-server/https-front.ts";
import { kubeconfigText } from "../../src/sandbox/api-server/kubeconfig.ts";
import { createClusterAuthority } from "../../src/sandbox/api-server/serving-identity.ts";
import { HandHeld } from "./probe-program.ts";
import { deployment, TestCluster } from "./test-cluster.ts";

/** The program on the machine, not a dependency of the package. */
const COMMAND = "kubectl";

const administrator: User = { name: "somebody", groups: ["system:masters", "system:authenticated"] };
const isInstalled = spawnSync(COMMAND, ["version", "--client"]).status === 0;
if (!isInstalled)
  process.stderr.write("kubectl is not installed: its tests on the sandbox's controllers are left out\n");

describe.skipIf(!isInstalled)("kubectl", () => {
  const program = new HandHeld();
  let cluster: TestCluster;
  let directory: string;

  beforeAll(async () => {
    cluster = await TestCluster.start({ programs: { held: program.program } });
    directory = await mkdtemp(join(tmpdir(), "farrier-controllers-"));
    const identity = await createClusterAuthority({ name: "cluster", now: new Date() });
    const { url } = await listen(cluster.server, { identity });
    cluster.server.tokens.add("token-of-a-test", administrator);
    const credentials = { kind: "token", token: "token-of-a-test" } as const;
    const text = kubeconfigText([{ name: "cluster", server: url, caPem: identity.caPem, credentials }]);
    await writeFile(join(directory, "kubeconfig"), text);
    await writeFile(
      join(directory, "agent.json"),
      JSON.stringify(deployment({ name: "agent", image: "held:1", replicas: 2 })),
    );
  });

  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  async function kubectl(...command: string[]): Promise<string> {
    const environment = { ...process.env, KUBECONFIG: join(directory, "kubeconfig"), HOME: directory };
    const { stdout } = await promisify(execFile)(COMMAND, command, { env: environment, timeout: 120_000 });
    return stdout.trim();
  }

  test("applies a Deployment and waits for it", async () => {
    await kubectl("apply", "-f", join(directory, "agent.json"));
    expect(await kubectl("rollout", "status", "deployment/agent")).toContain(
      'deployment "agent" successfully rolled out',
    );
    expect(await kubectl("wait", "--for=condition=Available", "deployment/agent")).toContain("condition met");
    expect(await kubectl("get", "deployment", "agent", "--no-headers")).toMatch(/^agent\s+2\/2\s+2\s+2\s/);
    expect(await kubectl("get", "pods", "-l", "app=agent", "--no-headers")).toMatch(/1\/1\s+Running\s+0\s/);
  });

  test("restarts it, changes its environment, and goes back", async () => {
    await kubectl("rollout", "restart", "deployment/agent");
    expect(await kubectl("rollout", "status", "deployment/agent")).toContain("successfully rolled out");
    await kubectl("set", "env", "deployment/agent", "PIN=next");
    expect(await kubectl("rollout", "status", "deployment/agent")).toContain("successfully rolled out");
    expect((await cluster.pods()).filter((pod) => !pod.isTerminating).map((pod) => pod.env.PIN)).toEqual([
      "next",
      "next",
    ]);
    expect(await kubectl("rollout", "history", "deployment/agent")).toMatch(/1 .*\n2 .*\n3 /);
    await kubectl("rollout", "undo", "deployment/agent");
    expect(await kubectl("rollout", "status", "deployment/agent")).toContain("successfully rolled out");
    expect(await kubectl("rollout", "history", "deployment/agent")).toMatch(/1 .*\n3 .*\n4 /);
    await cluster.untilPods(
      "the old template",
      (pods) => pods.length === 2 && pods.every((pod) => !("PIN" in pod.env)),
    );
  });

  test("sees a rollout that is stuck", async () => {
    await kubectl("patch", "deployment", "agent", "-p", '{"spec":{"progressDeadlineSeconds":30}}');
    await kubectl("set", "image", "deployment/agent", "main=registry.example/missing:v1");
    await expect(kubectl("rollout", "status", "deployment/agent")).rejects.toThrow("exceeded its progress deadline");
    expect(await kubectl("get", "pods", "--no-headers")).toMatch(/0\/1\s+(ErrImagePull|ImagePullBackOff)\s/);
    await kubectl("rollout", "undo", "deployment/agent");
    expect(await kubectl("rollout", "status", "deployment/agent")).toContain("successfully rolled out");
  });

  test("reads the log of a container and of its run before", async () => {
    await kubectl("patch", "deployment", "agent", "-p", '{"spec":{"replicas":1}}');
    await cluster.untilPods("one pod", (pods) => pods.length === 1);
    const [pod] = await cluster.pods();
    const run = program.runs.find(({ context }) => context.pod.metadata.name === pod?.name);
    run?.context.log("does not match given --ca-checksum");
    run?.exit(1);
    await cluster.untilPods("restarted", ([each]) => each?.restarts === 1 && each.state.running !== undefined);
    program.runs.at(-1)?.context.log("connected");
    expect(await kubectl("logs", "deployment/agent")).toBe("connected");
    expect(await kubectl("logs", "-p", pod?.name ?? "")).toBe("does not match given --ca-checksum");
    await kubectl("delete", "pod", pod?.name ?? "");
    expect(await kubectl("rollout", "status", "deployment/agent")).toContain("successfully rolled out");
  });
});
